package icos

import (
	"context"
	"fmt"

	"github.com/icos-go/icos/s3"
)

// A subject is what a request is about: a bucket or an object.
type subject interface {
	// wire returns the client that serves it.
	wire(context.Context) (*s3.Client, error)
	// explain says what the service does not: that the bucket is somewhere else.
	explain(context.Context, error) error
}

// call makes one request about of. Errors say step first.
func call[Request, Response any](
	ctx context.Context, of subject, step string,
	op func(*s3.Client, context.Context, *Request) (*Response, error), r *Request,
) (*Response, error) {
	wire, err := of.wire(ctx)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", step, err)
	}
	resp, err := op(wire, ctx, r)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", step, of.explain(ctx, err))
	}
	return resp, nil
}
