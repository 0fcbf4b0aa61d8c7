package icos

import (
	"context"
	"fmt"

	"github.com/icos-go/icos/s3"
)

// A Website says how the objects of a bucket are served to browsers.
type Website = s3.Website

// A RoutingRule sends visitors of a website elsewhere.
type RoutingRule = s3.RoutingRule

// A WebsiteRedirect says what of an address is replaced.
type WebsiteRedirect = s3.WebsiteRedirect

// Website returns how the bucket is served to browsers. If it is not, the error is
// fs.ErrNotExist.
func (b *Bucket) Website(ctx context.Context) (Website, error) {
	resp, err := call(ctx, b, "get website", (*s3.Client).GetBucketWebsite, &s3.GetBucketWebsiteRequest{Bucket: b.name})
	if err != nil {
		return Website{}, err
	}
	return resp.Website, nil
}

// SetWebsite makes the bucket a website, or changes how it is one. Visitors see
// the objects that everybody may read; see [Object.SetACL].
func (b *Bucket) SetWebsite(ctx context.Context, site Website) error {
	_, err := call(ctx, b, "set website", (*s3.Client).PutBucketWebsite, &s3.PutBucketWebsiteRequest{Bucket: b.name, Website: site})
	return err
}

// DeleteWebsite has the bucket no longer be a website. Its objects stay.
func (b *Bucket) DeleteWebsite(ctx context.Context) error {
	_, err := call(ctx, b, "delete website", (*s3.Client).DeleteBucketWebsite, &s3.DeleteBucketWebsiteRequest{Bucket: b.name})
	return err
}

// WebsiteURL returns the address of the bucket's website, whether or not it is one.
// It does not ask the service, except to find the endpoint of a bucket when the
// configuration has none.
func (b *Bucket) WebsiteURL(ctx context.Context) (string, error) {
	wire, err := b.wire(ctx)
	if err != nil {
		return "", fmt.Errorf("find website: %w", err)
	}
	return wire.WebsiteURL(b.name), nil
}
