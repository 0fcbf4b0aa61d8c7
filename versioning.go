package icos

import (
	"context"
	"errors"
	"fmt"

	"github.com/icos-go/icos/s3"
)

// Versioning says what becomes of an object of a bucket that is overwritten or
// deleted.
type Versioning string

// The states of versioning. Once enabled it can only be suspended.
const (
	NoVersioning        Versioning = Versioning(s3.VersioningNever)     // what is overwritten or deleted is gone
	VersioningEnabled   Versioning = Versioning(s3.VersioningEnabled)   // every write makes a new version, a deletion a delete marker
	VersioningSuspended Versioning = Versioning(s3.VersioningSuspended) // versions stay; what is written now has none
)

// NullVersion is the VersionID of what was stored while the bucket did not have
// versioning enabled.
const NullVersion = s3.NullVersion

// Versioning returns whether the bucket keeps versions of its objects.
func (b *Bucket) Versioning(ctx context.Context) (Versioning, error) {
	resp, err := call(ctx, b, "get versioning", (*s3.Client).GetBucketVersioning, &s3.GetBucketVersioningRequest{Bucket: b.name})
	if err != nil {
		return "", err
	}
	return Versioning(resp.Status), nil
}

// SetVersioning has the bucket keep versions of its objects, or, if enabled is
// false, suspends that. A bucket with a retention policy cannot have versioning,
// and one with object lock or replication cannot suspend it.
func (b *Bucket) SetVersioning(ctx context.Context, enabled bool) error {
	status := s3.VersioningSuspended
	if enabled {
		status = s3.VersioningEnabled
	}
	_, err := call(ctx, b, "set versioning", (*s3.Client).PutBucketVersioning, &s3.PutBucketVersioningRequest{Bucket: b.name, Status: status})
	return err
}

// MakeLatest makes the version that the handle is made for, by
// [Object.Version], the current one again: it copies it over its own key,
// without moving its bytes through this machine. All other versions stay, also
// a delete marker that hid the object. It returns the new version, whose ACL is
// private, as that of every copy.
func (o *Object) MakeLatest(ctx context.Context) (ObjectInfo, error) {
	if o.version == "" {
		return ObjectInfo{}, errors.New("make latest: the handle names no version")
	}
	latest := *o
	latest.version = ""
	info, err := o.copy(ctx, &latest, CopyOptions{})
	if err != nil {
		return ObjectInfo{}, fmt.Errorf("make version %s the latest: %w", o.version, err)
	}
	return info, nil
}
