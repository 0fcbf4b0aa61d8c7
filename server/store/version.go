package store

import "errors"

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
