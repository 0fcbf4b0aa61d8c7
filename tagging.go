package icos

import (
	"context"

	"github.com/icos-go/icos/internal/wireform"
	"github.com/icos-go/icos/s3"
)

// Tags returns the tags of the object, or of the version that the handle is made
// for, by their keys.
func (o *Object) Tags(ctx context.Context) (map[string]string, error) {
	resp, err := call(ctx, o, "get tags", (*s3.Client).GetObjectTagging, &s3.GetObjectTaggingRequest{Bucket: o.bucket.name, Key: o.key, VersionID: o.version})
	if err != nil {
		return nil, err
	}
	return tagMap(resp.Tags), nil
}

// SetTags replaces the tags of the object, or of the version that the handle is
// made for. It has at most ten, with keys of 1–128 characters and values of up to
// 256.
func (o *Object) SetTags(ctx context.Context, tags map[string]string) error {
	const step = "set tags"
	if len(tags) == 0 {
		_, err := call(ctx, o, step, (*s3.Client).DeleteObjectTagging, &s3.DeleteObjectTaggingRequest{
			Bucket: o.bucket.name, Key: o.key, VersionID: o.version,
		})
		return err
	}
	_, err := call(ctx, o, step, (*s3.Client).PutObjectTagging, &s3.PutObjectTaggingRequest{
		Bucket: o.bucket.name, Key: o.key, VersionID: o.version, Tags: wireform.Tags(tags),
	})
	return err
}

// Tags returns the tags of the bucket by their keys.
func (b *Bucket) Tags(ctx context.Context) (map[string]string, error) {
	resp, err := call(ctx, b, "get bucket tags", (*s3.Client).GetBucketTagging, &s3.GetBucketTaggingRequest{Bucket: b.name})
	if hasCode(err, "NoSuchTagSet") {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	return tagMap(resp.Tags), nil
}

// SetTags replaces the tags of the bucket.
func (b *Bucket) SetTags(ctx context.Context, tags map[string]string) error {
	const step = "set bucket tags"
	if len(tags) == 0 {
		_, err := call(ctx, b, step, (*s3.Client).DeleteBucketTagging, &s3.DeleteBucketTaggingRequest{Bucket: b.name})
		return err
	}
	_, err := call(ctx, b, step, (*s3.Client).PutBucketTagging, &s3.PutBucketTaggingRequest{Bucket: b.name, Tags: wireform.Tags(tags)})
	return err
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
