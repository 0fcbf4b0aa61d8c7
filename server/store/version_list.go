package store

import (
	"context"
	"fmt"
)

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

// ListVersions lists one page of the versions in a bucket: keys in byte order, and the newest version of each key first. It fails
// with ErrNoSuchVersion if VersionMarker is not a version's id.
func (s *Store) ListVersions(ctx context.Context, bucket string, o ListVersionsOptions) (VersionPage, error) {
	var page VersionPage
	b, err := s.bucket(bucket)
	if err != nil {
		return page, err
	}
	if err := s.enter(ctx); err != nil {
		return page, err
	}
	defer s.leave()
	if o.Max <= 0 {
		return page, nil
	}
	w, err := s.newVersionWalk(b, o.Prefix, o.Delimiter, listFields, b.versioned())
	if err != nil {
		return page, err
	}
	defer w.close()

	if err := w.start(b, o.KeyMarker, o.VersionMarker); err != nil {
		return page, err
	}
	lastKey, lastVersion := "", ""
	for w.next() {
		if len(page.Versions)+len(page.Prefixes) == o.Max {
			page.Truncated, page.NextKey, page.NextVersion = true, lastKey, lastVersion
			break
		}
		if p, rolled := w.current.rollUp([]byte(w.row.Key)); rolled {
			page.Prefixes = append(page.Prefixes, p)
			lastKey, lastVersion = p, ""
			w.skip(p)
			continue
		}
		page.Versions = append(page.Versions, w.row.Object)
		lastKey, lastVersion = w.row.Key, w.row.VersionID()
	}
	if w.err != nil {
		return VersionPage{}, fmt.Errorf("list versions: %w", w.err)
	}
	return page, nil
}

// start goes to where a page after the markers begins.
func (w *versionWalk) start(b *bucketState, key, version string) error {
	if version == "" || key < w.current.prefix {
		w.startAfter(key)
		return nil
	}
	seq, _, ok := parseVersionID(version)
	if version == NullVersion {
		row, found, err := findIn(w.snapshot, b, key, version)
		if err != nil {
			return fmt.Errorf("list versions: %w", err)
		}
		if !found {
			// It was removed since, and with it the knowledge of its place. Rather say something twice than not at all.
			w.startAt(key)
			return nil
		}
		seq, ok = row.seq, true
	}
	if !ok {
		return fmt.Errorf("version marker %q: %w", version, ErrNoSuchVersion)
	}
	w.startWithin(b, key, seq)
	return nil
}
