package icos

import (
	"context"
	"fmt"
	"sync"

	"github.com/icos-go/icos/s3"
)

// wire returns the client of the service that has the bucket. With an endpoint
// in the configuration that is the one at that endpoint; otherwise the bucket is
// looked up in the list of buckets, once.
func (b *Bucket) wire(ctx context.Context) (*s3.Client, error) {
	if err := checkBucketName(b.name); err != nil {
		return nil, err
	}
	c := b.client
	if c.fixed != nil {
		return c.fixed, nil
	}
	if c.cfg.Location != "" {
		return c.in(ctx, c.cfg.Location)
	}
	at := c.spots.of(b.name)
	if err := at.lock(ctx); err != nil {
		return nil, err
	}
	defer at.unlock()
	if at.wire != nil {
		return at.wire, nil
	}
	wire, err := c.any(ctx)
	if err != nil {
		return nil, err
	}
	location, err := b.locate(ctx, wire)
	if err != nil {
		return nil, fmt.Errorf("find out where bucket %q is (or set Config.Endpoint): %w", b.name, c.needsInstance(err))
	}
	at.wire, err = c.in(ctx, location)
	return at.wire, err
}

// locate returns the location constraint of the bucket from the list of buckets,
// which every endpoint serves.
func (b *Bucket) locate(ctx context.Context, wire *s3.Client) (string, error) {
	// The bucket comes first among those that begin with its name.
	resp, err := wire.ListBucketsExtended(ctx, &s3.ListBucketsExtendedRequest{Prefix: b.name, MaxKeys: 1})
	if err != nil {
		return "", err
	}
	for _, info := range resp.Buckets {
		if info.Name == b.name && info.LocationConstraint != "" {
			return info.LocationConstraint, nil
		}
	}
	return "", b.missing("ListBucketsExtended")
}

// places remembers which bucket is where. It is safe for concurrent use.
type places struct {
	mu sync.Mutex
	m  map[string]*place
}

// A place is what is known of the whereabouts of one bucket.
type place struct {
	sem chan struct{} // held while the bucket is being looked up; guards the rest

	wire   *s3.Client          // serves the bucket; nil until it was found
	looked bool                // an error made us look, whatever came of it
	wrong  *WrongEndpointError // what came of it, if the bucket is elsewhere
}

func (p *places) of(bucket string) *place {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.m == nil {
		p.m = map[string]*place{}
	}
	at := p.m[bucket]
	if at == nil {
		at = &place{sem: make(chan struct{}, 1)}
		p.m[bucket] = at
	}
	return at
}

// forget drops what is known of a bucket, because it was created or deleted.
func (p *places) forget(bucket string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	delete(p.m, bucket)
}

func (a *place) lock(ctx context.Context) error {
	select {
	case a.sem <- struct{}{}:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

func (a *place) unlock() { <-a.sem }
