package s3api

import (
	"net/http"
	"strings"

	"github.com/icos-go/icos/server/iam"
	"github.com/icos-go/icos/server/store"
)

const (
	maxLockBody  = 64 << 10 // bytes
	maxLockDays  = 36500
	maxLockYears = 100

	headerLockMode  = "X-Amz-Object-Lock-Mode"
	headerLockUntil = "X-Amz-Object-Lock-Retain-Until-Date"
	headerLockHold  = "X-Amz-Object-Lock-Legal-Hold"
)

// errNoObjectLock refuses locks where the bucket does not have object lock.
func errNoObjectLock() error { return invalidRequest("Bucket is missing Object Lock Configuration") }

// newLock reads the object lock that a write gives its object. The default of the bucket comes in when the object is stored.
func (c *call) newLock() (store.Lock, error) {
	var l store.Lock
	mode, hasMode := joined(c.r.Header, headerLockMode)
	until, hasUntil := joined(c.r.Header, headerLockUntil)
	hold, hasHold := joined(c.r.Header, headerLockHold)
	switch {
	case !hasMode && !hasUntil && !hasHold:
		return l, nil
	case !c.info.ObjectLock.Enabled:
		return l, errNoObjectLock()
	case hasMode && !c.allowed(iam.ObjectPutObjectLockRetention), hasHold && !c.allowed(iam.ObjectPutObjectLockLegalHold):
		return l, newError(codeAccessDenied)
	case hasMode != hasUntil:
		return l, invalidArgument("x-amz-object-lock-retain-until-date and x-amz-object-lock-mode must both be supplied")
	}
	if hasMode {
		if !isLockMode(mode) {
			return l, invalidArgument("Unknown wormMode directive.")
		}
		date, err := parseRetentionDate("x-amz-object-lock-retain-until-date", until)
		if err != nil {
			return l, err
		}
		if !date.After(c.today()) {
			return l, errLockOver()
		}
		l.Mode, l.Until = mode, store.WholeSecond(date)
	}
	switch {
	case hold == "ON":
		l.LegalHold = true
	case hasHold && hold != "OFF":
		return l, invalidArgument("Legal Hold must be either of 'ON' or 'OFF'")
	}
	return l, nil
}

func isLockMode(mode string) bool {
	return mode == store.LockGovernance || mode == store.LockCompliance
}

func errLockOver() error { return invalidArgument("The retain until date must be in the future!") }

// setLockHeaders tells the lock of an object.
func setLockHeaders(h http.Header, o *store.Object) {
	if o.Lock.Mode != "" {
		h[headerLockMode] = []string{o.Lock.Mode}
		h[headerLockUntil] = []string{o.Lock.Until.UTC().Format(timeLayout)}
	}
	if o.Lock.LegalHold {
		h[headerLockHold] = []string{"ON"}
	}
}

// parseLockConfiguration reads an ObjectLockConfiguration.
func parseLockConfiguration(top *element) (store.BucketLock, error) {
	l := store.BucketLock{Enabled: true}
	if err := top.only("ObjectLockEnabled", "Rule"); err != nil {
		return l, err
	}
	if !strings.EqualFold(top.value("ObjectLockEnabled"), "Enabled") {
		return l, malformedXML("ObjectLockEnabled is Enabled: object lock can not be disabled")
	}
	rule := top.child("Rule")
	if rule == nil {
		return l, nil
	}
	if err := rule.only("DefaultRetention"); err != nil {
		return l, err
	}
	d := rule.child("DefaultRetention")
	if d == nil {
		return l, malformedXML("a Rule has a DefaultRetention")
	}
	if err := d.only("Mode", "Days", "Years"); err != nil {
		return l, err
	}
	l.Mode = d.value("Mode")
	if !isLockMode(l.Mode) || (d.child("Days") == nil) == (d.child("Years") == nil) {
		return l, malformedXML("a DefaultRetention has a Mode, GOVERNANCE or COMPLIANCE, and either Days or Years")
	}
	unit, value, most := "Days", &l.Days, maxLockDays
	if d.child("Years") != nil {
		unit, value, most = "Years", &l.Years, maxLockYears
	}
	n, err := d.integer(unit)
	switch {
	case err != nil:
		return l, err
	case n <= 0:
		return l, newErrorMessage("InvalidRetentionPeriod", "Default retention period must be a positive integer value")
	case n > most:
		return l, newErrorMessage("InvalidRetentionPeriod", "Default retention period is too long: at most 36500 days or 100 years")
	}
	*value = n
	return l, nil
}

func (c *call) getLockConfiguration() error {
	l := &c.info.ObjectLock
	if !l.Enabled {
		return &apiError{code: "ObjectLockConfigurationNotFoundError", status: http.StatusNotFound, message: "Object Lock configuration does not exist for this bucket"}
	}
	setProtectionState(c.w.Header())
	x := newXML()
	x.root("ObjectLockConfiguration")
	x.text("ObjectLockEnabled", "Enabled")
	if l.Mode != "" {
		x.open("Rule")
		x.open("DefaultRetention")
		x.text("Mode", l.Mode)
		if l.Years > 0 {
			x.int("Years", int64(l.Years))
		} else {
			x.int("Days", int64(l.Days))
		}
		x.close("DefaultRetention")
		x.close("Rule")
	}
	x.close("ObjectLockConfiguration")
	return c.writeXML(http.StatusOK, x)
}

func (c *call) putLockConfiguration() error {
	if err := c.needDigest(); err != nil {
		return err
	}
	top, err := c.document(maxLockBody, "ObjectLockConfiguration")
	if err != nil {
		return err
	}
	l, err := parseLockConfiguration(top)
	if err != nil {
		return err
	}
	if _, err := c.store.UpdateBucket(c.r.Context(), c.bucket, func(b *store.Bucket) error {
		switch {
		case b.Protection.Enabled:
			return invalidBucketState("A bucket with a retention policy cannot have object lock")
		case b.Versioning != store.VersioningEnabled:
			return invalidBucketState("Versioning must be 'Enabled' on the bucket to apply a Object Lock configuration")
		case b.Documents["replication"] != nil:
			return invalidBucketState("The source bucket of a replication cannot have object lock")
		}
		b.ObjectLock = l
		return nil
	}); err != nil {
		return err
	}
	c.writeStatus(http.StatusOK)
	return nil
}

func (rs *routes) objectLock() {
	rs.add(bucket, "GET", "object-lock", "GetObjectLockConfiguration", needOwner, (*call).getLockConfiguration)
	rs.add(bucket, "PUT", "object-lock", "PutObjectLockConfiguration", needOwner, (*call).putLockConfiguration)
	rs.add(object, "GET", "retention", "GetObjectRetention", needOwner, (*call).getLock)
	rs.add(object, "PUT", "retention", "PutObjectRetention", needOwner, (*call).putLock)
	rs.add(object, "GET", "legal-hold", "GetObjectLegalHold", needOwner, (*call).getLockHold)
	rs.add(object, "PUT", "legal-hold", "PutObjectLegalHold", needOwner, (*call).putLockHold)
}
