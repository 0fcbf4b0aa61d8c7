package icos

import (
	"context"
	"fmt"
	"net/http"
	"time"

	"github.com/icos-go/icos/s3"
)

// PresignOptions refine [Object.Presign].
type PresignOptions struct {
	// ContentType is what a PUT must send as its Content-Type. If empty,
	// the holder of the URL chooses.
	ContentType string

	// ResponseContentType and ResponseContentDisposition replace those headers
	// in the answer to a GET. A disposition such as
	// attachment; filename="report.pdf" makes browsers save a file.
	ResponseContentType        string
	ResponseContentDisposition string

	// V2 signs with Signature Version 2, for systems that know no other.
	V2 bool
}

// A PresignedRequest is a request that whoever holds it may make, without keys.
type PresignedRequest = s3.PresignedRequest

// Presign returns a request for the object that anyone may make until it expires:
// method is GET, HEAD, PUT or DELETE. Nothing is sent to the service, except to
// find the endpoint of a bucket when the configuration has none.
//
// COS accepts such URLs from HMAC keys only. With other credentials the error is
// s3.ErrPresign.
func (o *Object) Presign(ctx context.Context, method string, expires time.Duration, opts *PresignOptions) (*PresignedRequest, error) {
	wire, err := o.wire(ctx)
	if err != nil {
		return nil, fmt.Errorf("presign: %w", err)
	}
	p := valueOr(opts)
	var r s3.Presignable
	switch method {
	case http.MethodGet:
		r = &s3.GetObjectRequest{
			Bucket: o.bucket.name, Key: o.key, VersionID: o.version,
			ResponseContentType: p.ResponseContentType, ResponseContentDisposition: p.ResponseContentDisposition,
		}
	case http.MethodHead:
		r = &s3.HeadObjectRequest{Bucket: o.bucket.name, Key: o.key, VersionID: o.version}
	case http.MethodPut:
		r = &s3.PutObjectRequest{Bucket: o.bucket.name, Key: o.key, ContentType: p.ContentType}
	case http.MethodDelete:
		r = &s3.DeleteObjectRequest{Bucket: o.bucket.name, Key: o.key, VersionID: o.version}
	default:
		return nil, fmt.Errorf("presign: method %q: want GET, HEAD, PUT or DELETE", method)
	}
	req, err := wire.Presign(ctx, r, expires, &s3.PresignOptions{V2: p.V2})
	if err != nil {
		return nil, fmt.Errorf("presign: %w", err)
	}
	return req, nil
}

// PresignPostOptions refine [Bucket.PresignPost]. Its fields are those of
// s3.PresignPostRequest, which says more about them.
type PresignPostOptions struct {
	Fields     map[string]string // further fields, to be sent as they are
	StartsWith map[string]string // fields to be chosen, and what they begin with

	// MinSize and MaxSize bound the file, in bytes. If MaxSize is 0, only the
	// service does.
	MinSize, MaxSize int64

	// V2 signs with Signature Version 2, for systems that know no other.
	V2 bool
}

// A PostForm is a form by which whoever holds it can upload one file, without keys.
type PostForm = s3.PostForm

// PresignPost returns a form by which a browser, or anybody else, can upload one
// file until it expires. ${filename} at the end of key stands for the name of the
// file. Nothing is sent to the service, except to find the endpoint of a bucket
// when the configuration has none.
//
// COS accepts such forms from HMAC keys only. With other credentials the error is
// s3.ErrPresign.
func (b *Bucket) PresignPost(ctx context.Context, key string, expires time.Duration, opts *PresignPostOptions) (*PostForm, error) {
	wire, err := b.wire(ctx)
	if err != nil {
		return nil, fmt.Errorf("presign: %w", err)
	}
	p := valueOr(opts)
	form, err := wire.PresignPost(ctx, &s3.PresignPostRequest{
		Bucket: b.name, Key: key, Fields: p.Fields, StartsWith: p.StartsWith, MinSize: p.MinSize, MaxSize: p.MaxSize,
	}, expires, &s3.PresignOptions{V2: p.V2})
	if err != nil {
		return nil, fmt.Errorf("presign: %w", err)
	}
	return form, nil
}
