package store

import (
	"context"
	"fmt"
	"time"
)

// scanPage is how many versions Scan reads before it calls its visitor with them.
const scanPage = 256

// Scan calls visit for the current objects of a bucket whose keys begin with prefix and come after the key after, in the order of
// their keys, with all their fields. If noncurrent is true it calls it for every version and delete marker, the newest of a key
// first, and with Superseded set. It ends when visit returns false or an error, which it returns as it is. Visit may call the
// store; whether the scan sees what changes meanwhile is left open.
func (s *Store) Scan(ctx context.Context, bucket, prefix, after string, noncurrent bool, visit func(*Object) (more bool, err error)) error {
	b, err := s.bucket(bucket)
	if err != nil {
		return err
	}
	at := scanPosition{key: after}
	for {
		page, err := s.scanFrom(ctx, b, prefix, &at, noncurrent)
		if err != nil {
			return err
		}
		for i := range page {
			if more, err := visit(&page[i]); err != nil || !more {
				return err
			}
		}
		if len(page) < scanPage {
			return nil
		}
	}
}

// scanPosition is the version that a page of a scan ended with.
type scanPosition struct {
	key      string
	within   bool // the scan goes on with the older versions of the key
	seq      id
	modified time.Time
}

// scanFrom reads a page and moves the position to its end.
func (s *Store) scanFrom(ctx context.Context, b *bucketState, prefix string, at *scanPosition, noncurrent bool) ([]Object, error) {
	if err := s.enter(ctx); err != nil {
		return nil, err
	}
	defer s.leave()
	w, err := s.newVersionWalk(b, prefix, "", allFields, noncurrent && b.versioned())
	if err != nil {
		return nil, fmt.Errorf("scan: %w", err)
	}
	defer w.close()
	if at.within {
		w.startWithin(b, at.key, at.seq)
		w.row.Key, w.row.Modified = at.key, at.modified
	} else {
		w.startAfter(at.key)
	}
	var page []Object
	for len(page) < scanPage && w.next() {
		page = append(page, w.row.Object)
		*at = scanPosition{w.row.Key, noncurrent, w.row.seq, w.row.Modified}
	}
	if w.err != nil {
		return nil, fmt.Errorf("scan: %w", w.err)
	}
	return page, nil
}
