package s3

import (
	"context"
	"net"
	"strings"
)

// A Website says how the objects of a bucket are served to browsers. It has
// either an IndexDocument or a RedirectAllTo.
type Website struct {
	IndexDocument string // what is served for a directory, such as index.html; no slash in it
	ErrorDocument string // key of the page for errors; if empty, that of the service
	RoutingRules  []RoutingRule

	// RedirectAllTo sends every visitor to another host; nothing else is set then.
	RedirectAllTo *WebsiteRedirect
}

// A RoutingRule sends visitors elsewhere. The first rule that is met counts.
type RoutingRule struct {
	KeyPrefix  string // of the key that was asked for; if empty, any
	ErrorCode  int    // the status that the visitor would get, from 400 to 599; if 0, before anything is looked for
	RedirectTo WebsiteRedirect
}

// A WebsiteRedirect says what of an address is replaced. The zero value of a
// field leaves that part alone.
type WebsiteRedirect struct {
	HostName string
	Protocol string // http or https
	Code     int    // 301 to 399; if 0, 301

	// One of these at most. ReplacePrefix puts the string in place of
	// RoutingRule.KeyPrefix, and ReplaceKey in that of the whole key.
	ReplacePrefix *string
	ReplaceKey    *string
}

// GetBucketWebsiteRequest asks how a bucket is served to browsers.
type GetBucketWebsiteRequest struct {
	Bucket string `path:"bucket"`
}

// GetBucketWebsiteResponse is how a bucket is served to browsers.
type GetBucketWebsiteResponse struct {
	Website Website
}

// GetBucketWebsite reads how a bucket is served to browsers. A bucket that is not
// gives an error that is fs.ErrNotExist.
func (c *Client) GetBucketWebsite(ctx context.Context, r *GetBucketWebsiteRequest) (*GetBucketWebsiteResponse, error) {
	return call[GetBucketWebsiteResponse](ctx, c, operation{name: "GetBucketWebsite", method: "GET", query: "website"}, r)
}

// PutBucketWebsiteRequest makes a bucket a website.
type PutBucketWebsiteRequest struct {
	Bucket  string `path:"bucket"`
	Website Website
}

// PutBucketWebsiteResponse has nothing to say.
type PutBucketWebsiteResponse struct{}

// PutBucketWebsite makes a bucket a website, or changes how it is one. Visitors
// see the objects that everybody may read.
func (c *Client) PutBucketWebsite(ctx context.Context, r *PutBucketWebsiteRequest) (*PutBucketWebsiteResponse, error) {
	return call[PutBucketWebsiteResponse](ctx, c, operation{name: "PutBucketWebsite", method: "PUT", query: "website", flags: integrity}, r)
}

// DeleteBucketWebsiteRequest ends a website.
type DeleteBucketWebsiteRequest struct {
	Bucket string `path:"bucket"`
}

// DeleteBucketWebsiteResponse has nothing to say.
type DeleteBucketWebsiteResponse struct{}

// DeleteBucketWebsite has a bucket no longer be a website. Its objects stay.
func (c *Client) DeleteBucketWebsite(ctx context.Context, r *DeleteBucketWebsiteRequest) (*DeleteBucketWebsiteResponse, error) {
	return call[DeleteBucketWebsiteResponse](ctx, c, operation{name: "DeleteBucketWebsite", method: "DELETE", query: "website"}, r)
}

// WebsiteURL returns the address at which the service serves the website of a
// bucket, whether or not the bucket is one. IBM's hosts s3.REGION have s3-web.REGION
// beside them; a local COS at another name has s3-web before that name, and at an
// address, s3-web.localhost.
func (c *Client) WebsiteURL(bucket string) string {
	host, port := c.base.Hostname(), c.base.Port()
	rest, public := strings.CutPrefix(host, "s3.")
	switch {
	case public:
		host = rest
	case net.ParseIP(host) != nil:
		host = "localhost"
	}
	host = bucket + ".s3-web." + host
	if port != "" {
		host = net.JoinHostPort(host, port)
	}
	return c.base.Scheme + "://" + host + "/"
}
