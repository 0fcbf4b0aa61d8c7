package icos

import (
	"context"
	"fmt"

	"github.com/icos-go/icos/s3"
)

// What becomes of objects as they grow old.
type (
	// A LifecycleRule says what becomes of objects as they grow old.
	LifecycleRule = s3.LifecycleRule
	// A LifecycleFilter chooses the objects that a rule is about.
	LifecycleFilter = s3.LifecycleFilter
	// A Tag is what objects that a filter chooses are labelled with.
	Tag = s3.Tag
	// A LifecycleTransition moves new objects to an archive.
	LifecycleTransition = s3.LifecycleTransition
	// A LifecycleExpiration deletes objects.
	LifecycleExpiration = s3.LifecycleExpiration
	// A NoncurrentVersionExpiration removes old versions.
	NoncurrentVersionExpiration = s3.NoncurrentVersionExpiration
)

// Lifecycle returns the lifecycle rules. If there are none, the error is
// fs.ErrNotExist.
func (b *Bucket) Lifecycle(ctx context.Context) ([]LifecycleRule, error) {
	wire, err := b.wire(ctx)
	if err != nil {
		return nil, fmt.Errorf("get lifecycle rules: %w", err)
	}
	resp, err := wire.GetBucketLifecycle(ctx, &s3.GetBucketLifecycleRequest{Bucket: b.name})
	if err != nil {
		return nil, fmt.Errorf("get lifecycle rules: %w", b.explain(ctx, err))
	}
	return resp.Rules, nil
}

// SetLifecycle replaces the lifecycle rules. Expirations concern all objects;
// a transition concerns those that are written from now on. An empty list is
// refused; use [Bucket.DeleteLifecycle].
func (b *Bucket) SetLifecycle(ctx context.Context, rules []LifecycleRule) error {
	wire, err := b.wire(ctx)
	if err != nil {
		return fmt.Errorf("set lifecycle rules: %w", err)
	}
	if _, err := wire.PutBucketLifecycle(ctx, &s3.PutBucketLifecycleRequest{Bucket: b.name, Rules: rules}); err != nil {
		return fmt.Errorf("set lifecycle rules: %w", b.explain(ctx, err))
	}
	return nil
}

// DeleteLifecycle removes the lifecycle rules. What is in the archive stays
// there. If there are none, the error is fs.ErrNotExist.
func (b *Bucket) DeleteLifecycle(ctx context.Context) error {
	wire, err := b.wire(ctx)
	if err != nil {
		return fmt.Errorf("delete lifecycle rules: %w", err)
	}
	if _, err := wire.DeleteBucketLifecycle(ctx, &s3.DeleteBucketLifecycleRequest{Bucket: b.name}); err != nil {
		return fmt.Errorf("delete lifecycle rules: %w", b.explain(ctx, err))
	}
	return nil
}
