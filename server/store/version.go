package store

import (
	"errors"
	"time"
)

// States of the versioning of a bucket. A bucket that never was enabled has none.
const (
	VersioningEnabled   = "Enabled"   // every write and deletion makes a new version
	VersioningSuspended = "Suspended" // writes and deletions replace the null version, and keep the others
)

// NullVersion names the null version of a key: the one that was written while the bucket did not have versioning enabled. A key
// has at most one. In an Object it is the empty Version.
const NullVersion = "null"

var (
	// ErrNoSuchVersion says that the key has no version of that id.
	ErrNoSuchVersion = errors.New("no such version")
	// ErrDeleteMarker says that a version is a delete marker, which has no bytes. It comes as a *MarkerError.
	ErrDeleteMarker = errors.New("the version is a delete marker")
)

// MarkerError says that a delete marker is where an object was looked for. It is ErrDeleteMarker, and ErrNoSuchKey too if the
// current version was asked for.
type MarkerError struct {
	Marker Object
	Named  bool // the marker was asked for by its version id
}

func (e *MarkerError) Error() string {
	if e.Named {
		return ErrDeleteMarker.Error()
	}
	return ErrNoSuchKey.Error() + ": the current version is a delete marker"
}

// Is makes errors.Is find what the error says.
func (e *MarkerError) Is(target error) bool {
	return target == ErrDeleteMarker || target == ErrNoSuchKey && !e.Named
}

// VersionID is the id that clients know the version by: Version, or NullVersion.
func (o *Object) VersionID() string {
	if o.Version == "" {
		return NullVersion
	}
	return o.Version
}

// ListVersionsOptions choose what ListVersions returns.
type ListVersionsOptions struct {
	Prefix        string // only keys that begin with it
	Delimiter     string // if set, keys that contain it after Prefix are rolled up into common prefixes
	KeyMarker     string // exclusive, as ListOptions.After, unless VersionMarker is set
	VersionMarker string // VersionID; with KeyMarker: also the older versions of that very key
	Max           int    // versions, delete markers and common prefixes together; 0 or less lists nothing
}

// VersionPage is one page of versions.
type VersionPage struct {
	Versions    []Object // with delete markers; ascending by key, the newest of a key first; without Metadata and ACL
	Prefixes    []string // ascending
	NextKey     string   // the last key or common prefix of the page; set if and only if Truncated
	NextVersion string   // the last VersionID; empty if the page ends with a common prefix
	Truncated   bool
}

// Replica places a version as the copy of one in another bucket of the same store.
type Replica struct {
	Version  string    // Version of the original, not empty
	Modified time.Time // of the original
}
