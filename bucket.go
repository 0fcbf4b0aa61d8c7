package icos

import (
	"context"
	"errors"
	"fmt"
	"io/fs"

	"github.com/icos-go/icos/s3"
)

// A Bucket is a handle of a bucket. It is made by [Client.Bucket] and may be
// shared between goroutines.
type Bucket struct {
	client *Client
	name   string
	bypass bool // of locks in governance mode
}

// Name returns the name of the bucket.
func (b *Bucket) Name() string { return b.name }

// Client returns the client that the handle was made by.
func (b *Bucket) Client() *Client { return b.client }

// Object returns a handle of the object under key. It does no I/O; the object
// need not exist.
func (b *Bucket) Object(key string) *Object { return &Object{bucket: b, key: key} }

// S3 returns the client of the wire that serves the bucket, which it looks up if
// need be. This is a low-level function that most users won't need.
func (b *Bucket) S3(ctx context.Context) (*s3.Client, error) { return b.wire(ctx) }

// CreateOptions say how a bucket is made.
type CreateOptions struct {
	// Location is where the bucket is kept and in which storage class, such as
	// eu-de-smart. If empty, Config.Location, then the service's choice.
	Location string

	// ACL says who else may use it. If empty, nobody.
	ACL CannedACL

	// RootKeyCRN is the CRN of a root key in Key Protect, which package keyprotect
	// lists. Every object is then encrypted with a key of its own under the root key, for as
	// long as the bucket lives, and lost when the root key is deleted.
	RootKeyCRN string

	// ObjectLock turns object lock on, and versioning with it, for good.
	ObjectLock bool
}

// Create makes the bucket. If there is a bucket of that name already, whoever
// has it, the error is fs.ErrExist.
func (b *Bucket) Create(ctx context.Context, o *CreateOptions) error {
	opts := valueOr(o)
	if opts.Location == "" {
		opts.Location = b.client.cfg.Location
	}
	if err := b.create(ctx, &opts); err != nil {
		return fmt.Errorf("create bucket: %w", b.client.needsInstance(err))
	}
	return nil
}

func (b *Bucket) create(ctx context.Context, o *CreateOptions) error {
	if err := checkBucketName(b.name); err != nil {
		return err
	}
	wire := b.client.fixed
	if wire == nil {
		if o.Location == "" {
			return fmt.Errorf("%w: set Config.Endpoint, Config.Location or CreateOptions.Location", ErrNoEndpoint)
		}
		var err error
		if wire, err = b.client.in(ctx, o.Location); err != nil {
			return err
		}
	}
	b.client.spots.forget(b.name)
	r := &s3.CreateBucketRequest{
		Bucket: b.name, ACL: string(o.ACL), LocationConstraint: o.Location, ObjectLockEnabled: o.ObjectLock,
	}
	if o.RootKeyCRN != "" {
		r.KeyProtectAlgorithm, r.KeyProtectRootKeyCRN = "AES256", o.RootKeyCRN
	}
	_, err := wire.CreateBucket(ctx, r)
	return err
}

// Delete removes the bucket, which must be empty. COS reserves its name for
// some minutes.
func (b *Bucket) Delete(ctx context.Context) error {
	if _, err := call(ctx, b, "delete bucket", (*s3.Client).DeleteBucket, &s3.DeleteBucketRequest{Bucket: b.name}); err != nil {
		return err
	}
	b.client.spots.forget(b.name)
	return nil
}

// Exists reports whether there is such a bucket. That it is somewhere else, or
// that looking is forbidden, is an error.
func (b *Bucket) Exists(ctx context.Context) (bool, error) {
	err := b.head(ctx)
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("look for bucket: %w", err)
	}
	return true, nil
}

func (b *Bucket) head(ctx context.Context) error {
	wire, err := b.wire(ctx)
	if err != nil {
		return err
	}
	_, err = wire.HeadBucket(ctx, &s3.HeadBucketRequest{Bucket: b.name})
	return b.explain(ctx, err)
}

// Stat describes the bucket. It takes part of a list of buckets, which needs more
// rights than [Bucket.Exists] and [Bucket.Location] do.
func (b *Bucket) Stat(ctx context.Context) (BucketInfo, error) {
	for info, err := range b.client.Buckets(ctx, &BucketsOptions{Prefix: b.name}) {
		if err != nil {
			return BucketInfo{}, err
		}
		if info.Name == b.name {
			return info, nil
		}
		if info.Name > b.name {
			break
		}
	}
	return BucketInfo{}, fmt.Errorf("stat bucket: %w", b.missing("ListBuckets"))
}

// missing is the error for a bucket that is not in the list of buckets.
func (b *Bucket) missing(op string) error {
	return &Error{
		Op: op, Bucket: b.name, Code: "NoSuchBucket", StatusCode: 404,
		Message: "the service instance has no bucket of this name",
	}
}

// Location returns the location constraint of the bucket, such as
// us-south-standard.
func (b *Bucket) Location(ctx context.Context) (string, error) {
	resp, err := call(ctx, b, "locate bucket", (*s3.Client).GetBucketLocation, &s3.GetBucketLocationRequest{Bucket: b.name})
	if err != nil {
		return "", err
	}
	return resp.LocationConstraint, nil
}

// ACL returns who may do what with the bucket.
func (b *Bucket) ACL(ctx context.Context) (*ACL, error) {
	resp, err := call(ctx, b, "get bucket ACL", (*s3.Client).GetBucketACL, &s3.GetBucketACLRequest{Bucket: b.name})
	if err != nil {
		return nil, err
	}
	return newACL(resp.Owner, resp.Grants), nil
}

// SetACL replaces the ACL of the bucket.
func (b *Bucket) SetACL(ctx context.Context, acl CannedACL) error {
	_, err := call(ctx, b, "set bucket ACL", (*s3.Client).PutBucketACL, &s3.PutBucketACLRequest{Bucket: b.name, ACL: string(acl)})
	return err
}

// checkBucketName catches names that would change the meaning of a request's
// path. Whether a name is good is for the service to say.
func checkBucketName(name string) error {
	if name == "" {
		return errors.New("the name of the bucket is empty")
	}
	for _, c := range []byte(name) {
		switch {
		case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', '0' <= c && c <= '9', c == '-', c == '.', c == '_':
		default:
			return fmt.Errorf("bucket name %q: a name has lower-case letters, digits, dots and hyphens only", name)
		}
	}
	if name == "." || name == ".." || len(name) > 255 {
		return fmt.Errorf("bucket name %q: not a name", name)
	}
	return nil
}
