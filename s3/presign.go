package s3

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"time"

	"github.com/icos-go/icos/auth"
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

// presignerV2 is implemented by credentials that know the old signature too.
type presignerV2 interface {
	PresignV2(r *http.Request, expires time.Duration, at time.Time) (*url.URL, http.Header, error)
}

// Presign turns a request into a URL that anybody can use for as long as expires says.
// Nothing is sent. Headers that r asks for are part of the signature, and
// are returned in Header; the body of r is not looked at. o may be nil. With credentials other
// than HMAC keys the error is ErrPresign.
func (c *Client) Presign(ctx context.Context, r Presignable, expires time.Duration, o *PresignOptions) (*PresignedRequest, error) {
	if o == nil {
		o = new(PresignOptions)
	}
	x := &exchange{op: r.presignable()}
	if err := c.encode(x, r); err != nil {
		return nil, x.wrap(fmt.Errorf("presign: %w", err))
	}
	delete(x.header, "User-Agent") // the user of the URL has another
	req := (&http.Request{
		Method: x.op.method,
		URL:    &url.URL{Scheme: x.base.Scheme, Host: x.base.Host, Path: x.path, RawPath: x.rawPath, RawQuery: x.rawQuery},
		Host:   x.base.Host,
		Header: x.header,
	}).WithContext(ctx)
	at := o.At
	if at.IsZero() {
		at = time.Now().Add(time.Duration(c.skew.Load()))
	}
	v4, ok := c.credentials.(auth.Presigner)
	if !ok {
		return nil, x.wrap(ErrPresign)
	}
	sign := v4.Presign
	if o.V2 {
		v2, ok := c.credentials.(presignerV2)
		if !ok {
			return nil, x.wrap(errors.New("presign: these credentials do not know Signature Version 2"))
		}
		sign = v2.PresignV2
	}
	u, header, err := sign(req, expires, at)
	if err != nil {
		return nil, x.wrap(err)
	}
	return &PresignedRequest{Method: x.op.method, URL: u.String(), Header: header, Expires: at.Add(expires)}, nil
}
