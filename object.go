package icos

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"unicode/utf8"

	"github.com/icos-go/icos/s3"
)

// An Object is a handle of an object: a bucket and a key, and maybe a version.
// It is made by [Bucket.Object] and may be shared between goroutines.
type Object struct {
	bucket  *Bucket
	key     string
	version string

	customer CustomerKey // see WithKey
}

// Key returns the key of the object.
func (o *Object) Key() string { return o.key }

// Bucket returns the bucket of the object.
func (o *Object) Bucket() *Bucket { return o.bucket }

// Version returns a handle of one version of the object, for Get, Stat, Copy,
// Delete, MakeLatest, the ACL, the tags and the lock.
func (o *Object) Version(id string) *Object {
	c := *o
	c.version = id
	return &c
}

// VersionID returns the version that the handle was made for, "" for the latest.
func (o *Object) VersionID() string { return o.version }

// String returns the object as commands write it, cos://bucket/key.
func (o *Object) String() string { return "cos://" + o.bucket.name + "/" + o.key }

// Stat describes the object without reading it. If there is none, the error is
// fs.ErrNotExist.
func (o *Object) Stat(ctx context.Context) (ObjectInfo, error) {
	resp, err := call(ctx, o, "stat", (*s3.Client).HeadObject, &s3.HeadObjectRequest{
		Bucket: o.bucket.name, Key: o.key, VersionID: o.version, CustomerKey: o.customer,
	})
	if err != nil {
		return ObjectInfo{}, err
	}
	info := newObjectInfo(o.key, &resp.ObjectHeader)
	info.Size = resp.ContentLength
	return info, nil
}

// Exists reports whether there is such an object.
func (o *Object) Exists(ctx context.Context) (bool, error) {
	_, err := o.Stat(ctx)
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	return err == nil, err
}

// Delete removes the object. That it does not exist is not an error. In a bucket
// with versioning the object is hidden by a delete marker, unless the handle is
// that of a version, which is then removed for good.
func (o *Object) Delete(ctx context.Context) error {
	_, err := call(ctx, o, "delete", (*s3.Client).DeleteObject, &s3.DeleteObjectRequest{
		Bucket: o.bucket.name, Key: o.key, VersionID: o.version, BypassGovernanceRetention: o.bucket.bypass,
	})
	return err
}

// ACL returns who may do what with the object.
func (o *Object) ACL(ctx context.Context) (*ACL, error) {
	resp, err := call(ctx, o, "get ACL", (*s3.Client).GetObjectACL, &s3.GetObjectACLRequest{
		Bucket: o.bucket.name, Key: o.key, VersionID: o.version,
	})
	if err != nil {
		return nil, err
	}
	return newACL(resp.Owner, resp.Grants), nil
}

// SetACL replaces the ACL of the object: [PublicRead] exposes it to everybody,
// [Private] takes that back.
func (o *Object) SetACL(ctx context.Context, acl CannedACL) error {
	_, err := call(ctx, o, "set ACL", (*s3.Client).PutObjectACL, &s3.PutObjectACLRequest{
		Bucket: o.bucket.name, Key: o.key, VersionID: o.version, ACL: string(acl),
	})
	return err
}

func (o *Object) wire(ctx context.Context) (*s3.Client, error) {
	if err := checkKey(o.key); err != nil {
		return nil, err
	}
	return o.bucket.wire(ctx)
}

func (o *Object) explain(ctx context.Context, err error) error { return o.bucket.explain(ctx, err) }

// maxKeySize is the longest key, in bytes.
const maxKeySize = 1024

func checkKey(key string) error {
	switch {
	case key == "":
		return errors.New("the key is empty")
	case len(key) > maxKeySize:
		return fmt.Errorf("the key has %d bytes; at most %d are possible", len(key), maxKeySize)
	case !utf8.ValidString(key):
		return fmt.Errorf("the key %q is not UTF-8", key)
	}
	return nil
}

// newObjectInfo leaves Size to the caller, because the length of an answer is
// not always that of the object.
func newObjectInfo(key string, h *s3.ObjectHeader) ObjectInfo {
	info := ObjectInfo{
		Key:                key,
		ETag:               h.ETag,
		ModTime:            h.LastModified,
		ContentType:        h.ContentType,
		CacheControl:       h.CacheControl,
		ContentDisposition: h.ContentDisposition,
		ContentEncoding:    h.ContentEncoding,
		ContentLanguage:    h.ContentLanguage,
		Metadata:           h.Metadata,
		VersionID:          h.VersionID,
		Checksum:           h.Checksum,
		TagCount:           h.TaggingCount,
		EncryptedBy:        encryptedBy(&h.EncryptionHeader),
		Lock:               Lock{Mode: LockMode(h.ObjectLockMode), Until: h.ObjectLockRetainUntilDate, Hold: h.ObjectLockLegalHold == "ON"},
		RetainedUntil:      h.RetentionExpirationDate,
		LegalHolds:         h.RetentionLegalHoldCount,
	}
	if h.RetentionPeriod != nil {
		info.RetentionPeriod = *h.RetentionPeriod
	}
	info.StorageClass, info.Archive = h.StorageClass, newArchive(h)
	info.Expires, info.ExpiryRule = newExpiry(h.Expiration)
	info.Replication = newReplicationStatus(h.ReplicationStatus)
	return info
}
