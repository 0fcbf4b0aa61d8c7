package icos

import (
	"context"
	"errors"
	"fmt"

	"github.com/icos-go/icos/internal/wireform"
	"github.com/icos-go/icos/s3"
)

// Tags returns the tags of the object, or of the version that the handle is made
// for, by their keys.
func (o *Object) Tags(ctx context.Context) (map[string]string, error) {
	wire, err := o.wire(ctx)
	if err != nil {
		return nil, fmt.Errorf("get tags: %w", err)
	}
	resp, err := wire.GetObjectTagging(ctx, &s3.GetObjectTaggingRequest{Bucket: o.bucket.name, Key: o.key, VersionID: o.version})
	if err != nil {
		return nil, fmt.Errorf("get tags: %w", o.bucket.explain(ctx, err))
	}
	return tagMap(resp.Tags), nil
}

// SetTags replaces the tags of the object, or of the version that the handle is
// made for. It has at most ten, with keys of 1–128 characters and values of up to
// 256.
func (o *Object) SetTags(ctx context.Context, tags map[string]string) error {
	wire, err := o.wire(ctx)
	if err != nil {
		return fmt.Errorf("set tags: %w", err)
	}
	if len(tags) == 0 {
		_, err = wire.DeleteObjectTagging(ctx, &s3.DeleteObjectTaggingRequest{Bucket: o.bucket.name, Key: o.key, VersionID: o.version})
	} else {
		_, err = wire.PutObjectTagging(ctx, &s3.PutObjectTaggingRequest{
			Bucket: o.bucket.name, Key: o.key, VersionID: o.version, Tags: wireform.Tags(tags),
		})
	}
	if err != nil {
		return fmt.Errorf("set tags: %w", o.bucket.explain(ctx, err))
	}
	return nil
}

// Tags returns the tags of the bucket by their keys.
func (b *Bucket) Tags(ctx context.Context) (map[string]string, error) {
	wire, err := b.wire(ctx)
	if err != nil {
		return nil, fmt.Errorf("get bucket tags: %w", err)
	}
	resp, err := wire.GetBucketTagging(ctx, &s3.GetBucketTaggingRequest{Bucket: b.name})
	if e, ok := errors.AsType[*Error](err); ok && e.Code == "NoSuchTagSet" {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("get bucket tags: %w", b.explain(ctx, err))
	}
	return tagMap(resp.Tags), nil
}

// SetTags replaces the tags of the bucket.
func (b *Bucket) SetTags(ctx context.Context, tags map[string]string) error {
	wire, err := b.wire(ctx)
	if err != nil {
		return fmt.Errorf("set bucket tags: %w", err)
	}
	if len(tags) == 0 {
		_, err = wire.DeleteBucketTagging(ctx, &s3.DeleteBucketTaggingRequest{Bucket: b.name})
	} else {
		_, err = wire.PutBucketTagging(ctx, &s3.PutBucketTaggingRequest{Bucket: b.name, Tags: wireform.Tags(tags)})
	}
	if err != nil {
		return fmt.Errorf("set bucket tags: %w", b.explain(ctx, err))
	}
	return nil
}

func tagMap(tags []s3.Tag) map[string]string {
	if len(tags) == 0 {
		return nil
	}
	m := make(map[string]string, len(tags))
	for _, t := range tags {
		m[t.Key] = t.Value
	}
	return m
}
