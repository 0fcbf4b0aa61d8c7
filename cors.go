package icos

import (
	"context"
	"fmt"

	"github.com/icos-go/icos/s3"
)

// A CORSRule lets web pages of some origins call the bucket from a browser.
type CORSRule = s3.CORSRule

// CORS returns the rules for web pages. If there are none, the error is
// fs.ErrNotExist.
func (b *Bucket) CORS(ctx context.Context) ([]CORSRule, error) {
	wire, err := b.wire(ctx)
	if err != nil {
		return nil, fmt.Errorf("get CORS rules: %w", err)
	}
	resp, err := wire.GetBucketCORS(ctx, &s3.GetBucketCORSRequest{Bucket: b.name})
	if err != nil {
		return nil, fmt.Errorf("get CORS rules: %w", b.explain(ctx, err))
	}
	return resp.Rules, nil
}

// SetCORS replaces the rules for web pages. An empty list is refused by the
// service; use [Bucket.DeleteCORS].
func (b *Bucket) SetCORS(ctx context.Context, rules []CORSRule) error {
	wire, err := b.wire(ctx)
	if err != nil {
		return fmt.Errorf("set CORS rules: %w", err)
	}
	if _, err := wire.PutBucketCORS(ctx, &s3.PutBucketCORSRequest{Bucket: b.name, Rules: rules}); err != nil {
		return fmt.Errorf("set CORS rules: %w", b.explain(ctx, err))
	}
	return nil
}

// DeleteCORS removes the rules for web pages.
func (b *Bucket) DeleteCORS(ctx context.Context) error {
	wire, err := b.wire(ctx)
	if err != nil {
		return fmt.Errorf("delete CORS rules: %w", err)
	}
	if _, err := wire.DeleteBucketCORS(ctx, &s3.DeleteBucketCORSRequest{Bucket: b.name}); err != nil {
		return fmt.Errorf("delete CORS rules: %w", b.explain(ctx, err))
	}
	return nil
}
