package store

import (
	"bytes"
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/cockroachdb/pebble/v2"
)

// ListOptions choose what List returns.
type ListOptions struct {
	Prefix    string // only keys that begin with it
	Delimiter string // if set, keys that contain it after Prefix are rolled up into common prefixes

	// After is exclusive: only what comes after it in byte order is listed. If it is a common prefix under the delimiter,
	// everything under it is skipped.
	After string

	Max int // objects and common prefixes together; 0 or less lists nothing
}

// ListPage is one page of a listing.
type ListPage struct {
	Objects   []Object // ascending by key, without Metadata and ACL
	Prefixes  []string // ascending
	Next      string   // the last key or common prefix of the page, to be the next After; set if and only if Truncated
	Truncated bool
}

// smallPage is how many objects a page has room for before it gets room for a usual full page at once.
const smallPage = 16

// List lists one page of a bucket in byte order. Its cost follows the page, not the bucket: it seeks past each common prefix.
func (s *Store) List(ctx context.Context, bucket string, o ListOptions) (ListPage, error) {
	var objects []Object
	page, err := s.ListEach(ctx, bucket, o, func(object *Object) {
		if len(objects) == smallPage {
			objects = slices.Grow(objects, max(min(o.Max, 1000)-smallPage, 0))
		}
		objects = append(objects, *object)
	})
	page.Objects = objects
	return page, err
}

// ListEach is List for whoever has a use for one object at a time: it calls visit with each, which is valid during the call only,
// and leaves Objects empty. An object is large, and a page has up to a thousand. Visit must not call the store.
func (s *Store) ListEach(ctx context.Context, bucket string, o ListOptions, visit func(*Object)) (ListPage, error) {
	var page ListPage
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
	w, err := newWalk(s.db, appendObjectKey(nil, b.id, ""), o.Prefix, o.Delimiter, appendPlain)
	if err != nil {
		return page, err
	}
	defer w.close()

	last, visited := "", 0
	var row objectRow
	for ok := w.start(o.After); ok; {
		if visited+len(page.Prefixes) == o.Max {
			page.Truncated, page.Next = true, last
			break
		}
		key := w.it.Key()[objectKeyPrefix:]
		if p, rolled := w.rollUp(key); rolled {
			page.Prefixes = append(page.Prefixes, p)
			last = p
			ok = w.skip(p)
			continue
		}
		v, err := w.it.ValueAndErr()
		if err != nil {
			return page, fmt.Errorf("list: %w", err)
		}
		if err := row.decode(string(key), v, listFields); err != nil {
			return page, fmt.Errorf("list: object %q: %w", key, err)
		}
		row.Latest = true
		visit(&row.Object)
		visited++
		last = row.Key
		ok = w.it.Next()
	}
	if err := w.it.Error(); err != nil {
		return page, fmt.Errorf("list: %w", err)
	}
	return page, nil
}

// walk goes over the rows of a bucket that are named by a key, and rolls keys up into common prefixes.
type walk struct {
	it        *pebble.Iterator
	base      []byte // what every row key begins with
	prefix    string
	delimiter string
	encode    func(dst []byte, key string) []byte // how a key is written after base; beginnings stay beginnings
	buf       []byte
}

// appendPlain writes a key as it is.
func appendPlain(dst []byte, key string) []byte { return append(dst, key...) }

func newWalk(r pebble.Reader, base []byte, prefix, delimiter string, encode func([]byte, string) []byte) (*walk, error) {
	w := &walk{base: base, prefix: prefix, delimiter: delimiter, encode: encode}
	var err error
	w.it, err = r.NewIter(&pebble.IterOptions{
		LowerBound: w.row(prefix),
		UpperBound: prefixEnd(w.row(prefix)),
	})
	if err != nil {
		return nil, fmt.Errorf("list: %w", err)
	}
	return w, nil
}

func (w *walk) close() { _ = w.it.Close() } // errors have been seen by Error

// row is the row key of a key, or of a beginning of one, in memory of its own.
func (w *walk) row(key string) []byte {
	return w.encode(append(make([]byte, 0, len(w.base)+len(key)+16), w.base...), key)
}

// start goes to the first row after a key or common prefix, both exclusive.
func (w *walk) start(after string) bool {
	switch {
	case after < w.prefix || after == "":
		return w.it.First()
	case w.isCommonPrefix(after):
		return w.skip(after)
	}
	// The smallest key after it is the one with a zero byte more.
	return w.it.SeekGE(w.row(after + "\x00"))
}

// isCommonPrefix reports whether a listing could have shown p as a common prefix.
func (w *walk) isCommonPrefix(p string) bool {
	rest, ok := strings.CutPrefix(p, w.prefix)
	return ok && w.delimiter != "" && strings.Index(rest, w.delimiter)+len(w.delimiter) == len(rest) &&
		len(rest) >= len(w.delimiter)
}

// rollUp returns the common prefix that a key belongs to, if it does.
func (w *walk) rollUp(key []byte) (string, bool) {
	if w.delimiter == "" {
		return "", false
	}
	i := bytes.Index(key[len(w.prefix):], []byte(w.delimiter))
	if i < 0 {
		return "", false
	}
	return string(key[:len(w.prefix)+i+len(w.delimiter)]), true
}

// skip goes past every key that begins with p.
func (w *walk) skip(p string) bool {
	w.buf = w.encode(append(w.buf[:0], w.base...), p)
	end := prefixEnd(w.buf)
	if end == nil {
		return false
	}
	return w.it.SeekGE(end)
}
