package lifecycle

import (
	"time"

	"github.com/icos-go/icos/server/store"
)

const day = 24 * time.Hour

// Due is when a rule acts.
type Due struct {
	At   time.Time
	Rule string // ID of the rule that acts first
}

// by reports whether it is due at now.
func (d Due) by(now time.Time) bool { return !now.Before(d.At) }

// earliest keeps the earlier of two.
func (d *Due) earliest(at time.Time, rule string) {
	if d.At.IsZero() || at.Before(d.At) {
		*d = Due{at, rule}
	}
}

// midnight is the first midnight UTC that does not come before t.
func midnight(t time.Time) time.Time {
	t = t.UTC()
	if floor := t.Truncate(day); floor.Before(t) { // in UTC, days begin at multiples of a day since year 1
		return floor.Add(day)
	}
	return t
}

// after is the midnight at which n days since t are over: what was written on 15 April at 05:10 is ten days old on 26 April.
func after(t time.Time, n int) time.Time { return midnight(t.UTC().AddDate(0, 0, n)) }

// Expires says when the current object expires. It returns false if it does not.
func (rs Rules) Expires(o *store.Object) (Due, bool) {
	var due Due
	for i := range rs {
		r := &rs[i]
		e := &r.Expiration
		if !r.Enabled || e.Days == 0 && e.Date.IsZero() || !r.Filter.Matches(o) {
			continue
		}
		if e.Days > 0 {
			due.earliest(after(o.Modified, e.Days), r.ID)
		} else {
			due.earliest(midnight(e.Date), r.ID)
		}
	}
	return due, due != (Due{})
}

// NoncurrentExpires says when a version or delete marker is removed that a newer one took the place of at superseded. Newer is how
// many other noncurrent versions of the key are newer. It returns false if it is not removed.
func (rs Rules) NoncurrentExpires(o *store.Object, superseded time.Time, newer int) (Due, bool) {
	if superseded.Before(o.Modified) { // the clock went back meanwhile
		superseded = o.Modified
	}
	var due Due
	for i := range rs {
		r := &rs[i]
		if !r.Enabled || r.Noncurrent.Days == 0 || newer < r.Noncurrent.Keep || !r.Filter.Matches(o) {
			continue
		}
		due.earliest(after(superseded, r.Noncurrent.Days), r.ID)
	}
	return due, due != (Due{})
}

// MarkerExpires says when a delete marker is removed that hides nothing any more. It returns false if it is not removed. A rule
// that expires objects by days removes such markers when they are that old.
func (rs Rules) MarkerExpires(o *store.Object) (Due, bool) {
	var due Due
	for i := range rs {
		r := &rs[i]
		if !r.Enabled || !r.Filter.Matches(o) {
			continue
		}
		switch {
		case r.Expiration.Markers:
			due.earliest(o.Modified, r.ID)
		case r.Expiration.Days > 0:
			due.earliest(after(o.Modified, r.Expiration.Days), r.ID)
		}
	}
	return due, due != (Due{})
}

// Aborts says when an upload that began at initiated is aborted. It returns false if it is not.
func (rs Rules) Aborts(key string, initiated time.Time) (Due, bool) {
	var due Due
	for i := range rs {
		r := &rs[i]
		if !r.Enabled || r.AbortDays == 0 || !r.Filter.Matches(&store.Object{Key: key}) {
			continue
		}
		due.earliest(after(initiated, r.AbortDays), r.ID)
	}
	return due, due != (Due{})
}

// Archives says when an object that is written at now goes to which archive. The zero Archive is that it stays.
func (rs Rules) Archives(now time.Time) store.Archive {
	for i := range rs {
		r := &rs[i]
		t := &r.Transition
		switch {
		case !r.Enabled || t.Class == "":
			continue
		case t.Date.IsZero():
			return store.Archive{Class: t.Class, At: now.UTC().AddDate(0, 0, t.Days)}
		case t.Date.Before(now):
			return store.Archive{Class: t.Class, At: now.UTC()}
		}
		return store.Archive{Class: t.Class, At: t.Date}
	}
	return store.Archive{}
}
