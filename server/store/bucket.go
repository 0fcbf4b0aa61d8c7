package store

import (
	"context"
	"time"
)

// Bucket describes a bucket. Bytes and slices in it are the caller's own copy.
type Bucket struct {
	Name     string
	Instance string // uuid of the service instance that owns it
	Owner    string
	Location string // location constraint, for example us-south-standard
	Created  time.Time
	ACL      ACL
	CORS     []byte // the raw CORSConfiguration document as stored; nil if none
}

// CreateBucket makes a bucket, or fails with ErrBucketExists. A zero Created means now.
func (s *Store) CreateBucket(ctx context.Context, b Bucket) error { return ErrClosed }

// Bucket returns the bucket of that name, or ErrNoSuchBucket. It touches no disk.
func (s *Store) Bucket(ctx context.Context, name string) (Bucket, error) {
	return Bucket{}, ErrNoSuchBucket
}

// UpdateBucket lets change alter a copy of the bucket and stores it. Changes to Name are ignored. An error of change stores
// nothing and is returned as it is.
func (s *Store) UpdateBucket(ctx context.Context, name string, change func(*Bucket) error) (Bucket, error) {
	return Bucket{}, ErrNoSuchBucket
}

// DeleteBucket removes an empty bucket, or fails with ErrNoSuchBucket or ErrBucketNotEmpty. Uploads in progress do not keep
// a bucket; they end with it.
func (s *Store) DeleteBucket(ctx context.Context, name string) error { return ErrNoSuchBucket }

// Buckets lists at most limit buckets of an instance whose names begin with prefix and come after the name after, sorted by
// name in byte order. An empty instance means every instance; limit 0 or less means no limit. More says that further ones
// follow.
func (s *Store) Buckets(ctx context.Context, instance, prefix, after string, limit int) (list []Bucket, more bool, err error) {
	return nil, false, ErrClosed
}
