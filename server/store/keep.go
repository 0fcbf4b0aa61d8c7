package store

import (
	"slices"
	"time"
)

// Modes of an object lock.
const (
	LockGovernance = "GOVERNANCE" // those with a special right may shorten it, and remove the version
	LockCompliance = "COMPLIANCE" // nobody may
)

// KeptBy says what keeps the version from being removed or overwritten at that time, in words for people; "" if nothing does.
// Bypass leaves a lock in governance mode out of account.
func (o *Object) KeptBy(now time.Time, bypass bool) string {
	switch {
	case len(o.Retention.Holds) > 0 || o.Lock.LegalHold:
		return "a legal hold"
	case o.Retention.Kept && o.Retention.Period == RetainPermanently:
		return "permanent retention"
	case o.Retention.Kept && o.Retention.Period == RetainIndefinitely:
		return "indefinite retention"
	}
	if until := o.RetainedUntil(); now.Before(until) {
		return "its retention period, until " + until.Format(time.RFC3339)
	}
	if o.Lock.holdsAt(now) && !(bypass && o.Lock.Mode == LockGovernance) {
		return "an object lock in " + o.Lock.Mode + " mode, until " + o.Lock.Until.UTC().Format(time.RFC3339)
	}
	return ""
}

// RetainedUntil is when the retention period of the object ends; zero without one, or with one that has no end.
func (o *Object) RetainedUntil() time.Time {
	if !o.Retention.Kept || o.Retention.Period < 0 {
		return time.Time{}
	}
	return after(o.Modified, o.Retention.Period)
}

// after is t and so many seconds, also where they are more than a time.Duration holds.
func after(t time.Time, seconds int64) time.Time {
	return time.Unix(t.Unix()+seconds, int64(t.Nanosecond())).UTC()
}

// Held reports whether there is a legal hold of that id.
func (r *Retention) Held(id string) bool {
	return slices.ContainsFunc(r.Holds, func(h LegalHold) bool { return h.ID == id })
}

// holdsAt reports whether the retention of the lock is in force.
func (l *Lock) holdsAt(now time.Time) bool { return l.Mode != "" && now.Before(l.Until) }

// New is the lock that an object which is stored at that time gets unless it is given another; zero without a default.
func (l BucketLock) New(now time.Time) Lock {
	if !l.Enabled || l.Mode == "" {
		return Lock{}
	}
	return Lock{Mode: l.Mode, Until: WholeSecond(now.AddDate(l.Years, 0, l.Days))}
}

// WholeSecond is t, or the next whole second if it is not one: a lock never ends before its time.
func WholeSecond(t time.Time) time.Time {
	whole := t.UTC().Truncate(time.Second)
	if whole.Before(t) {
		whole = whole.Add(time.Second)
	}
	return whole
}
