package s3

import (
	"context"
	"io"
	"time"
)

// PutObjectRequest stores an object.
//
// Body is sent from where it stands, ContentLength bytes of it. If it is also an
// io.Seeker or an io.ReaderAt it can be sent again when an attempt fails, and its
// checksum goes out in a header; otherwise a failure after its first byte was
// read is final. It is not closed, and not touched after PutObject returns,
// unless it can be read only once.
type PutObjectRequest struct {
	Bucket        string    `path:"bucket"`
	Key           string    `path:"key"`
	Body          io.Reader // nil: an empty object
	ContentLength int64     // bytes; if negative, what a Body that can seek still holds

	ContentType             string            `header:"Content-Type"` // if empty, the service's default
	CacheControl            string            `header:"Cache-Control"`
	ContentDisposition      string            `header:"Content-Disposition"`
	ContentEncoding         string            `header:"Content-Encoding"`
	ContentLanguage         string            `header:"Content-Language"`
	Expires                 time.Time         `header:"Expires"`
	Metadata                map[string]string `meta:"x-amz-meta-"` // names are case-insensitive, values ASCII
	WebsiteRedirectLocation string            `header:"x-amz-website-redirect-location"`
	ACL                     string            `header:"x-amz-acl"` // "private" or "public-read"

	// When an answer is lost, a retry may hear PreconditionFailed because of the object that it stored itself.
	IfMatch     string `header:"If-Match" quote:"etag"`      // replace only this version
	IfNoneMatch string `header:"If-None-Match" quote:"etag"` // "*": only if there is none yet

	Checksum   Checksum // if zero, Config.Checksum over Body
	ContentMD5 string   `header:"Content-MD5"` // base64; not computed unless given

	// Sent, if not nil, is called as bytes of Body go to the connection, and with a
	// negative n when a retry takes back what was sent. Calls do not overlap. It must not block.
	Sent func(n int)

	RetentionPeriod         *int64    `header:"Retention-Period"` // seconds; -1 indefinite, -2 permanent
	RetentionExpirationDate time.Time `header:"Retention-Expiration-Date" time:"iso"`
	RetentionLegalHoldID    string    `header:"Retention-Legal-Hold-ID"`

	Tags                      []Tag     `tags:"x-amz-tagging"`
	ObjectLockMode            string    `header:"x-amz-object-lock-mode"` // Governance or Compliance, with a date
	ObjectLockRetainUntilDate time.Time `header:"x-amz-object-lock-retain-until-date" time:"iso"`
	ObjectLockLegalHold       string    `header:"x-amz-object-lock-legal-hold"` // "ON" or "OFF"

	ServerSideEncryption string      `header:"x-amz-server-side-encryption"`             // "AES256" for a key of the service
	CustomerKey          CustomerKey `customer:"x-amz-server-side-encryption-customer-"` // a key of the caller instead
}

// PutObjectResponse says what was stored.
type PutObjectResponse struct {
	ETag      string   `header:"ETag" quote:"etag"` // without quotes
	VersionID string   `header:"x-amz-version-id"`
	Checksum  Checksum `checksum:"value"` // as the service computed it, if it says

	Expiration string `header:"x-amz-expiration"` // when the object expires, and by which rule

	EncryptionHeader
}

// PutObject stores an object of at most 5 GB in one request. An object of the same key is replaced.
func (c *Client) PutObject(ctx context.Context, r *PutObjectRequest) (*PutObjectResponse, error) {
	return call[PutObjectResponse](ctx, c, operation{name: "PutObject", method: "PUT"}, r)
}

// ObjectHeader is what the service says about an object beside its bytes.
type ObjectHeader struct {
	ContentLength           int64             `header:"Content-Length"` // bytes of this answer; -1 if not announced
	ContentRange            string            `header:"Content-Range"`  // "bytes 0-9/100", for a ranged answer
	ContentType             string            `header:"Content-Type"`
	CacheControl            string            `header:"Cache-Control"`
	ContentDisposition      string            `header:"Content-Disposition"`
	ContentEncoding         string            `header:"Content-Encoding"`
	ContentLanguage         string            `header:"Content-Language"`
	Expires                 string            `header:"Expires"`   // as stored; need not be a date
	Metadata                map[string]string `meta:"x-amz-meta-"` // names in lower case; nil if none
	WebsiteRedirectLocation string            `header:"x-amz-website-redirect-location"`
	ETag                    string            `header:"ETag" quote:"etag"` // without quotes
	LastModified            time.Time         `header:"Last-Modified"`
	VersionID               string            `header:"x-amz-version-id"`
	DeleteMarker            bool              `header:"x-amz-delete-marker"`
	StorageClass            string            `header:"x-amz-storage-class"`  // GLACIER or ACCELERATED if it is archived; empty: standard
	PartsCount              int               `header:"x-amz-mp-parts-count"` // when PartNumber was given
	Checksum                Checksum          `checksum:"value"`

	RetentionPeriod         *int64    `header:"Retention-Period"` // seconds
	RetentionExpirationDate time.Time `header:"Retention-Expiration-Date"`
	RetentionLegalHoldCount int       `header:"Retention-Legal-Hold-Count"`

	Expiration               string    `header:"x-amz-expiration"`              // when the object expires, and by which rule
	Restore                  string    `header:"x-amz-restore"`                 // whether a copy of an archived object is on its way, or until when it can be read
	Transition               string    `header:"x-ibm-transition"`              // to which archive the object goes or went, and when
	ArchiveTransitionTime    time.Time `header:"x-ibm-archive-transition-time"` // when it will be archived
	RestoredCopyStorageClass string    `header:"x-ibm-restored-copy-storage-class"`
	ReplicationStatus        string    `header:"x-amz-replication-status"` // PENDING, COMPLETED, FAILED or REPLICA

	TaggingCount              int       `header:"x-amz-tagging-count"`
	ObjectLockMode            string    `header:"x-amz-object-lock-mode"`
	ObjectLockRetainUntilDate time.Time `header:"x-amz-object-lock-retain-until-date"`
	ObjectLockLegalHold       string    `header:"x-amz-object-lock-legal-hold"` // "ON", "OFF" or empty

	EncryptionHeader
}

// GetObjectRequest reads an object.
type GetObjectRequest struct {
	Bucket     string `path:"bucket"`
	Key        string `path:"key"`
	VersionID  string `query:"versionId"`
	PartNumber int    `query:"partNumber"` // if zero, the whole object
	Range      string `header:"Range"`     // such as "bytes=0-9" or "bytes=-500"

	IfMatch           string    `header:"If-Match" quote:"etag"`
	IfNoneMatch       string    `header:"If-None-Match" quote:"etag"`
	IfModifiedSince   time.Time `header:"If-Modified-Since"`
	IfUnmodifiedSince time.Time `header:"If-Unmodified-Since"`

	ResponseContentType        string `query:"response-content-type"`
	ResponseContentDisposition string `query:"response-content-disposition"`
	ResponseContentEncoding    string `query:"response-content-encoding"`
	ResponseContentLanguage    string `query:"response-content-language"`
	ResponseCacheControl       string `query:"response-cache-control"`
	ResponseExpires            string `query:"response-expires"`

	// Unverified leaves the checksum to the caller: Body is checked for its length only.
	Unverified bool

	CustomerKey CustomerKey `customer:"x-amz-server-side-encryption-customer-"` // the one the object was stored with
}

// GetObjectResponse is an object. The caller closes Body.
//
// Read of Body returns io.EOF only when every announced byte arrived and, for a
// whole object whose checksum the service sent, when the bytes match it. A body cut short
// gives an error that is io.ErrUnexpectedEOF, a wrong one an error that is ErrChecksum.
type GetObjectResponse struct {
	ObjectHeader

	StatusCode int // 200, or 206 for a range
	Body       io.ReadCloser
}

// GetObject opens an object. Failures before the first byte are retried; later ones come out of Body.
func (c *Client) GetObject(ctx context.Context, r *GetObjectRequest) (*GetObjectResponse, error) {
	return call[GetObjectResponse](ctx, c, operation{name: "GetObject", method: "GET", flags: wholeness}, r)
}

// HeadObjectRequest asks about an object.
type HeadObjectRequest struct {
	Bucket     string `path:"bucket"`
	Key        string `path:"key"`
	VersionID  string `query:"versionId"`
	PartNumber int    `query:"partNumber"`
	Range      string `header:"Range"`

	IfMatch           string    `header:"If-Match" quote:"etag"`
	IfNoneMatch       string    `header:"If-None-Match" quote:"etag"`
	IfModifiedSince   time.Time `header:"If-Modified-Since"`
	IfUnmodifiedSince time.Time `header:"If-Unmodified-Since"`

	CustomerKey CustomerKey `customer:"x-amz-server-side-encryption-customer-"` // the one the object was stored with
}

// HeadObjectResponse is what GetObjectResponse is, without the body.
type HeadObjectResponse struct {
	ObjectHeader
}

// HeadObject asks about an object without reading it. A missing key and a missing
// bucket cannot be told apart: the code of both errors is "NotFound".
func (c *Client) HeadObject(ctx context.Context, r *HeadObjectRequest) (*HeadObjectResponse, error) {
	return call[HeadObjectResponse](ctx, c, operation{name: "HeadObject", method: "HEAD", flags: wholeness}, r)
}

// DeleteObjectRequest removes an object.
type DeleteObjectRequest struct {
	Bucket    string `path:"bucket"`
	Key       string `path:"key"`
	VersionID string `query:"versionId"` // this version for good; if empty, in a versioned bucket, a delete marker is added

	// BypassGovernanceRetention removes a version that is locked in governance mode, which takes a special right.
	BypassGovernanceRetention bool `header:"x-amz-bypass-governance-retention"`
}

// DeleteObjectResponse says what happened in a versioned bucket.
type DeleteObjectResponse struct {
	VersionID    string `header:"x-amz-version-id"`
	DeleteMarker bool   `header:"x-amz-delete-marker"`
}

// DeleteObject removes an object. Removing one that is not there is not an error.
func (c *Client) DeleteObject(ctx context.Context, r *DeleteObjectRequest) (*DeleteObjectResponse, error) {
	return call[DeleteObjectResponse](ctx, c, operation{name: "DeleteObject", method: "DELETE"}, r)
}

func (r *PutObjectRequest) stream() upload {
	return upload{r.Body, r.ContentLength, r.Checksum, r.Sent}
}
