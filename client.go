package icos

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"net/http"
	"net/url"
	"sync"
	"time"

	"github.com/icos-go/icos/auth"
	"github.com/icos-go/icos/s3"
)

// A Client reaches one service instance. It is safe for concurrent use, and one
// is enough for a program.
type Client struct {
	cfg   Config
	http  *http.Client
	owned *http.Transport // what Close closes; nil if the caller brought an http.Client
	atlas *atlas
	fixed *s3.Client // serves every bucket; nil if each bucket is looked up
	base  *url.URL   // where fixed is
	spots places

	mu    sync.Mutex
	wires map[string]*s3.Client // by base URL
}

// NewClient returns a Client. It checks cfg and does no I/O.
func NewClient(cfg Config) (*Client, error) {
	c, err := newClient(cfg)
	if err != nil {
		return nil, fmt.Errorf("icos: %w", err)
	}
	return c, nil
}

func newClient(cfg Config) (*Client, error) {
	if cfg.Credentials == nil {
		return nil, errors.New("no credentials: set Config.Credentials to auth.IAM or auth.HMAC, or to auth.Anonymous for public buckets; icos.LoadConfig finds them in the environment")
	}
	c := &Client{cfg: cfg, http: cfg.HTTPClient, wires: map[string]*s3.Client{}}
	if c.http == nil {
		c.owned = s3.NewTransport(nil)
		c.http = &http.Client{Transport: c.owned}
	}
	var err error
	if c.atlas, err = newAtlas(cfg.EndpointsURL, c.http); err != nil {
		return nil, err
	}
	endpoint := cfg.Endpoint
	if region := regionOf(cfg.Location); endpoint == "" && c.atlas.url == "" && knownRegion(region) {
		endpoint = "https://" + cosHost(region, public)
	}
	if endpoint == "" {
		if cfg.Location == "" && cfg.Credentials == auth.Anonymous {
			return nil, fmt.Errorf("%w: set Config.Endpoint or Config.Location; without credentials a bucket cannot be looked up", ErrNoEndpoint)
		}
		return c, nil
	}
	if c.base, err = parseEndpoint(endpoint, cfg.Credentials == auth.Anonymous); err != nil {
		return nil, err
	}
	if c.fixed, err = c.at(c.base.String()); err != nil {
		return nil, err
	}
	return c, nil
}

// at returns the client of the service at a base URL.
func (c *Client) at(base string) (*s3.Client, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if wire := c.wires[base]; wire != nil {
		return wire, nil
	}
	wire, err := s3.New(s3.Config{
		Endpoint:    base,
		Credentials: c.cfg.Credentials,
		InstanceID:  c.cfg.InstanceID,
		HTTPClient:  c.http,
		Logger:      c.cfg.Logger,
		VirtualHost: c.cfg.VirtualHost,
		UserAgent:   c.cfg.UserAgent,
		Checksum:    c.cfg.Checksum,
		Retry:       c.cfg.Retry,
	})
	if err != nil {
		return nil, err
	}
	c.wires[base] = wire
	return wire, nil
}

// S3 returns the client of the wire below, at Config.Endpoint or at the endpoint
// of Config.Location. It returns nil if neither is set; [Bucket.S3] then has one
// for each bucket. This is a low-level function that most users won't need.
func (c *Client) S3() *s3.Client { return c.fixed }

// Bucket returns a handle of the bucket called name. It does no I/O; the bucket
// need not exist.
func (c *Client) Bucket(name string) *Bucket { return &Bucket{client: c, name: name} }

// Endpoint returns the base URL of the service, or "" if each bucket is looked up.
func (c *Client) Endpoint() string {
	if c.base == nil {
		return ""
	}
	return c.base.String()
}

// Config returns a copy of what the Client was made with, from which others can
// be made that differ in some of it.
func (c *Client) Config() Config { return c.cfg }

// Checksum returns what uploads are checked with: Config.Checksum or, if that is
// empty, CRC32C.
func (c *Client) Checksum() s3.ChecksumAlgorithm {
	if c.cfg.Checksum == "" {
		return s3.CRC32C
	}
	return c.cfg.Checksum
}

// Close releases idle connections. The credentials and an http.Client of the
// configuration are left to who made them.
func (c *Client) Close() error {
	if c.owned != nil {
		c.owned.CloseIdleConnections()
	}
	return nil
}

// BucketsOptions select buckets.
type BucketsOptions struct {
	Prefix string // buckets whose name begins with it
}

// BucketInfo describes a bucket.
type BucketInfo struct {
	Name     string
	Location string // location constraint, such as us-south-standard; "" from stores other than COS
	Created  time.Time
}

// Buckets lists the buckets of the service instance, wherever they are, in the
// order of their names. An error comes last.
func (c *Client) Buckets(ctx context.Context, o *BucketsOptions) iter.Seq2[BucketInfo, error] {
	opts := valueOr(o)
	return func(yield func(BucketInfo, error) bool) {
		for info, err := range c.buckets(ctx, opts.Prefix) {
			if err != nil {
				err = fmt.Errorf("list buckets: %w", c.needsInstance(err))
			}
			if !yield(info, err) {
				return
			}
		}
	}
}

func (c *Client) buckets(ctx context.Context, prefix string) iter.Seq2[BucketInfo, error] {
	return func(yield func(BucketInfo, error) bool) {
		wire, err := c.any(ctx)
		if err != nil {
			yield(BucketInfo{}, err)
			return
		}
		r := &s3.ListBucketsExtendedRequest{Prefix: prefix}
		for {
			resp, err := wire.ListBucketsExtended(ctx, r)
			if err != nil {
				yield(BucketInfo{}, err)
				return
			}
			for _, b := range resp.Buckets {
				// Stores that do not know the extended list answer with the plain one.
				if len(b.Name) < len(prefix) || b.Name[:len(prefix)] != prefix {
					continue
				}
				if !yield(BucketInfo{Name: b.Name, Location: b.LocationConstraint, Created: b.CreationDate}, nil) {
					return
				}
			}
			if !resp.IsTruncated {
				return
			}
			if resp.NextMarker == r.Marker {
				yield(BucketInfo{}, errSameToken)
				return
			}
			r.Marker = resp.NextMarker
		}
	}
}

// any returns a client for requests that are not about a bucket.
func (c *Client) any(ctx context.Context) (*s3.Client, error) {
	if c.fixed != nil {
		return c.fixed, nil
	}
	if c.cfg.Location != "" {
		return c.in(ctx, c.cfg.Location)
	}
	base, err := c.atlas.anywhere(ctx)
	if err != nil {
		return nil, err
	}
	return c.at(base)
}

// in returns a client for a location.
func (c *Client) in(ctx context.Context, location string) (*s3.Client, error) {
	base, err := c.atlas.endpoint(ctx, regionOf(location), public)
	if err != nil {
		return nil, err
	}
	return c.at(base)
}

// needsInstance explains the error that COS gives to IAM users who did not say
// which instance they mean.
func (c *Client) needsInstance(err error) error {
	e, ok := errors.AsType[*Error](err)
	if ok && c.cfg.InstanceID == "" && (e.Code == "InvalidArgument" || e.Code == "AccessDenied") {
		if _, iam := c.cfg.Credentials.(auth.TokenSource); iam {
			return fmt.Errorf("%w; with IAM credentials Config.InstanceID must be set (the CRN of the service instance)", err)
		}
	}
	return err
}

// valueOr returns what o points to, or the zero value. Options are copied so
// that an iterator is not changed by what its maker does afterwards.
func valueOr[T any](o *T) T {
	if o == nil {
		var zero T
		return zero
	}
	return *o
}
