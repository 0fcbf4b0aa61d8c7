package s3

import (
	"context"
	"time"
)

// CopyObjectRequest copies an object of at most 5 GB within the service.
type CopyObjectRequest struct {
	Bucket          string `path:"bucket"` // where to
	Key             string `path:"key"`
	SourceBucket    string
	SourceKey       string
	SourceVersionID string

	SourceIfMatch           string    `header:"x-amz-copy-source-if-match" quote:"etag"`
	SourceIfNoneMatch       string    `header:"x-amz-copy-source-if-none-match" quote:"etag"`
	SourceIfModifiedSince   time.Time `header:"x-amz-copy-source-if-modified-since"`
	SourceIfUnmodifiedSince time.Time `header:"x-amz-copy-source-if-unmodified-since"`

	MetadataDirective       string            `header:"x-amz-metadata-directive"` // "COPY", the default, or "REPLACE" by the fields below
	ContentType             string            `header:"Content-Type"`
	CacheControl            string            `header:"Cache-Control"`
	ContentDisposition      string            `header:"Content-Disposition"`
	ContentEncoding         string            `header:"Content-Encoding"`
	ContentLanguage         string            `header:"Content-Language"`
	Expires                 time.Time         `header:"Expires"`
	Metadata                map[string]string `meta:"x-amz-meta-"`
	WebsiteRedirectLocation string            `header:"x-amz-website-redirect-location"`
	ACL                     string            `header:"x-amz-acl"`
	ChecksumAlgorithm       ChecksumAlgorithm `header:"x-amz-checksum-algorithm"` // if empty, as the source

	RetentionDirective      string    `header:"Retention-Directive"` // "COPY" or "REPLACE"
	RetentionPeriod         *int64    `header:"Retention-Period"`    // seconds
	RetentionExpirationDate time.Time `header:"Retention-Expiration-Date" time:"iso"`
	RetentionLegalHoldID    string    `header:"Retention-Legal-Hold-ID"`

	TaggingDirective          string    `header:"x-amz-tagging-directive"` // "COPY", the default, or "REPLACE" by Tags
	Tags                      []Tag     `tags:"x-amz-tagging"`
	ObjectLockMode            string    `header:"x-amz-object-lock-mode"` // Governance or Compliance, with a date; locks are never copied
	ObjectLockRetainUntilDate time.Time `header:"x-amz-object-lock-retain-until-date" time:"iso"`
	ObjectLockLegalHold       string    `header:"x-amz-object-lock-legal-hold"` // "ON" or "OFF"

	ServerSideEncryption string      `header:"x-amz-server-side-encryption"`                         // "AES256" for a key of the service
	CustomerKey          CustomerKey `customer:"x-amz-server-side-encryption-customer-"`             // a key of the caller instead
	SourceCustomerKey    CustomerKey `customer:"x-amz-copy-source-server-side-encryption-customer-"` // the one the source was stored with
}

// CopyObjectResponse describes the copy.
type CopyObjectResponse struct {
	ETag            string // without quotes
	LastModified    time.Time
	Checksum        Checksum
	VersionID       string `header:"x-amz-version-id"`
	SourceVersionID string `header:"x-amz-copy-source-version-id"`

	EncryptionHeader
}

// CopyObject copies an object within the service. Errors that the service
// reports after it already answered 200 are seen, and retried where that helps.
func (c *Client) CopyObject(ctx context.Context, r *CopyObjectRequest) (*CopyObjectResponse, error) {
	return call[CopyObjectResponse](ctx, c, operation{name: "CopyObject", method: "PUT", flags: lateErrors}, r)
}

// UploadPartCopyRequest makes a part out of a piece of an object.
type UploadPartCopyRequest struct {
	Bucket          string `path:"bucket"`
	Key             string `path:"key"`
	UploadID        string `query:"uploadId" need:"true"`
	PartNumber      int    `query:"partNumber" need:"true"` // 1–10000
	SourceBucket    string
	SourceKey       string
	SourceVersionID string
	SourceRange     string `header:"x-amz-copy-source-range"` // "bytes=0-5242879", both ends inclusive; if empty, all of it

	SourceIfMatch           string    `header:"x-amz-copy-source-if-match" quote:"etag"`
	SourceIfNoneMatch       string    `header:"x-amz-copy-source-if-none-match" quote:"etag"`
	SourceIfModifiedSince   time.Time `header:"x-amz-copy-source-if-modified-since"`
	SourceIfUnmodifiedSince time.Time `header:"x-amz-copy-source-if-unmodified-since"`

	CustomerKey       CustomerKey `customer:"x-amz-server-side-encryption-customer-"`             // that of the upload
	SourceCustomerKey CustomerKey `customer:"x-amz-copy-source-server-side-encryption-customer-"` // the one the source was stored with
}

// UploadPartCopyResponse describes the part.
type UploadPartCopyResponse struct {
	ETag            string // without quotes
	LastModified    time.Time
	Checksum        Checksum
	SourceVersionID string `header:"x-amz-copy-source-version-id"`

	EncryptionHeader
}

// UploadPartCopy makes a part out of a piece of an object, within the service.
func (c *Client) UploadPartCopy(ctx context.Context, r *UploadPartCopyRequest) (*UploadPartCopyResponse, error) {
	return call[UploadPartCopyResponse](ctx, c, operation{name: "UploadPartCopy", method: "PUT", flags: lateErrors}, r)
}

func (r *CopyObjectRequest) source() (bucket, key, versionID string) {
	return r.SourceBucket, r.SourceKey, r.SourceVersionID
}

func (r *UploadPartCopyRequest) source() (bucket, key, versionID string) {
	return r.SourceBucket, r.SourceKey, r.SourceVersionID
}
