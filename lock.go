package icos

import (
	"context"
	"fmt"
	"time"

	"github.com/icos-go/icos/s3"
)

// A LockMode says who may shorten a lock.
type LockMode string

// The modes of object lock.
const (
	Governance LockMode = s3.Governance // those with a special right; IBM Cloud does not offer it yet
	Compliance LockMode = s3.Compliance // nobody
)

// A Lock keeps one version of an object, in a bucket with object lock. The zero
// value keeps nothing; given to a new object, it leaves the lock to the bucket.
type Lock struct {
	Mode  LockMode  // if empty, there is no date
	Until time.Time // before which the version cannot be deleted
	Hold  bool      // a legal hold, which keeps the version until it is released
}

// A LockDefault is how objects are locked that are stored without a lock of their
// own: for Days, or for Years. The zero value leaves them unlocked.
type LockDefault struct {
	Mode  LockMode
	Days  int // at most 36500
	Years int // at most 100
}

// ObjectLock returns how the bucket locks new objects. If it does not have object
// lock, the error is fs.ErrNotExist.
func (b *Bucket) ObjectLock(ctx context.Context) (LockDefault, error) {
	resp, err := call(ctx, b, "get object lock", (*s3.Client).GetObjectLockConfiguration, &s3.GetObjectLockConfigurationRequest{Bucket: b.name})
	if err != nil {
		return LockDefault{}, err
	}
	return LockDefault{Mode: LockMode(resp.Mode), Days: resp.Days, Years: resp.Years}, nil
}

// SetObjectLock enables object lock on the bucket, which must have versioning,
// and sets how new objects are locked. Object lock cannot be disabled again.
func (b *Bucket) SetObjectLock(ctx context.Context, d LockDefault) error {
	_, err := call(ctx, b, "set object lock", (*s3.Client).PutObjectLockConfiguration, &s3.PutObjectLockConfigurationRequest{
		Bucket:        b.name,
		Configuration: s3.ObjectLockConfiguration{Enabled: true, Mode: string(d.Mode), Days: d.Days, Years: d.Years},
	})
	return err
}

// BypassGovernance returns a handle of the bucket that goes around locks in
// governance mode, as do the handles of its objects: they delete what is locked
// so, and shorten the locks. A special right is needed for that.
func (b *Bucket) BypassGovernance() *Bucket {
	bypassing := *b
	bypassing.bypass = true
	return &bypassing
}

// Lock returns how the object, or the version that the handle is made for, is
// locked.
func (o *Object) Lock(ctx context.Context) (Lock, error) {
	info, err := o.Stat(ctx)
	if err != nil {
		return Lock{}, fmt.Errorf("get lock: %w", err)
	}
	return info.Lock, nil
}

// SetLock locks the object, or the version that the handle is made for, until a
// date. A lock can always be made longer. Without a mode and a date it is taken
// off, or one in governance mode made shorter, by a handle that
// [Bucket.BypassGovernance] made. Legal holds are left alone: see
// [Object.SetLockHold].
func (o *Object) SetLock(ctx context.Context, mode LockMode, until time.Time) error {
	_, err := call(ctx, o, "lock", (*s3.Client).PutObjectRetention, &s3.PutObjectRetentionRequest{
		Bucket: o.bucket.name, Key: o.key, VersionID: o.version,
		Mode: string(mode), RetainUntilDate: until, BypassGovernanceRetention: o.bucket.bypass,
	})
	return err
}

// SetLockHold puts a legal hold on the object, or on the version that the handle
// is made for, or releases it.
func (o *Object) SetLockHold(ctx context.Context, on bool) error {
	status := "OFF"
	if on {
		status = "ON"
	}
	_, err := call(ctx, o, "set legal hold", (*s3.Client).PutObjectLegalHold, &s3.PutObjectLegalHoldRequest{
		Bucket: o.bucket.name, Key: o.key, VersionID: o.version, Status: status,
	})
	return err
}
