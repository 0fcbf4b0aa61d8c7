package s3api

import (
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/icos-go/icos/server/store"
)

const (
	maxHolds    = 100
	maxHoldID   = 64      // characters
	maxHoldBody = 4 << 10 // bytes

	// The sub-resource legalHold of a POST together with the parameter that says what to do.
	addHold    = "legalHold&add"
	removeHold = "legalHold&remove"
)

// holdRoute tells the two operations of a POST ?legalHold apart.
func holdRoute(q query) (string, error) {
	switch add, remove := q.has("add"), q.has("remove"); {
	case add && !remove:
		return addHold, nil
	case remove && !add:
		return removeHold, nil
	}
	return "", invalidArgument("A POST of legalHold has either add or remove with the id of a legal hold")
}

func checkHoldID(id string) error {
	if id == "" || len(id) > maxHoldID {
		return invalidArgument("The id of a legal hold has 1 to 64 characters")
	}
	for _, c := range []byte(id) {
		if !('a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' || strings.IndexByte("!_.*()'-", c) >= 0) {
			return invalidArgument("The id of a legal hold has letters, digits and the characters !_.*()'- only")
		}
	}
	return nil
}

// holdID reads the id of a legal hold from the parameter, or from the body, where IBM's Java SDK repeats it.
func (c *call) holdID(parameter string) (string, error) {
	body, err := c.readBody(maxHoldBody)
	if err != nil {
		return "", err
	}
	id := c.query.get(parameter)
	switch said := strings.TrimSpace(string(body)); {
	case said == "":
	case id == "":
		id = said
	case id != said:
		return "", invalidArgument("The body names another legal hold than the parameter " + parameter)
	}
	return id, checkHoldID(id)
}

// updateKept alters the retention of an object that has one.
func (c *call) updateKept(change func(o *store.Object) error) error {
	_, err := c.store.Update(c.r.Context(), c.bucket, c.key, func(o *store.Object) error {
		if !o.Retention.Kept {
			return invalidRequest("The object has no retention period")
		}
		return change(o)
	})
	if err != nil {
		return c.hidden(err)
	}
	c.writeStatus(http.StatusOK)
	return nil
}

func (c *call) addHold() error {
	id, err := c.holdID("add")
	if err != nil {
		return err
	}
	return c.updateKept(func(o *store.Object) error {
		switch {
		case o.Retention.Held(id):
			return &apiError{code: "LegalHoldAlreadyExists", status: http.StatusConflict, message: "The object has a legal hold of that id already"}
		case len(o.Retention.Holds) >= maxHolds:
			return invalidRequest("An object has at most 100 legal holds")
		}
		o.Retention.Holds = append(o.Retention.Holds, store.LegalHold{ID: id, Date: c.today()})
		return nil
	})
}

func (c *call) removeHold() error {
	id, err := c.holdID("remove")
	if err != nil {
		return err
	}
	return c.updateKept(func(o *store.Object) error {
		if !o.Retention.Held(id) {
			return &apiError{code: "NoSuchLegalHold", status: http.StatusNotFound, message: "The object has no legal hold of that id"}
		}
		o.Retention.Holds = slices.DeleteFunc(o.Retention.Holds, func(h store.LegalHold) bool { return h.ID == id })
		return nil
	})
}

// retentionDate is the form of dates in a RetentionState.
const retentionDate = "Mon, 2 Jan 2006 15:04:05 GMT"

func (c *call) listHolds() error {
	o, err := c.store.Stat(c.r.Context(), c.bucket, c.key)
	if err != nil {
		return c.hidden(err)
	}
	if !o.Retention.Kept {
		return &apiError{code: "NoSuchRetention", status: http.StatusNotFound, message: "The object has no retention period"}
	}
	x := newXML()
	x.root("RetentionState")
	x.text("CreateTime", o.Modified.UTC().Format(retentionDate))
	x.int("RetentionPeriod", o.Retention.Period)
	if until := o.RetainedUntil(); !until.IsZero() {
		x.text("RetentionPeriodExpirationDate", until.Format(retentionDate))
	}
	x.open("LegalHolds")
	for _, hold := range o.Retention.Holds {
		x.open("LegalHold")
		x.text("ID", hold.ID)
		x.text("Date", hold.Date.UTC().Format(retentionDate))
		x.close("LegalHold")
	}
	x.close("LegalHolds")
	x.close("RetentionState")
	return c.writeXML(http.StatusOK, x)
}

// extension is how an ExtendObjectRetention wants the period of an object changed.
type extension struct {
	header  string
	seconds int64
	until   time.Time
}

const (
	extendBy      = "Additional-Retention-Period"
	extendFromNow = "Extend-Retention-From-Current-Time"
	extendTo      = "New-Retention-Period"
	extendUntil   = "New-Retention-Expiration-Date"
)

// parseExtension reads the one header that there must be.
func parseExtension(h http.Header) (extension, error) {
	var e extension
	for _, name := range []string{extendBy, extendFromNow, extendTo, extendUntil} {
		value, found := joined(h, name)
		if !found {
			continue
		}
		if e.header != "" {
			return e, invalidRequest(e.header + " and " + name + " cannot both be specified")
		}
		e.header = name
		var err error
		if name == extendUntil {
			e.until, err = parseRetentionDate(name, value)
		} else if e.seconds, err = parseSeconds(name, value); err == nil && e.seconds < 0 {
			err = invalidArgument(name + " cannot be negative")
		}
		if err != nil {
			return e, err
		}
	}
	if e.header == "" {
		return e, invalidRequest("One of " + strings.Join([]string{extendBy, extendFromNow, extendTo, extendUntil}, ", ") + " must be specified")
	}
	return e, nil
}

// apply returns the period that an object is kept for when it was extended at the time now.
func (e *extension) apply(o *store.Object, now time.Time, p *store.Protection) (int64, error) {
	const most = maxRetentionDays * secondsPerDay // so that sums do not overflow
	if e.seconds > most {
		return 0, invalidArgument(e.header + " is longer than any retention period")
	}
	current, period := o.Retention.Period, e.seconds
	switch {
	case current == store.RetainPermanently:
		return 0, invalidRequest("The object is retained permanently")
	case e.header == extendBy && current == store.RetainIndefinitely:
		return 0, invalidRequest("The object is retained indefinitely: " + extendBy + " has nothing to add to")
	case e.header == extendBy:
		period += current
	case e.header == extendFromNow:
		period += secondsUntil(o.Modified, now)
	case e.header == extendUntil:
		period = secondsUntil(o.Modified, e.until)
	}
	if period < 0 {
		return 0, invalidArgument(e.header + " is before the object was stored")
	}
	if current != store.RetainIndefinitely {
		if period <= current {
			return 0, invalidRequest("A retention period can only be extended, and the object has one as long or longer")
		}
		// The minimum may have grown since; what is longer than before is no worse.
		p = &store.Protection{Max: p.Max}
	}
	return period, checkPeriod(p, period)
}

func (c *call) extendRetention() error {
	e, err := parseExtension(c.r.Header)
	if err != nil {
		return err
	}
	if _, err := c.readBody(maxHoldBody); err != nil {
		return err
	}
	return c.updateKept(func(o *store.Object) error {
		period, err := e.apply(o, c.today(), &c.info.Protection)
		o.Retention.Period = period
		return err
	})
}
