package s3api

import (
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/icos-go/icos/server/lifecycle"
	"github.com/icos-go/icos/server/store"
)

const (
	maxRestoreBody = 64 << 10 // bytes
	maxRestoreDays = maxLifecycleDays

	codeInvalidObjectState code = "InvalidObjectState"
	codeActiveTier         code = "ObjectAlreadyInActiveTierError"
	codeRestoreInProgress  code = "RestoreAlreadyInProgress"
)

// readable refuses to read the bytes of an object that lies in an archive.
func (c *call) readable(o *store.Object) error {
	if o.Archive.Class == "" {
		return nil
	}
	switch lifecycle.StageOf(&o.Archive, c.today()) {
	case lifecycle.Archived, lifecycle.Restoring:
		return &apiError{
			code: codeInvalidObjectState, status: http.StatusForbidden,
			message: "The operation is not valid for the object's storage class. Restore the object first.",
		}
	}
	return nil
}

// storageClass is what listings show of where an object is.
func (c *call) storageClass(o *store.Object) string {
	if o.Archive.Class == "" || lifecycle.StageOf(&o.Archive, c.today()) == lifecycle.Online {
		return "STANDARD"
	}
	return o.Archive.Class
}

// setArchiveHeaders tells where an object is on its way to the archive and back, and when it expires.
func (c *call) setArchiveHeaders(h http.Header, o *store.Object) {
	c.setExpirationHeader(h, o)
	a := &o.Archive
	if a.Class == "" {
		return
	}
	at := a.At.UTC().Format(http.TimeFormat)
	h["X-Ibm-Transition"] = []string{`transition="` + transitionName(a.Class) + `", date="` + at + `"`}
	stage := lifecycle.StageOf(a, c.today())
	if stage == lifecycle.Online {
		h["X-Ibm-Archive-Transition-Time"] = []string{at}
		return
	}
	h["X-Amz-Storage-Class"] = []string{a.Class}
	switch stage {
	case lifecycle.Restoring:
		h["X-Amz-Restore"] = []string{`ongoing-request="true"`}
	case lifecycle.Restored:
		h["X-Amz-Restore"] = []string{`ongoing-request="false", expiry-date="` + a.RestoreEnds.UTC().Format(http.TimeFormat) + `"`}
	default:
		return
	}
	h["X-Ibm-Restored-Copy-Storage-Class"] = []string{className(c.info.Location)}
}

// transitionName is how x-ibm-transition calls an archive.
func transitionName(class string) string {
	if class == lifecycle.Glacier {
		return "ARCHIVE"
	}
	return class
}

// className is how headers call the storage class of a location such as us-south-standard.
func className(location string) string {
	name := location[strings.LastIndexByte(location, '-')+1:]
	if name == "" {
		return "Standard"
	}
	return strings.ToUpper(name[:1]) + name[1:]
}

// setExpirationHeader tells when an object expires. Only current objects do so by themselves.
func (c *call) setExpirationHeader(h http.Header, o *store.Object) {
	if c.info.Documents["lifecycle"] == nil || o.DeleteMarker || !o.Latest {
		return
	}
	if due, ok := c.rules().Expires(o); ok {
		h["X-Amz-Expiration"] = []string{`expiry-date="` + due.At.Format(http.TimeFormat) + `", rule-id="` + url.QueryEscape(due.Rule) + `"`}
	}
}

// setAbortHeaders tells when an upload in parts is aborted.
func (c *call) setAbortHeaders(h http.Header, initiated time.Time) {
	if c.info.Documents["lifecycle"] == nil {
		return
	}
	if due, ok := c.rules().Aborts(c.key, initiated); ok {
		h["X-Amz-Abort-Date"] = []string{due.At.Format(http.TimeFormat)}
		h["X-Amz-Abort-Rule-Id"] = []string{due.Rule}
	}
}

// restoreObject asks for a copy of an archived object that can be read for some days. It answers 202, or 200 if there is one
// already and only its end changed.
func (c *call) restoreObject() error {
	top, err := c.document(maxRestoreBody, "RestoreRequest")
	if err != nil {
		return err
	}
	days, tier, err := parseRestore(top)
	if err != nil {
		return err
	}
	status := http.StatusAccepted
	err = c.updateVersion(func(o *store.Object) error {
		if !c.mayObject(o, needRead) {
			return newError(codeAccessDenied)
		}
		if tier != "" && tier != tierOf(o.Archive.Class) && o.Archive.Class != "" {
			return invalidArgument("The Tier of an object in " + o.Archive.Class + " is " + tierOf(o.Archive.Class))
		}
		now := c.today()
		switch lifecycle.StageOf(&o.Archive, now) {
		case lifecycle.Online:
			return &apiError{code: codeActiveTier, status: http.StatusForbidden, message: "This object is not archived: there is nothing to restore."}
		case lifecycle.Restoring:
			return &apiError{code: codeRestoreInProgress, status: http.StatusConflict, message: "Object restore is already in progress."}
		case lifecycle.Restored:
			status = http.StatusOK
		default:
			status = http.StatusAccepted
		}
		lifecycle.Restore(&o.Archive, now, days)
		return nil
	})
	if err != nil {
		return err
	}
	c.writeStatus(status)
	return nil
}

// parseRestore reads a RestoreRequest. Tier may be absent.
func parseRestore(top *element) (days int, tier string, err error) {
	if top.child("SelectParameters") != nil || top.child("OutputLocation") != nil {
		return 0, "", notImplemented("Restoring by a query (SELECT) is not implemented")
	}
	if err := top.only("Days", "GlacierJobParameters", "Tier", "Description", "Type"); err != nil {
		return 0, "", err
	}
	if top.child("Days") == nil {
		return 0, "", malformedXML("a RestoreRequest has Days")
	}
	if days, err = top.integer("Days"); err != nil {
		return 0, "", err
	}
	if days < 1 || days > maxRestoreDays {
		return 0, "", invalidArgument("Days of a RestoreRequest must be between 1 and 36500")
	}
	tier = top.value("Tier")
	if job := top.child("GlacierJobParameters"); job != nil {
		if err := job.only("Tier"); err != nil {
			return 0, "", err
		}
		tier = job.value("Tier")
	}
	switch tier {
	case "", tierBulk, tierAccelerated:
		return days, tier, nil
	}
	return 0, "", malformedXML("the Tier of a RestoreRequest is Bulk or Accelerated")
}

// Tiers of a restore, each of one archive.
const (
	tierBulk        = "Bulk"
	tierAccelerated = "Accelerated"
)

func tierOf(class string) string {
	if class == lifecycle.Accelerated {
		return tierAccelerated
	}
	return tierBulk
}
