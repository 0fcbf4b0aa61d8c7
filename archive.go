package icos

import (
	"context"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/icos-go/icos/s3"
)

// Storage classes that a lifecycle rule moves objects to.
const (
	ArchiveGlacier     = "GLACIER"     // restoring takes up to twelve hours
	ArchiveAccelerated = "ACCELERATED" // restoring takes up to two hours
)

// A RestoreTier is how fast a copy of an archived object is made. Each archive
// has one.
type RestoreTier string

// RestoreOptions refine [Object.RestoreArchived].
type RestoreOptions struct {
	// Tier has the request refused unless it is that of the archive. If empty,
	// the archive's.
	Tier RestoreTier
}

// The tiers.
const (
	RestoreBulk        RestoreTier = "Bulk"        // of ArchiveGlacier
	RestoreAccelerated RestoreTier = "Accelerated" // of ArchiveAccelerated
)

// An Archive tells where an object is on its way to an archive and back. The zero
// value is that of an object that no rule archives.
type Archive struct {
	// Class is the archive that the object lies in: ArchiveGlacier or
	// ArchiveAccelerated. If empty, the object is not archived.
	Class string
	// At is when it was, or will be, archived.
	At time.Time
	// Restoring is whether a copy was asked for and is not ready.
	Restoring bool
	// RestoredUntil is how long a restored copy can be read; zero without one.
	RestoredUntil time.Time
}

// Readable reports whether the bytes of the object can be read.
func (a *Archive) Readable() bool { return a.Class == "" || !a.RestoredUntil.IsZero() }

// RestoreArchived asks for a copy of an archived object that can be read for so
// many days. That takes hours; [Object.WaitRestored] waits for it. If there is
// a copy already, it can now be read for so many days from now.
//
// While a copy is made the error has the code RestoreAlreadyInProgress, and for
// an object that is not archived ObjectAlreadyInActiveTierError.
func (o *Object) RestoreArchived(ctx context.Context, days int, opts *RestoreOptions) error {
	_, err := call(ctx, o, "restore", (*s3.Client).RestoreObject, &s3.RestoreObjectRequest{
		Bucket: o.bucket.name, Key: o.key, VersionID: o.version, Days: days, Tier: string(valueOr(opts).Tier),
	})
	return err
}

// newArchive reads the headers that tell of an archive.
func newArchive(h *s3.ObjectHeader) Archive {
	a := Archive{Class: strings.Trim(h.StorageClass, `"`), At: h.ArchiveTransitionTime}
	if a.Class != ArchiveGlacier && a.Class != ArchiveAccelerated {
		a.Class = "" // a class that objects are simply kept in
	}
	if at, ok := headerDate(h.Transition, "date"); ok {
		a.At = at
	}
	if headerParameter(h.Restore, "ongoing-request") == "true" {
		a.Restoring = true
	} else if until, ok := headerDate(h.Restore, "expiry-date"); ok {
		a.RestoredUntil = until
	}
	return a
}

// newExpiry reads the header that tells when an object expires, and by which rule.
func newExpiry(header string) (at time.Time, rule string) {
	at, _ = headerDate(header, "expiry-date")
	rule = headerParameter(header, "rule-id")
	if plain, err := url.QueryUnescape(rule); err == nil {
		rule = plain
	}
	return at, rule
}

func headerDate(header, name string) (time.Time, bool) {
	t, err := http.ParseTime(headerParameter(header, name))
	return t, err == nil
}

// headerParameter finds name="value" in a header, and returns "" if it is not there.
func headerParameter(header, name string) string {
	for rest := header; ; {
		key, after, ok := strings.Cut(rest, `="`)
		if !ok {
			return ""
		}
		var value string
		if value, rest, ok = strings.Cut(after, `"`); !ok {
			return ""
		}
		if strings.TrimLeft(key, ", ") == name {
			return value
		}
	}
}
