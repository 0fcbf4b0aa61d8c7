package store

import (
	"errors"
	"fmt"

	"github.com/cockroachdb/pebble/v2"
)

// The current object of a key is a rowObject row; its noncurrent versions, and all its delete markers, are rowShelved rows, the
// newest first. So there is a current object if and only if there is a rowObject row, which is newer than all rowShelved rows of
// its key; else the newest of those, if there are any, is a delete marker. At most one row of a key is the null version.
//
// Versions are in the order of their sequence numbers, which are ids taken under the key's lock. An object of a bucket that never
// had versioning has the number 0, and so is older than all that come later.

// versionID spells the id of a version: its number, and what keeps it apart from that of another store's.
func versionID(seq id, random uint64) string {
	if random == 0 {
		return ""
	}
	return uploadID(seq, random)
}

// parseVersionID is the inverse of versionID, for all but the null version.
func parseVersionID(s string) (seq id, random uint64, ok bool) {
	seq, random, ok = parseUploadID(s)
	return seq, random, ok && random != 0
}

// ValidVersionID reports whether a store may have made the id, or it is NullVersion.
func ValidVersionID(id string) bool {
	_, _, ok := parseVersionID(id)
	return ok || id == NullVersion
}

// null reports whether the row is that of the null version.
func (o *objectRow) null() bool { return o.random == 0 }

// versioned reports whether the bucket has, or had, versioning enabled, so that it may have rowShelved rows.
func (b *bucketState) versioned() bool { return b.row.Load().Versioning != "" }

// find reads the row of a version, named as in OpenVersion, of which Latest and DeleteMarker tell what it is. Without a lock it
// sees one state of the key.
func (s *Store) find(b *bucketState, key, version string) (row objectRow, found bool, err error) {
	if version == "" {
		found, err = s.object(b, key, &row)
		if err != nil || found || !b.versioned() {
			return row, found, err
		}
	}
	snap := s.db.NewSnapshot()
	defer snap.Close()
	return findIn(snap, b, key, version)
}

// named is find into row, which is zero before, with the error that OpenVersion has for what is not found, or is a delete marker.
func (s *Store) named(b *bucketState, key, version string, row *objectRow) (err error) {
	found := false
	if version == "" {
		found, err = s.object(b, key, row)
	}
	if !found && err == nil && (version != "" || b.versioned()) {
		*row, found, err = s.find(b, key, version)
	}
	switch {
	case err != nil:
		return err
	case !found && (version == "" || version == NullVersion && !b.versioned()):
		return ErrNoSuchKey
	case !found:
		return ErrNoSuchVersion
	case row.DeleteMarker:
		return &MarkerError{Marker: row.Object, Named: version != ""}
	}
	return nil
}

// findIn is find in a snapshot, or in the database by who holds the key's lock.
func findIn(r pebble.Reader, b *bucketState, key, version string) (row objectRow, found bool, err error) {
	var current objectRow
	exists, err := objectIn(r, b, key, &current)
	if err != nil {
		return objectRow{}, false, err
	}
	seq, random, ok := parseVersionID(version)
	switch {
	case exists && (version == "" || version == NullVersion && current.null() || ok && current.seq == seq && current.random == random):
		return current, true, nil
	case !b.versioned() || exists && version == "" || !ok && version != "" && version != NullVersion:
		return objectRow{}, false, nil
	case ok:
		return findShelved(r, b, key, seq, random, exists)
	}
	newest := true
	err = shelved(r, b, key, func(o *objectRow) (bool, error) {
		if version == "" || o.null() {
			row, found = *o, true
			row.Latest = newest && !exists
			return false, nil
		}
		newest = false
		return true, nil
	})
	return row, found, err
}

// findShelved reads the row of a version that is not a current object. Exists says whether there is one.
func findShelved(r pebble.Reader, b *bucketState, key string, seq id, random uint64, exists bool) (row objectRow, found bool, err error) {
	err = viewIn(r, versionKey(b.id, key, seq), func(v []byte) error {
		row, err = decodeObject(key, v, allFields, &objectRow{})
		found = err == nil && row.random == random
		return err
	})
	if err != nil || !found {
		return objectRow{}, false, err
	}
	if row.DeleteMarker && !exists {
		err = shelved(r, b, key, func(newest *objectRow) (bool, error) {
			row.Latest = newest.seq == seq
			return false, nil
		})
	}
	return row, true, err
}

// shelved calls each for the rowShelved rows of a key, the newest first, until it returns false or an error.
func shelved(r pebble.Reader, b *bucketState, key string, each func(*objectRow) (more bool, err error)) error {
	lower := versionKey(b.id, key, ^id(0))
	upper := append(versionKey(b.id, key, 0), 0)
	return scanIn(r, lower, upper, func(_, v []byte) (bool, error) {
		row, err := decodeObject(key, v, allFields, &objectRow{})
		if err != nil {
			return false, fmt.Errorf("version row: %w", err)
		}
		return each(&row)
	})
}

// errUnversion says that a bucket with versions was to be one that never had any.
var errUnversion = errors.New("versioning can be suspended, but not be taken back")

// errReplica says that a replica came to a bucket without versioning.
var errReplica = errors.New("a replica needs a bucket with versioning enabled")
