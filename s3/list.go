package s3

import (
	"context"
	"time"
)

// ListObjectsRequest lists a bucket by the older of the two protocols. Prefer ListObjectsV2.
type ListObjectsRequest struct {
	Bucket    string `path:"bucket"`
	Prefix    string `query:"prefix"`
	Delimiter string `query:"delimiter"` // keys that share what precedes it become one common prefix
	Marker    string `query:"marker"`    // exclusive
	MaxKeys   int    `query:"max-keys"`  // 1–1000; if zero, 1000
}

// ListObjectsResponse is one page. Keys and prefixes are as stored, not percent-encoded.
type ListObjectsResponse struct {
	Name           string
	Prefix         string
	Delimiter      string
	Marker         string
	NextMarker     string // what to pass as Marker for the next page; set whenever IsTruncated
	MaxKeys        int
	IsTruncated    bool
	Contents       []Object
	CommonPrefixes []string

	KeyProtectEnabled    bool   `header:"ibm-sse-kp-enabled"` // the bucket is encrypted under a root key
	KeyProtectRootKeyCRN string `header:"ibm-sse-kp-crk-id"`
}

// ListObjects lists one page of a bucket.
func (c *Client) ListObjects(ctx context.Context, r *ListObjectsRequest) (*ListObjectsResponse, error) {
	return call[ListObjectsResponse](ctx, c, operation{name: "ListObjects", method: "GET", query: "encoding-type=url"}, r)
}

// ListObjectsV2Request lists a bucket.
type ListObjectsV2Request struct {
	Bucket            string `path:"bucket"`
	Prefix            string `query:"prefix"`
	Delimiter         string `query:"delimiter"`          // keys that share what precedes it become one common prefix
	StartAfter        string `query:"start-after"`        // exclusive; ignored with ContinuationToken
	ContinuationToken string `query:"continuation-token"` // NextContinuationToken of the page before
	MaxKeys           int    `query:"max-keys"`           // 1–1000; if zero, 1000
	FetchOwner        bool   `query:"fetch-owner"`
}

// ListObjectsV2Response is one page. Keys and prefixes are as stored, not percent-encoded.
type ListObjectsV2Response struct {
	Name                  string
	Prefix                string
	Delimiter             string
	StartAfter            string
	ContinuationToken     string
	NextContinuationToken string // empty on the last page
	KeyCount              int
	MaxKeys               int
	IsTruncated           bool
	Contents              []Object
	CommonPrefixes        []string
}

// ListObjectsV2 lists one page of a bucket.
func (c *Client) ListObjectsV2(ctx context.Context, r *ListObjectsV2Request) (*ListObjectsV2Response, error) {
	return call[ListObjectsV2Response](ctx, c, operation{name: "ListObjectsV2", method: "GET", query: "list-type=2&encoding-type=url"}, r)
}

// ListObjectsV2Into is ListObjectsV2 for those who list millions of keys: it uses the memory of
// out.Contents again, so entries of the page before are overwritten. All else in
// out is set anew. This is a low-level function that most users won't need.
func (c *Client) ListObjectsV2Into(ctx context.Context, r *ListObjectsV2Request, out *ListObjectsV2Response) error {
	*out = ListObjectsV2Response{Contents: out.Contents[:0]}
	return c.call(ctx, &exchange{op: operation{name: "ListObjectsV2", method: "GET", query: "list-type=2&encoding-type=url"}}, r, out)
}

// ListObjectVersionsRequest lists the versions of the objects of a bucket.
type ListObjectVersionsRequest struct {
	Bucket          string `path:"bucket"`
	Prefix          string `query:"prefix"`
	Delimiter       string `query:"delimiter"`
	KeyMarker       string `query:"key-marker"`
	VersionIDMarker string `query:"version-id-marker"`
	MaxKeys         int    `query:"max-keys"` // 1–1000; if zero, 1000
}

// ListObjectVersionsResponse is one page.
type ListObjectVersionsResponse struct {
	Name                string
	Prefix              string
	Delimiter           string
	KeyMarker           string
	VersionIDMarker     string
	NextKeyMarker       string
	NextVersionIDMarker string
	MaxKeys             int
	IsTruncated         bool
	Versions            []ObjectVersion // versions and delete markers, in the order of the service
	CommonPrefixes      []string
}

// ListObjectVersions lists one page of the versions in a bucket.
func (c *Client) ListObjectVersions(ctx context.Context, r *ListObjectVersionsRequest) (*ListObjectVersionsResponse, error) {
	return call[ListObjectVersionsResponse](ctx, c, operation{name: "ListObjectVersions", method: "GET", query: "versions&encoding-type=url"}, r)
}

// ListMultipartUploadsRequest lists the uploads in progress.
type ListMultipartUploadsRequest struct {
	Bucket         string `path:"bucket"`
	Prefix         string `query:"prefix"`
	Delimiter      string `query:"delimiter"`
	KeyMarker      string `query:"key-marker"`
	UploadIDMarker string `query:"upload-id-marker"`
	MaxUploads     int    `query:"max-uploads"` // 1–1000; if zero, 1000
}

// ListMultipartUploadsResponse is one page.
type ListMultipartUploadsResponse struct {
	Bucket             string
	Prefix             string
	Delimiter          string
	KeyMarker          string
	UploadIDMarker     string
	NextKeyMarker      string
	NextUploadIDMarker string
	MaxUploads         int
	IsTruncated        bool
	Uploads            []Upload
	CommonPrefixes     []string
}

// ListMultipartUploads lists one page of the uploads in progress in a bucket.
func (c *Client) ListMultipartUploads(ctx context.Context, r *ListMultipartUploadsRequest) (*ListMultipartUploadsResponse, error) {
	return call[ListMultipartUploadsResponse](ctx, c, operation{name: "ListMultipartUploads", method: "GET", query: "uploads&encoding-type=url"}, r)
}

// ListPartsRequest lists the parts of an upload in progress.
type ListPartsRequest struct {
	Bucket           string `path:"bucket"`
	Key              string `path:"key"`
	UploadID         string `query:"uploadId" need:"true"`
	PartNumberMarker int    `query:"part-number-marker"` // exclusive
	MaxParts         int    `query:"max-parts"`          // 1–1000; if zero, 1000
}

// ListPartsResponse is one page.
type ListPartsResponse struct {
	Bucket               string
	Key                  string
	UploadID             string
	Owner                Owner
	Initiator            Owner
	StorageClass         string
	PartNumberMarker     int
	NextPartNumberMarker int
	MaxParts             int
	IsTruncated          bool
	Parts                []Part

	AbortDate   time.Time `header:"x-amz-abort-date"` // when a lifecycle rule aborts it; zero for never
	AbortRuleID string    `header:"x-amz-abort-rule-id"`
}

// ListParts lists one page of the parts of an upload in progress.
func (c *Client) ListParts(ctx context.Context, r *ListPartsRequest) (*ListPartsResponse, error) {
	return call[ListPartsResponse](ctx, c, operation{name: "ListParts", method: "GET"}, r)
}
