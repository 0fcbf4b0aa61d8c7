package s3api

import (
	"errors"
	"net/http"
	"strconv"

	"github.com/icos-go/icos/server/store"
)

const (
	maxProtectionBody = 64 << 10 // bytes
	maxRetentionDays  = 365243   // a thousand years
	secondsPerDay     = 24 * 60 * 60
)

// invalidBucketState refuses what features of the bucket rule out.
func invalidBucketState(message string) *apiError {
	return &apiError{code: "InvalidBucketState", status: http.StatusConflict, message: message}
}

// parseProtection reads a ProtectionConfiguration, whose elements come in any order.
func parseProtection(top *element) (store.Protection, error) {
	var p store.Protection
	if err := top.only("Status", "MinimumRetention", "DefaultRetention", "MaximumRetention", "EnablePermanentRetention"); err != nil {
		return p, err
	}
	if top.value("Status") != "Retention" {
		return p, malformedXML("the Status of a ProtectionConfiguration is Retention: a retention policy can not be disabled")
	}
	p.Enabled = true
	for _, period := range []struct {
		name string
		days *int64
	}{{"MinimumRetention", &p.Min}, {"DefaultRetention", &p.Default}, {"MaximumRetention", &p.Max}} {
		e := top.child(period.name)
		if e == nil {
			return p, malformedXML("a ProtectionConfiguration has a " + period.name)
		}
		if err := e.only("Days"); err != nil {
			return p, err
		}
		days, err := e.integer("Days")
		if err != nil {
			return p, err
		}
		*period.days = int64(days)
	}
	var err error
	if p.Permanent, err = top.boolean("EnablePermanentRetention"); err != nil {
		return p, err
	}
	if p.Min < 0 || p.Min > p.Default || p.Default > p.Max || p.Max > maxRetentionDays {
		return p, invalidArgument("Retention periods must be 0 <= minimum <= default <= maximum <= " + strconv.Itoa(maxRetentionDays) + " days")
	}
	return p, nil
}

func (c *call) getProtection() error {
	p := &c.info.Protection
	x := newXML()
	x.root("ProtectionConfiguration")
	if p.Enabled {
		setProtectionState(c.w.Header())
		x.text("Status", "Retention")
		for _, period := range []struct {
			name string
			days int64
		}{{"MinimumRetention", p.Min}, {"DefaultRetention", p.Default}, {"MaximumRetention", p.Max}} {
			x.open(period.name)
			x.int("Days", period.days)
			x.close(period.name)
		}
		if p.Permanent {
			x.bool("EnablePermanentRetention", true)
		}
	} else {
		x.text("Status", "Disabled")
	}
	x.close("ProtectionConfiguration")
	return c.writeXML(http.StatusOK, x)
}

func setProtectionState(h http.Header) { h["X-Ibm-Protection-Management-State"] = []string{"active"} }

func (c *call) putProtection() error {
	if err := c.needDigest(); err != nil {
		return err
	}
	top, err := c.document(maxProtectionBody, "ProtectionConfiguration")
	if err != nil {
		return err
	}
	p, err := parseProtection(top)
	if err != nil {
		return err
	}
	// Objects that were there before a policy would have no retention.
	update := c.store.UpdateEmptyBucket
	if c.info.Protection.Enabled {
		update = c.store.UpdateBucket
	}
	_, err = update(c.r.Context(), c.bucket, func(b *store.Bucket) error {
		switch {
		case b.Protection.Permanent && !p.Permanent:
			return invalidArgument("EnablePermanentRetention can not be taken back: it must be true")
		case b.Versioning != "":
			return invalidBucketState("A bucket that has, or had, versioning cannot have a retention policy")
		case b.ObjectLock.Enabled:
			return invalidBucketState("A bucket with object lock cannot have a retention policy")
		case b.Documents["replication"] != nil:
			return invalidBucketState("A bucket with a replication configuration cannot have a retention policy")
		}
		b.Protection = p
		return nil
	})
	if errors.Is(err, store.ErrBucketNotEmpty) {
		return newErrorMessage(codeBucketNotEmpty, "Only an empty bucket can be given a retention policy.")
	}
	if err != nil {
		return err
	}
	c.writeStatus(http.StatusOK)
	return nil
}
