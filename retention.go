package icos

import (
	"context"
	"time"

	"github.com/icos-go/icos/internal/wireform"
	"github.com/icos-go/icos/s3"
)

// Retention periods that are no length of time, wherever one is given or told.
const (
	RetainIndefinitely = s3.RetentionIndefinite // until ExtendRetention says how long
	RetainPermanently  = s3.RetentionPermanent  // for ever, in a bucket that allows that
)

// A Protection is the retention policy of a bucket. Objects can be neither
// replaced nor deleted, by anybody, before the retention period that began when
// they were stored has passed and all legal holds on them are gone. A bucket
// that has a policy never loses it, and cannot have versioning.
type Protection struct {
	Enabled   bool // there is a policy
	Minimum   int  // days; 0 ≤ Minimum ≤ Default ≤ Maximum
	Default   int  // days that an object is kept which does not say how long
	Maximum   int  // days, at most 365243
	Permanent bool // objects may be kept for ever; once allowed, always allowed
}

// Protection returns the retention policy of the bucket. It is the zero value if
// there is none.
func (b *Bucket) Protection(ctx context.Context) (Protection, error) {
	resp, err := call(ctx, b, "get retention policy", (*s3.Client).GetBucketProtectionConfiguration, &s3.GetBucketProtectionConfigurationRequest{Bucket: b.name})
	if err != nil {
		return Protection{}, err
	}
	if resp.Status != "Retention" {
		return Protection{}, nil
	}
	return Protection{
		Enabled: true, Minimum: resp.MinimumDays, Default: resp.DefaultDays, Maximum: resp.MaximumDays,
		Permanent: resp.EnablePermanentRetention,
	}, nil
}

// SetProtection gives the bucket, which must be empty, a retention policy, or
// changes the one that it has. There is no way back. Enabled does not count.
func (b *Bucket) SetProtection(ctx context.Context, p Protection) error {
	_, err := call(ctx, b, "set retention policy", (*s3.Client).PutBucketProtectionConfiguration, &s3.PutBucketProtectionConfigurationRequest{
		Bucket: b.name,
		Protection: s3.Protection{
			MinimumDays: p.Minimum, DefaultDays: p.Default, MaximumDays: p.Maximum, EnablePermanentRetention: p.Permanent,
		},
	})
	return err
}

// A Retention says how long a new object is kept, in a bucket with a retention
// policy. The zero value leaves it to the policy.
type Retention struct {
	// For is how long the object is kept from the moment it is stored, in whole
	// seconds, or RetainIndefinitely or RetainPermanently. A Duration ends at 292
	// years; Until goes further.
	For time.Duration

	// Until is the date until which it is kept, instead of For.
	Until time.Time

	// Hold is the ID of a legal hold that the object begins with.
	Hold string
}

// A LegalHold keeps an object until it is released.
type LegalHold = s3.LegalHold

// A RetentionState says how long an object is kept.
type RetentionState struct {
	Since  time.Time   // when the object was stored and its period began
	Period int64       // seconds, RetainIndefinitely or RetainPermanently
	Until  time.Time   // when the period ends; zero if it does not
	Holds  []LegalHold // which keep the object even after that
}

// Retention returns how long the object is kept. If it is not in a bucket with a
// retention policy, the error is fs.ErrNotExist.
func (o *Object) Retention(ctx context.Context) (RetentionState, error) {
	resp, err := call(ctx, o, "get retention", (*s3.Client).ListLegalHolds, &s3.ListLegalHoldsRequest{Bucket: o.bucket.name, Key: o.key})
	if err != nil {
		return RetentionState{}, err
	}
	return RetentionState{
		Since: resp.CreateTime, Period: resp.RetentionPeriod, Until: resp.RetentionPeriodExpirationDate, Holds: resp.LegalHolds,
	}, nil
}

// A RetentionExtension lengthens the retention period of an object in exactly
// one of four ways. Lengths of time count in whole seconds.
type RetentionExtension struct {
	By      time.Duration // so much longer than it is
	FromNow time.Duration // to so much from now on
	For     time.Duration // to so much since the object was stored
	Until   time.Time     // to this date
}

// ExtendRetention lengthens the retention period of the object; nobody can
// shorten it. An indefinite period becomes a definite one, which may end at once.
func (o *Object) ExtendRetention(ctx context.Context, e RetentionExtension) error {
	_, err := call(ctx, o, "extend retention", (*s3.Client).ExtendObjectRetention, &s3.ExtendObjectRetentionRequest{
		Bucket: o.bucket.name, Key: o.key,
		AdditionalRetentionPeriod:      wireform.Seconds(e.By),
		ExtendRetentionFromCurrentTime: wireform.Seconds(e.FromNow),
		NewRetentionPeriod:             wireform.Seconds(e.For),
		NewRetentionExpirationDate:     e.Until,
	})
	return err
}

// AddHold puts a legal hold on the object, which must be in a bucket with a
// retention policy. The ID has 1–64 letters, digits and characters !_.*()'-, and an
// object has at most 100 of them. If there is one of that ID, the error is
// fs.ErrExist.
func (o *Object) AddHold(ctx context.Context, id string) error {
	_, err := call(ctx, o, "add legal hold", (*s3.Client).AddLegalHold, &s3.AddLegalHoldRequest{Bucket: o.bucket.name, Key: o.key, ID: id})
	return err
}

// RemoveHold takes a legal hold off the object. If there is none of that ID, the
// error is fs.ErrNotExist.
func (o *Object) RemoveHold(ctx context.Context, id string) error {
	_, err := call(ctx, o, "remove legal hold", (*s3.Client).DeleteLegalHold, &s3.DeleteLegalHoldRequest{Bucket: o.bucket.name, Key: o.key, ID: id})
	return err
}

// Holds returns the legal holds on the object. They are part of what
// [Object.Retention] returns.
func (o *Object) Holds(ctx context.Context) ([]LegalHold, error) {
	state, err := o.Retention(ctx)
	if err != nil {
		return nil, err
	}
	return state.Holds, nil
}
