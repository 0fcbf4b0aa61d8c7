package s3

import (
	"context"
	"crypto/fips140"
	"crypto/md5"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"strconv"
	"time"
)

// CreateMultipartUploadRequest begins an upload in parts.
type CreateMultipartUploadRequest struct {
	Bucket string `path:"bucket"`
	Key    string `path:"key"`

	ContentType             string            `header:"Content-Type"`
	CacheControl            string            `header:"Cache-Control"`
	ContentDisposition      string            `header:"Content-Disposition"`
	ContentEncoding         string            `header:"Content-Encoding"`
	ContentLanguage         string            `header:"Content-Language"`
	Expires                 time.Time         `header:"Expires"`
	Metadata                map[string]string `meta:"x-amz-meta-"`
	WebsiteRedirectLocation string            `header:"x-amz-website-redirect-location"`
	ACL                     string            `header:"x-amz-acl"`

	// A retention period is not set here but in CompleteMultipartUploadRequest.
	Tags                      []Tag     `tags:"x-amz-tagging"`
	ObjectLockMode            string    `header:"x-amz-object-lock-mode"` // Governance or Compliance, with a date
	ObjectLockRetainUntilDate time.Time `header:"x-amz-object-lock-retain-until-date" time:"iso"`
	ObjectLockLegalHold       string    `header:"x-amz-object-lock-legal-hold"` // "ON" or "OFF"

	ChecksumAlgorithm ChecksumAlgorithm `header:"x-amz-checksum-algorithm"` // that of the parts and the object; if empty, none is kept
	ChecksumType      string            `header:"x-amz-checksum-type"`      // FullObject or Composite

	ServerSideEncryption string      `header:"x-amz-server-side-encryption"`             // "AES256" for a key of the service
	CustomerKey          CustomerKey `customer:"x-amz-server-side-encryption-customer-"` // a key of the caller instead; to be given with every part
}

// CreateMultipartUploadResponse names the upload.
type CreateMultipartUploadResponse struct {
	UploadID string

	AbortDate   time.Time `header:"x-amz-abort-date"` // when a lifecycle rule aborts it; zero for never
	AbortRuleID string    `header:"x-amz-abort-rule-id"`

	EncryptionHeader
}

// CreateMultipartUpload begins an upload in parts, which lives, and is paid for,
// until CompleteMultipartUpload or AbortMultipartUpload ends it.
func (c *Client) CreateMultipartUpload(ctx context.Context, r *CreateMultipartUploadRequest) (*CreateMultipartUploadResponse, error) {
	return call[CreateMultipartUploadResponse](ctx, c, operation{name: "CreateMultipartUpload", method: "POST", query: "uploads", flags: idempotent}, r)
}

// UploadPartRequest sends one part. What PutObjectRequest says about Body holds here.
type UploadPartRequest struct {
	Bucket        string    `path:"bucket"`
	Key           string    `path:"key"`
	UploadID      string    `query:"uploadId" need:"true"`
	PartNumber    int       `query:"partNumber" need:"true"` // 1–10000
	Body          io.Reader // nil: an empty part
	ContentLength int64     // bytes; if negative, what a Body that can seek still holds

	Checksum   Checksum // if zero, Config.Checksum over Body
	ContentMD5 string   `header:"Content-MD5"` // base64; not computed unless given

	// Sent, if not nil, is called as bytes of Body go to the connection, and with a
	// negative n when a retry takes back what was sent. Calls do not overlap. It must not block.
	Sent func(n int)

	CustomerKey CustomerKey `customer:"x-amz-server-side-encryption-customer-"` // that of the upload
}

// UploadPartResponse is what CompleteMultipartUpload has to be told about the part.
type UploadPartResponse struct {
	ETag     string   `header:"ETag" quote:"etag"` // without quotes
	Checksum Checksum `checksum:"value"`           // as the service computed it, if it says

	EncryptionHeader
}

// UploadPart sends one part of at least 5 MiB (the last may be smaller) and at most 5 GB.
// A part of the same number is replaced.
func (c *Client) UploadPart(ctx context.Context, r *UploadPartRequest) (*UploadPartResponse, error) {
	return call[UploadPartResponse](ctx, c, operation{name: "UploadPart", method: "PUT"}, r)
}

// CompleteMultipartUploadRequest makes the object out of its parts.
type CompleteMultipartUploadRequest struct {
	Bucket   string          `path:"bucket"`
	Key      string          `path:"key"`
	UploadID string          `query:"uploadId" need:"true"`
	Parts    []CompletedPart // by ascending PartNumber, which need not be consecutive

	IfMatch     string   `header:"If-Match" quote:"etag"`
	IfNoneMatch string   `header:"If-None-Match" quote:"etag"` // "*": only if there is none yet
	Checksum    Checksum `checksum:"value"`                    // of the whole object, optional; never computed here

	RetentionPeriod         *int64    `header:"Retention-Period"` // seconds
	RetentionExpirationDate time.Time `header:"Retention-Expiration-Date" time:"iso"`
	RetentionLegalHoldID    string    `header:"Retention-Legal-Hold-ID"`

	// CustomerKey is that of the upload. It is not sent, but for finding out what became of an upload whose completion was not answered.
	CustomerKey CustomerKey
}

// CompleteMultipartUploadResponse describes the object.
type CompleteMultipartUploadResponse struct {
	ETag      string // without quotes
	Location  string
	Checksum  Checksum
	VersionID string `header:"x-amz-version-id"`

	EncryptionHeader
}

// CompleteMultipartUpload makes the object out of its parts.
//
// It is safe to repeat although an upload completes only once: when the answer to
// an attempt was lost and the next one hears NoSuchUpload, the object is asked for, and
// if its ETag is the one these parts must give, the upload did complete and this is
// its result.
func (c *Client) CompleteMultipartUpload(ctx context.Context, r *CompleteMultipartUploadRequest) (*CompleteMultipartUploadResponse, error) {
	x := &exchange{op: operation{name: "CompleteMultipartUpload", method: "POST", flags: integrity | idempotent | lateErrors}}
	out := new(CompleteMultipartUploadResponse)
	err := c.call(ctx, x, r, out)
	if e, ok := errors.AsType[*Error](err); ok && x.unsure && e.Code == codeNoSuchUpload {
		return c.completed(ctx, r, err)
	}
	if err != nil {
		return nil, err
	}
	return out, nil
}

// completed finds out whether an upload is gone because it was completed by an attempt whose
// answer was lost. err is what the next attempt heard.
func (c *Client) completed(ctx context.Context, r *CompleteMultipartUploadRequest, err error) (*CompleteMultipartUploadResponse, error) {
	h, headErr := c.HeadObject(ctx, &HeadObjectRequest{Bucket: r.Bucket, Key: r.Key, CustomerKey: r.CustomerKey})
	if want := multipartETag(r.Parts); headErr == nil && want != "" && h.ETag == want {
		return &CompleteMultipartUploadResponse{ETag: h.ETag, Checksum: h.Checksum, VersionID: h.VersionID}, nil
	}
	return nil, fmt.Errorf("%w; an attempt before was not answered, so the upload may be complete", err)
}

// multipartETag returns the ETag of an object made of parts: the MD5 of the MD5s of
// the parts, and their number. It returns "" if the ETags of the parts are not MD5s.
func multipartETag(parts []CompletedPart) string {
	if fips140.Enforced() {
		return "" // MD5 is forbidden
	}
	sum := md5.New()
	for _, p := range parts {
		b, err := hex.DecodeString(unquoteETag(p.ETag))
		if err != nil || len(b) != md5.Size {
			return ""
		}
		sum.Write(b)
	}
	return hex.EncodeToString(sum.Sum(nil)) + "-" + strconv.Itoa(len(parts))
}

// AbortMultipartUploadRequest gives an upload up.
type AbortMultipartUploadRequest struct {
	Bucket   string `path:"bucket"`
	Key      string `path:"key"`
	UploadID string `query:"uploadId" need:"true"`
}

// AbortMultipartUploadResponse has nothing to say.
type AbortMultipartUploadResponse struct{}

// AbortMultipartUpload gives an upload up and frees its parts. An upload that is
// not there gives an error that is fs.ErrNotExist.
func (c *Client) AbortMultipartUpload(ctx context.Context, r *AbortMultipartUploadRequest) (*AbortMultipartUploadResponse, error) {
	return call[AbortMultipartUploadResponse](ctx, c, operation{name: "AbortMultipartUpload", method: "DELETE", flags: goneIsDone}, r)
}

func (r *UploadPartRequest) stream() upload {
	return upload{r.Body, r.ContentLength, r.Checksum, r.Sent}
}
