package lifecycle

import (
	"time"

	"github.com/icos-go/icos/server/store"
)

// A Stage is how far an object is on its way to the archive and back.
type Stage int

// The stages, in the order that an object passes them. After Restored it is Archived again.
const (
	Online    Stage = iota // it can be read, and may be told to go to the archive later
	Archived               // it lies in the archive
	Restoring              // a copy was asked for
	Restored               // a copy can be read
)

// StageOf says how far an object is at now.
func StageOf(a *store.Archive, now time.Time) Stage {
	switch {
	case a.Class == "" || now.Before(a.At):
		return Online
	case a.RestoreAsked.IsZero() || !now.Before(a.RestoreEnds):
		return Archived
	case now.Before(a.RestoreReady):
		return Restoring
	}
	return Restored
}

// restoreTime is how long a restored copy takes, which is the longest that COS promises.
func restoreTime(class string) time.Duration {
	if class == Accelerated {
		return 2 * time.Hour
	}
	return 12 * time.Hour
}

// Restore asks at now for a copy that can be read for so many days once it is ready. Of a copy that is ready already only the end
// changes.
func Restore(a *store.Archive, now time.Time, days int) {
	now = now.UTC()
	if StageOf(a, now) != Restored {
		a.RestoreAsked = now
		a.RestoreReady = now.Add(restoreTime(a.Class))
		now = a.RestoreReady
	}
	a.RestoreEnds = now.AddDate(0, 0, days)
}
