package s3

import (
	"context"
	"time"
)

// ListBucketsRequest lists every bucket of a service instance.
type ListBucketsRequest struct {
	InstanceID string `header:"ibm-service-instance-id"` // CRN or UUID; if empty, Config.InstanceID
}

// ListBucketsResponse is the whole list, in one answer.
type ListBucketsResponse struct {
	Owner   Owner
	Buckets []BucketInfo
}

// BucketInfo is one bucket of a list.
type BucketInfo struct {
	Name               string
	CreationDate       time.Time
	LocationConstraint string // ListBucketsExtended only
	CreationTemplateID string // ListBucketsExtended only
}

// ListBuckets lists the buckets of a service instance.
func (c *Client) ListBuckets(ctx context.Context, r *ListBucketsRequest) (*ListBucketsResponse, error) {
	return call[ListBucketsResponse](ctx, c, operation{name: "ListBuckets", method: "GET", flags: instance}, r)
}

// ListBucketsExtendedRequest lists buckets in pages, with where they are.
type ListBucketsExtendedRequest struct {
	InstanceID string `header:"ibm-service-instance-id"` // CRN or UUID; if empty, Config.InstanceID
	Prefix     string `query:"prefix"`
	Marker     string `query:"marker"`   // exclusive
	MaxKeys    int    `query:"max-keys"` // 1–1000; if zero, the service's default
}

// ListBucketsExtendedResponse is one page.
type ListBucketsExtendedResponse struct {
	Owner       Owner
	Buckets     []BucketInfo
	Prefix      string
	Marker      string
	NextMarker  string // what to pass as Marker for the next page; set whenever IsTruncated
	MaxKeys     int
	IsTruncated bool
}

// ListBucketsExtended lists buckets in pages, with their location. It is an
// operation of IBM Cloud Object Storage that other S3 stores do not have.
func (c *Client) ListBucketsExtended(ctx context.Context, r *ListBucketsExtendedRequest) (*ListBucketsExtendedResponse, error) {
	return call[ListBucketsExtendedResponse](ctx, c, operation{name: "ListBucketsExtended", method: "GET", query: "extended", flags: instance}, r)
}

// CreateBucketRequest makes a bucket. Bucket names are shared by all users of the service.
type CreateBucketRequest struct {
	Bucket             string `path:"bucket"`
	InstanceID         string `header:"ibm-service-instance-id"` // CRN or UUID; if empty, Config.InstanceID
	ACL                string `header:"x-amz-acl"`               // "private" or "public-read"; if empty, private
	LocationConstraint string // such as "us-south-standard"; if empty, the standard class of the endpoint

	// KeyProtectAlgorithm and KeyProtectRootKeyCRN encrypt the bucket under a root key.
	KeyProtectAlgorithm  string `header:"ibm-sse-kp-encryption-algorithm"` // "AES256"
	KeyProtectRootKeyCRN string `header:"ibm-sse-kp-customer-root-key-crn"`

	// ObjectLockEnabled turns object lock on, and versioning with it.
	ObjectLockEnabled bool `header:"x-amz-bucket-object-lock-enabled"`
}

// CreateBucketResponse says where the bucket is.
type CreateBucketResponse struct {
	Location string `header:"Location"`
}

// CreateBucket makes a bucket. An existing name gives an error that is fs.ErrExist.
func (c *Client) CreateBucket(ctx context.Context, r *CreateBucketRequest) (*CreateBucketResponse, error) {
	return call[CreateBucketResponse](ctx, c, operation{name: "CreateBucket", method: "PUT", flags: instance}, r)
}

// HeadBucketRequest asks whether a bucket exists and may be read.
type HeadBucketRequest struct {
	Bucket string `path:"bucket"`
}

// HeadBucketResponse says how the bucket is encrypted.
type HeadBucketResponse struct {
	KeyProtectEnabled    bool   `header:"ibm-sse-kp-enabled"`
	KeyProtectRootKeyCRN string `header:"ibm-sse-kp-crk-id"`
	// KeyProtectCustomerRootKeyCRN is the same under the name that earlier versions of the service give it.
	KeyProtectCustomerRootKeyCRN string `header:"ibm-sse-kp-customer-root-key-crn"`
}

// HeadBucket asks whether a bucket exists: a missing one gives an error that is fs.ErrNotExist.
func (c *Client) HeadBucket(ctx context.Context, r *HeadBucketRequest) (*HeadBucketResponse, error) {
	return call[HeadBucketResponse](ctx, c, operation{name: "HeadBucket", method: "HEAD"}, r)
}

// DeleteBucketRequest removes an empty bucket.
type DeleteBucketRequest struct {
	Bucket string `path:"bucket"`
}

// DeleteBucketResponse has nothing to say.
type DeleteBucketResponse struct{}

// DeleteBucket removes a bucket, which must be empty.
func (c *Client) DeleteBucket(ctx context.Context, r *DeleteBucketRequest) (*DeleteBucketResponse, error) {
	return call[DeleteBucketResponse](ctx, c, operation{name: "DeleteBucket", method: "DELETE", flags: goneIsDone}, r)
}

// GetBucketLocationRequest asks where a bucket is.
type GetBucketLocationRequest struct {
	Bucket string `path:"bucket"`
}

// GetBucketLocationResponse says where.
type GetBucketLocationResponse struct {
	LocationConstraint string // such as "us-south-standard"
}

// GetBucketLocation asks where a bucket is.
func (c *Client) GetBucketLocation(ctx context.Context, r *GetBucketLocationRequest) (*GetBucketLocationResponse, error) {
	return call[GetBucketLocationResponse](ctx, c, operation{name: "GetBucketLocation", method: "GET", query: "location"}, r)
}

// GetBucketCORSRequest asks for the rules for web pages.
type GetBucketCORSRequest struct {
	Bucket string `path:"bucket"`
}

// GetBucketCORSResponse is the rules.
type GetBucketCORSResponse struct {
	Rules []CORSRule
}

// GetBucketCORS reads the rules for web pages. A bucket without any gives an
// error that is fs.ErrNotExist.
func (c *Client) GetBucketCORS(ctx context.Context, r *GetBucketCORSRequest) (*GetBucketCORSResponse, error) {
	return call[GetBucketCORSResponse](ctx, c, operation{name: "GetBucketCORS", method: "GET", query: "cors"}, r)
}

// PutBucketCORSRequest replaces the rules for web pages.
type PutBucketCORSRequest struct {
	Bucket string `path:"bucket"`
	Rules  []CORSRule
}

// PutBucketCORSResponse has nothing to say.
type PutBucketCORSResponse struct{}

// PutBucketCORS replaces the rules for web pages.
func (c *Client) PutBucketCORS(ctx context.Context, r *PutBucketCORSRequest) (*PutBucketCORSResponse, error) {
	return call[PutBucketCORSResponse](ctx, c, operation{name: "PutBucketCORS", method: "PUT", query: "cors", flags: integrity}, r)
}

// DeleteBucketCORSRequest removes the rules for web pages.
type DeleteBucketCORSRequest struct {
	Bucket string `path:"bucket"`
}

// DeleteBucketCORSResponse has nothing to say.
type DeleteBucketCORSResponse struct{}

// DeleteBucketCORS removes the rules for web pages.
func (c *Client) DeleteBucketCORS(ctx context.Context, r *DeleteBucketCORSRequest) (*DeleteBucketCORSResponse, error) {
	return call[DeleteBucketCORSResponse](ctx, c, operation{name: "DeleteBucketCORS", method: "DELETE", query: "cors"}, r)
}
