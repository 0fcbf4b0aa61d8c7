package icos

import (
	"context"

	"github.com/icos-go/icos/s3"
)

// What becomes of objects as they grow old.
type (
	// A LifecycleRule says what becomes of objects as they grow old.
	LifecycleRule = s3.LifecycleRule
	// A LifecycleFilter chooses the objects that a rule is about.
	LifecycleFilter = s3.LifecycleFilter
	// A Tag is a label. A filter with tags chooses the objects that have them all.
	Tag = s3.Tag
	// A LifecycleTransition moves new objects to an archive.
	LifecycleTransition = s3.LifecycleTransition
	// A LifecycleExpiration deletes objects.
	LifecycleExpiration = s3.LifecycleExpiration
	// A NoncurrentVersionExpiration removes old versions.
	NoncurrentVersionExpiration = s3.NoncurrentVersionExpiration
)

// Lifecycle returns the lifecycle rules, none if the bucket has none.
func (b *Bucket) Lifecycle(ctx context.Context) ([]LifecycleRule, error) {
	resp, err := call(ctx, b, "get lifecycle rules", (*s3.Client).GetBucketLifecycle, &s3.GetBucketLifecycleRequest{Bucket: b.name})
	if hasCode(err, "NoSuchLifecycleConfiguration") {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	return resp.Rules, nil
}

// SetLifecycle replaces the lifecycle rules. Expirations concern all objects;
// a transition concerns those that are written from now on. An empty list is
// refused; use [Bucket.DeleteLifecycle].
func (b *Bucket) SetLifecycle(ctx context.Context, rules []LifecycleRule) error {
	_, err := call(ctx, b, "set lifecycle rules", (*s3.Client).PutBucketLifecycle, &s3.PutBucketLifecycleRequest{Bucket: b.name, Rules: rules})
	return err
}

// DeleteLifecycle removes the lifecycle rules. What is in the archive stays
// there. That there are none is no error.
func (b *Bucket) DeleteLifecycle(ctx context.Context) error {
	_, err := call(ctx, b, "delete lifecycle rules", (*s3.Client).DeleteBucketLifecycle, &s3.DeleteBucketLifecycleRequest{Bucket: b.name})
	if hasCode(err, "NoSuchLifecycleConfiguration") {
		return nil
	}
	return err
}
