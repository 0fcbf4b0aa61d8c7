package s3api

import (
	"net/http"
	"time"

	"github.com/icos-go/icos/server/store"
)

// The locks of single versions, in buckets that have object lock.

func (c *call) getLock() error {
	if !c.info.ObjectLock.Enabled {
		return errNoObjectLock()
	}
	o, err := c.statVersion()
	if err != nil {
		return err
	}
	if o.Lock.Mode == "" {
		return &apiError{code: "NoSuchObjectLockConfiguration", status: http.StatusNotFound, message: "The specified object does not have a ObjectLock configuration"}
	}
	x := newXML()
	x.root("Retention")
	x.text("Mode", o.Lock.Mode)
	x.time("RetainUntilDate", o.Lock.Until)
	x.close("Retention")
	return c.writeXML(http.StatusOK, x)
}

// parseLock reads a Retention document. An empty one takes the lock off.
func parseLock(top *element) (mode string, until time.Time, err error) {
	if err := top.only("Mode", "RetainUntilDate"); err != nil {
		return "", until, err
	}
	if len(top.children) == 0 {
		return "", until, nil
	}
	mode = top.value("Mode")
	if !isLockMode(mode) || top.child("RetainUntilDate") == nil {
		return "", until, malformedXML("a Retention has a Mode, GOVERNANCE or COMPLIANCE, and a RetainUntilDate")
	}
	date, err := parseRetentionDate("RetainUntilDate", top.value("RetainUntilDate"))
	if err != nil {
		return "", until, malformedXML("RetainUntilDate is not a date")
	}
	return mode, store.WholeSecond(date), nil
}

func (c *call) putLock() error {
	if err := c.needDigest(); err != nil {
		return err
	}
	if !c.info.ObjectLock.Enabled {
		return errNoObjectLock()
	}
	top, err := c.document(maxLockBody, "Retention")
	if err != nil {
		return err
	}
	mode, until, err := parseLock(top)
	if err != nil {
		return err
	}
	if mode != "" && !until.After(c.today()) {
		return errLockOver()
	}
	if err := c.updateVersion(func(o *store.Object) error {
		if err := c.relockable(&o.Lock, mode, until); err != nil {
			return err
		}
		o.Lock.Mode, o.Lock.Until = mode, until
		return nil
	}); err != nil {
		return err
	}
	c.writeStatus(http.StatusOK)
	return nil
}

// relockable refuses a lock that is weaker than the one in force: it can be made longer; shorter, of another mode, or taken off
// only in governance mode, and by those with a special right.
func (c *call) relockable(l *store.Lock, mode string, until time.Time) error {
	switch {
	case l.Mode == "" || !c.today().Before(l.Until):
		return nil
	case mode == l.Mode && !until.Before(l.Until):
		return nil
	case l.Mode == store.LockGovernance && c.mayBypass():
		return nil
	}
	return newErrorMessage(codeAccessDenied, "Access Denied: the object is locked in "+l.Mode+" mode until "+l.Until.UTC().Format(time.RFC3339))
}

func (c *call) getLockHold() error {
	if !c.info.ObjectLock.Enabled {
		return errNoObjectLock()
	}
	o, err := c.statVersion()
	if err != nil {
		return err
	}
	status := "OFF"
	if o.Lock.LegalHold {
		status = "ON"
	}
	x := newXML()
	x.root("LegalHold")
	x.text("Status", status)
	x.close("LegalHold")
	return c.writeXML(http.StatusOK, x)
}

func (c *call) putLockHold() error {
	if err := c.needDigest(); err != nil {
		return err
	}
	if !c.info.ObjectLock.Enabled {
		return errNoObjectLock()
	}
	top, err := c.document(maxLockBody, "LegalHold")
	if err != nil {
		return err
	}
	if err := top.only("Status"); err != nil {
		return err
	}
	status := top.value("Status")
	if status != "ON" && status != "OFF" {
		return malformedXML("the Status of a LegalHold is ON or OFF")
	}
	if err := c.updateVersion(func(o *store.Object) error {
		o.Lock.LegalHold = status == "ON"
		return nil
	}); err != nil {
		return err
	}
	c.writeStatus(http.StatusOK)
	return nil
}

// statVersion describes the version that the request names, and says which that is.
func (c *call) statVersion() (store.Object, error) {
	version, err := c.namedVersion()
	if err != nil {
		return store.Object{}, err
	}
	o, err := c.store.StatVersion(c.r.Context(), c.bucket, c.key, version)
	if err != nil {
		return o, c.hidden(err)
	}
	c.setVersion(&o)
	return o, nil
}

// updateVersion changes the version that the request names, and says which that is.
func (c *call) updateVersion(change func(*store.Object) error) error {
	version, err := c.namedVersion()
	if err != nil {
		return err
	}
	o, err := c.store.UpdateVersion(c.r.Context(), c.bucket, c.key, version, func(o *store.Object) error {
		if err := change(o); err != nil {
			return err
		}
		c.restamp(o)
		return nil
	})
	if err != nil {
		return c.hidden(err)
	}
	c.setVersion(&o)
	c.replicator.Add(c.bucket, &o)
	return nil
}
