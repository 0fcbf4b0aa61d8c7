package store

import (
	"context"
	"io"
)

// PutOptions are what a new object is given besides its body. A nil *PutOptions means the zero value.
type PutOptions struct {
	Attributes
	Owner string
	ACL   ACL

	// Check, if set, is called under the key's lock just before the commit with the object that is about to be replaced, nil
	// if there is none. An error of Check stores nothing and is returned as it is. It must not call the store. It may be
	// called more than once.
	Check func(current *Object) error

	// Checksum, if set, is called after the body was read to its end and before the commit.
	Checksum func() Checksum
}

// Put stores body as the object and returns it once it is durable. The body is read to io.EOF; any other error stores
// nothing and is returned wrapped. Concurrent writers of one key leave one whole object of one of them.
func (s *Store) Put(ctx context.Context, bucket, key string, body io.Reader, o *PutOptions) (Object, error) {
	return Object{}, ErrNoSuchBucket
}

// Stat describes the object, or fails with ErrNoSuchBucket or ErrNoSuchKey.
func (s *Store) Stat(ctx context.Context, bucket, key string) (Object, error) {
	return Object{}, ErrNoSuchKey
}

// Update lets change alter the attributes and the ACL of an object and stores it; changes to its other fields are ignored.
// It sets Modified only if change does. An error of change stores nothing and is returned as it is.
func (s *Store) Update(ctx context.Context, bucket, key string, change func(*Object) error) (Object, error) {
	return Object{}, ErrNoSuchKey
}

// Delete removes the object; a missing key is not an error and existed is false. Check, if not nil, is called under the key's
// lock with the object, nil if there is none; its error keeps the object and is returned as it is.
func (s *Store) Delete(ctx context.Context, bucket, key string, check func(current *Object) error) (existed bool, err error) {
	return false, ErrNoSuchBucket
}

// CopyOptions say how Copy writes its target. A nil *CopyOptions means the zero value. The embedded options replace all
// attributes, the owner and the ACL of the source; start from CheckSource's object to keep them.
type CopyOptions struct {
	PutOptions

	// CheckSource, if set, is called with the source before anything is written; its error is returned as it is. It may fill in
	// the PutOptions from what it sees, and may be called more than once.
	CheckSource func(source Object) error
}

// Copy stores the source's body under the destination key with a new Modified and an ETag that is the MD5 of the body, as
// COS does. Large bodies are shared, not copied, when that leaves the ETag right. Source and destination may be the same.
// A zero checksum from o.Checksum (or none) keeps the source's.
func (s *Store) Copy(ctx context.Context, srcBucket, srcKey, dstBucket, dstKey string, o *CopyOptions) (Object, error) {
	return Object{}, ErrNoSuchKey
}
