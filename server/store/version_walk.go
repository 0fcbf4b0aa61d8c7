package store

import (
	"fmt"

	"github.com/cockroachdb/pebble/v2"
)

// versionWalk goes over the versions of a bucket in the order of a listing, as they were when it began:
//
//	w.startAfter("")
//	for w.next() {
//		… w.row …
//	}
//	return w.err
//
// It merges the current objects with the other versions, whose rows lie elsewhere, but in the same order of keys.
type versionWalk struct {
	row objectRow // where the walk stands; Superseded is set unless the walk began with it
	err error

	want     fields
	snapshot *pebble.Snapshot
	current  *walk  // over the current objects
	others   *walk  // over the other versions; nil to leave them out
	otherKey string // where that one stands

	from *walk  // that row is from, to be moved on; nil if the walks stand where the next row is
	seen string // key of which a version was seen, so that it is not the latest that comes next
}

func (s *Store) newVersionWalk(b *bucketState, prefix, delimiter string, want fields, others bool) (*versionWalk, error) {
	w := &versionWalk{want: want, snapshot: s.db.NewSnapshot()}
	var err error
	w.current, err = newWalk(w.snapshot, appendObjectKey(nil, b.id, ""), prefix, delimiter, appendPlain)
	if err == nil && others {
		w.others, err = newWalk(w.snapshot, appendVersionPrefix(nil, b.id, ""), prefix, delimiter, appendEscaped)
	}
	if err != nil {
		w.close()
		return nil, err
	}
	return w, nil
}

func (w *versionWalk) close() {
	for _, x := range []*walk{w.current, w.others} {
		if x != nil {
			x.close()
		}
	}
	_ = w.snapshot.Close() // nothing was written
}

// startAfter begins after all versions of a key, or after all keys with a common prefix.
func (w *versionWalk) startAfter(key string) {
	w.current.start(key)
	if w.others != nil {
		w.others.start(key)
		w.parseOther()
	}
}

// startAt begins with the newest version of a key.
func (w *versionWalk) startAt(key string) {
	w.current.it.SeekGE(w.current.row(key))
	if w.others != nil {
		w.others.it.SeekGE(w.others.row(key))
		w.parseOther()
	}
}

// startWithin begins with the version of a key that comes after the one of that number, which need not be there any more.
func (w *versionWalk) startWithin(b *bucketState, key string, seq id) {
	w.startAt(key)
	w.seen = key
	if w.current.it.Valid() && string(w.currentKey()) == key {
		// A current object is older than the number only if it was promoted since.
		var row objectRow
		if row, w.err = w.decode(w.current, key); w.err == nil && row.seq >= seq {
			w.current.it.Next()
		}
	}
	if w.others != nil {
		w.others.it.SeekGE(append(versionKey(b.id, key, seq), 0))
		w.parseOther()
	}
}

func (w *versionWalk) currentKey() []byte { return w.current.it.Key()[objectKeyPrefix:] }

func (w *versionWalk) parseOther() {
	if w.others.it.Valid() {
		key, _, err := parseVersionKey(w.others.it.Key())
		if w.otherKey = key; err != nil {
			w.err = err
		}
	}
}

// skip goes past every key that begins with p.
func (w *versionWalk) skip(p string) {
	w.current.skip(p)
	if w.others != nil {
		w.others.skip(p)
		w.parseOther()
	}
	w.from = nil
}

// next goes to the next version and reports whether there is one.
func (w *versionWalk) next() bool {
	if w.err != nil {
		return false
	}
	if w.from != nil {
		w.from.it.Next()
		if w.from == w.others {
			w.parseOther()
		}
	}
	// Of one key, the current object comes first.
	w.from = nil
	key := ""
	if w.current.it.Valid() {
		w.from, key = w.current, string(w.currentKey())
	}
	if w.others != nil && w.others.it.Valid() && (w.from == nil || w.otherKey < key) {
		w.from, key = w.others, w.otherKey
	}
	if w.from == nil {
		w.err = w.current.it.Error()
		if w.err == nil && w.others != nil {
			w.err = w.others.it.Error()
		}
		return false
	}
	row, err := w.decode(w.from, key)
	if err != nil {
		w.err = err
		return false
	}
	if row.Key == w.row.Key {
		row.Superseded = w.row.Modified
	}
	row.Latest = w.from == w.current || key != w.seen
	w.row, w.seen = row, key
	return true
}

func (w *versionWalk) decode(from *walk, key string) (objectRow, error) {
	v, err := from.it.ValueAndErr()
	if err != nil {
		return objectRow{}, err
	}
	row, err := decodeObject(key, v, w.want, &w.row)
	if err != nil {
		return objectRow{}, fmt.Errorf("version of %q: %w", key, err)
	}
	return row, nil
}
