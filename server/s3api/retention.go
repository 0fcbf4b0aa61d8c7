package s3api

import (
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/icos-go/icos/server/store"
)

// IBM's immutable storage: the objects of a bucket with a retention policy are kept for a period that begins when they are stored.

// Headers of a write that say how long its object is kept.
const (
	headerPeriod     = "Retention-Period"
	headerExpiration = "Retention-Expiration-Date"
	headerHold       = "Retention-Legal-Hold-Id"
	headerDirective  = "Retention-Directive"
)

// retentionAsked is what the headers of a write say about how long its object is kept. The zero value leaves it to the bucket.
type retentionAsked struct {
	given  bool
	period int64     // seconds or a special period; if given and until is zero
	until  time.Time // instead of the period
	hold   string
	source *store.Retention // of the object to be copied, if its retention comes along
}

// retentionHeaders reads what a write asks for.
func (c *call) retentionHeaders() (retentionAsked, error) {
	var a retentionAsked
	h := c.r.Header
	period, hasPeriod := joined(h, headerPeriod)
	until, hasUntil := joined(h, headerExpiration)
	hold, hasHold := joined(h, headerHold)
	if !hasPeriod && !hasUntil && !hasHold {
		return a, nil
	}
	if !c.info.Protection.Enabled {
		return a, invalidRequest("The bucket has no retention policy: Retention-* headers are not allowed")
	}
	if !c.owns() {
		return a, newError(codeAccessDenied)
	}
	if hasPeriod && hasUntil {
		return a, invalidRequest(headerPeriod + " and " + headerExpiration + " cannot both be specified")
	}
	a.given = hasPeriod || hasUntil
	var err error
	switch {
	case hasPeriod:
		a.period, err = parseSeconds(headerPeriod, period)
	case hasUntil:
		a.until, err = parseRetentionDate(headerExpiration, until)
	}
	if err == nil && hasHold {
		a.hold, err = hold, checkHoldID(hold)
	}
	return a, err
}

func parseSeconds(header, value string) (int64, error) {
	n, err := strconv.ParseInt(strings.TrimSpace(value), 10, 64)
	if err != nil {
		return 0, invalidArgument(header + " must be a number of seconds")
	}
	return n, nil
}

// parseRetentionDate reads a date in one of the forms that IBM's SDKs and documents use: ISO 8601, extended or basic, and RFC 822.
func parseRetentionDate(header, value string) (time.Time, error) {
	value = strings.TrimSpace(value)
	for _, layout := range []string{time.RFC3339, "20060102T150405Z", "20060102T150405Z0700"} {
		// What no date can be written of in UTC is none, even if it can where it comes from.
		if t, err := time.Parse(layout, value); err == nil && t.UTC().Year() <= 9999 {
			return t, nil
		}
	}
	if t, err := http.ParseTime(value); err == nil {
		return t, nil
	}
	for _, layout := range []string{"Mon, 2 Jan 2006 15:04:05 GMT", "Mon, 2 Jan 2006 15:04:05 Z0700", "2 Jan 2006 15:04:05 GMT"} {
		if t, err := time.Parse(layout, value); err == nil && t.UTC().Year() <= 9999 {
			return t, nil
		}
	}
	return time.Time{}, invalidArgument(header + " must be a date, such as 2030-01-02T03:04:05Z")
}

// newRetention is the retention of an object that is stored in b and dated modified.
func newRetention(b *store.Bucket, modified time.Time, a *retentionAsked) (store.Retention, error) {
	p := &b.Protection
	if !p.Enabled {
		return store.Retention{}, nil
	}
	r := store.Retention{Kept: true, Period: p.Default * secondsPerDay}
	switch {
	case a.source != nil:
		r.Period = a.source.Period
		for _, h := range a.source.Holds {
			r.Holds = append(r.Holds, store.LegalHold{ID: h.ID, Date: modified})
		}
	case !a.given:
	case a.until.IsZero():
		r.Period = a.period
	default:
		r.Period = secondsUntil(modified, a.until)
		if r.Period < 0 {
			return r, invalidArgument(headerExpiration + " must be in the future")
		}
	}
	if a.hold != "" {
		r.Holds = append(r.Holds, store.LegalHold{ID: a.hold, Date: modified})
	}
	return r, checkPeriod(p, r.Period)
}

// secondsUntil is the time from one date to another in seconds, rounded up.
func secondsUntil(from, to time.Time) int64 {
	n := to.Unix() - from.Unix()
	if to.Nanosecond() > from.Nanosecond() {
		n++
	}
	return n
}

// checkPeriod refuses a retention period that the policy of the bucket does not allow.
func checkPeriod(p *store.Protection, period int64) error {
	switch {
	case period == store.RetainIndefinitely:
		return nil
	case period == store.RetainPermanently && p.Permanent:
		return nil
	case period == store.RetainPermanently:
		return invalidArgument("Permanent retention is not enabled on the bucket")
	case period < 0:
		return invalidArgument("The retention period must be a number of seconds, -1 for an indefinite or -2 for a permanent one")
	case period < p.Min*secondsPerDay:
		return invalidArgument("The retention period is shorter than the minimum of the bucket, which is " + strconv.FormatInt(p.Min, 10) + " days")
	case period > p.Max*secondsPerDay:
		return invalidArgument("The retention period is longer than the maximum of the bucket, which is " + strconv.FormatInt(p.Max, 10) + " days")
	}
	return nil
}

// keepNew returns what gives a new object the retention, and the default lock, that it begins with. It is called under the key's
// lock: periods count from the date that the object has, and what the bucket says then is what holds.
func (c *call) keepNew(a *retentionAsked) func(*store.Object) error {
	return func(o *store.Object) error {
		b, err := c.store.BucketNow(c.r.Context(), c.bucket)
		if err != nil {
			return err
		}
		if o.Lock.Mode == "" {
			l := b.ObjectLock.New(o.Modified)
			o.Lock.Mode, o.Lock.Until = l.Mode, l.Until
		}
		c.stamp(o)
		o.Retention, err = newRetention(b, o.Modified, a)
		return err
	}
}

// copiedRetention reads Retention-Directive: whether a copy is kept as its source is, rather than as the other headers say.
func (c *call) copiedRetention(a *retentionAsked) (bool, error) {
	directive, found := joined(c.r.Header, headerDirective)
	switch {
	case !found && !a.given && a.hold == "":
		return false, nil
	case !found:
		return false, invalidRequest("Retention-* headers of a copy need " + headerDirective + ": REPLACE")
	case !c.info.Protection.Enabled:
		return false, invalidRequest("The bucket has no retention policy: " + headerDirective + " is not allowed")
	case strings.EqualFold(directive, "REPLACE"):
		return false, nil
	case !strings.EqualFold(directive, "COPY"):
		return false, invalidArgument(headerDirective + " is COPY or REPLACE")
	case a.given || a.hold != "":
		return false, invalidRequest("Retention-* headers of a copy need " + headerDirective + ": REPLACE")
	case !c.owns():
		return false, newError(codeAccessDenied)
	}
	return true, nil
}

// refuseRetention refuses to begin an upload with what belongs to its end.
func (c *call) refuseRetention() error {
	for _, name := range []string{headerPeriod, headerExpiration, headerHold} {
		if c.r.Header[name] != nil {
			return invalidRequest(name + " belongs to the completion of an upload, not to its beginning")
		}
	}
	return nil
}

// needWriteDigest refuses a body without a digest where what is stored can not be replaced if it is wrong.
func (c *call) needWriteDigest() error {
	h := c.r.Header
	if !c.info.Protection.Enabled && h[headerLockMode] == nil && h[headerLockHold] == nil {
		return nil
	}
	return c.needDigest()
}

// removable refuses to remove or to overwrite a version that is kept: by a retention, a hold or a lock. It is called under the
// key's lock, and o may be nil.
func (c *call) removable(o *store.Object) error {
	if o == nil || !o.Retention.Kept && o.Lock == (store.Lock{}) {
		return nil
	}
	if why := o.KeptBy(c.today(), c.mayBypass()); why != "" {
		return newErrorMessage(codeAccessDenied, "Access Denied: the object is kept by "+why)
	}
	return nil
}

// setRetentionHeaders tells how long an object is kept.
func setRetentionHeaders(h http.Header, o *store.Object) {
	if !o.Retention.Kept {
		return
	}
	h[headerPeriod] = []string{strconv.FormatInt(o.Retention.Period, 10)}
	if until := o.RetainedUntil(); !until.IsZero() {
		h[headerExpiration] = []string{until.Format(http.TimeFormat)}
	}
	if n := len(o.Retention.Holds); n > 0 {
		h["Retention-Legal-Hold-Count"] = []string{strconv.Itoa(n)}
	}
}

func (rs *routes) retention() {
	rs.add(bucket, "GET", "protection", "GetBucketProtectionConfiguration", needOwner, (*call).getProtection)
	rs.add(bucket, "PUT", "protection", "PutBucketProtectionConfiguration", needOwner, (*call).putProtection)
	rs.add(object, "POST", "extendRetention", "ExtendObjectRetention", needOwner, (*call).extendRetention)
	rs.add(object, "GET", "legalHold", "ListLegalHolds", needOwner, (*call).listHolds)
	rs.add(object, "POST", addHold, "AddLegalHold", needOwner, (*call).addHold)
	rs.add(object, "POST", removeHold, "DeleteLegalHold", needOwner, (*call).removeHold)
}
