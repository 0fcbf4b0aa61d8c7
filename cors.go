package icos

import (
	"context"

	"github.com/icos-go/icos/s3"
)

// A CORSRule lets web pages of some origins call the bucket from a browser.
type CORSRule = s3.CORSRule

// CORS returns the rules for web pages, none if the bucket has none.
func (b *Bucket) CORS(ctx context.Context) ([]CORSRule, error) {
	resp, err := call(ctx, b, "get CORS rules", (*s3.Client).GetBucketCORS, &s3.GetBucketCORSRequest{Bucket: b.name})
	if hasCode(err, "NoSuchCORSConfiguration") {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	return resp.Rules, nil
}

// SetCORS replaces the rules for web pages. An empty list is refused by the
// service; use [Bucket.DeleteCORS].
func (b *Bucket) SetCORS(ctx context.Context, rules []CORSRule) error {
	_, err := call(ctx, b, "set CORS rules", (*s3.Client).PutBucketCORS, &s3.PutBucketCORSRequest{Bucket: b.name, Rules: rules})
	return err
}

// DeleteCORS removes the rules for web pages.
func (b *Bucket) DeleteCORS(ctx context.Context) error {
	_, err := call(ctx, b, "delete CORS rules", (*s3.Client).DeleteBucketCORS, &s3.DeleteBucketCORSRequest{Bucket: b.name})
	return err
}
