package store

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"

	"github.com/cockroachdb/pebble/v2"
)

// usage is how much a bucket holds. It is counted only for buckets that somebody asked about. It is ready for use.
type usage struct {
	measuring sync.Mutex
	known     atomic.Bool // the counts are complete
	counting  atomic.Bool // changes are counted
	objects   atomic.Int64
	bytes     atomic.Int64
}

// add counts a committed change.
func (u *usage) add(objects, bytes int64) {
	if u.counting.Load() {
		u.objects.Add(objects)
		u.bytes.Add(bytes)
	}
}

// reserve counts what a change will add, unless it adds bytes that a quota has no room for; 0 is no quota. The change is inside the
// bucket's lock, so that counting does not begin meanwhile.
func (u *usage) reserve(objects, bytes, quota int64) bool {
	if !u.counting.Load() {
		return true // then there is no quota
	}
	for {
		used := u.bytes.Load()
		if quota > 0 && bytes > 0 && used+bytes > quota {
			return false
		}
		if u.bytes.CompareAndSwap(used, used+bytes) {
			u.objects.Add(objects)
			return true
		}
	}
}

// Usage returns how many objects a bucket has, and their bytes. It counts every version but no delete markers, and no uploads in
// progress. The first call for a bucket after Open reads all its rows; later ones cost nothing.
func (s *Store) Usage(ctx context.Context, bucket string) (objects, bytes int64, err error) {
	b, err := s.bucket(bucket)
	if err != nil {
		return 0, 0, err
	}
	if err := s.measureNow(ctx, b); err != nil {
		return 0, 0, err
	}
	return b.usage.objects.Load(), b.usage.bytes.Load(), nil
}

// measureNow has how much a bucket holds known on return.
func (s *Store) measureNow(ctx context.Context, b *bucketState) error {
	if err := s.enter(ctx); err != nil {
		return err
	}
	defer s.leave()
	if b.usage.known.Load() {
		return nil
	}
	if err := s.measure(ctx, b); err != nil {
		return fmt.Errorf("measure bucket: %w", err)
	}
	return nil
}

// measure counts what a bucket holds. Writers wait only until there is a snapshot of the database; what they change from then on is
// added to what is found in it.
func (s *Store) measure(ctx context.Context, b *bucketState) error {
	u := &b.usage
	u.measuring.Lock()
	defer u.measuring.Unlock()
	if u.known.Load() {
		return nil
	}
	b.alive.Lock()
	snap := s.db.NewSnapshot()
	u.objects.Store(0)
	u.bytes.Store(0)
	u.counting.Store(true)
	b.alive.Unlock()
	defer snap.Close()
	for _, prefix := range [][]byte{appendObjectKey(nil, b.id, ""), appendVersionPrefix(nil, b.id, "")} {
		if err := s.count(ctx, snap, prefix, u); err != nil {
			return err
		}
	}
	u.known.Store(true)
	return nil
}

// count adds up the rows whose keys begin with prefix.
func (s *Store) count(ctx context.Context, r pebble.Reader, prefix []byte, u *usage) error {
	var row objectRow
	return scanIn(r, prefix, prefixEnd(append([]byte(nil), prefix...)), func(_, v []byte) (bool, error) {
		var err error
		if row, err = decodeObject("", v, listFields, &row); err != nil {
			return false, err
		}
		if !row.DeleteMarker {
			u.objects.Add(1)
			u.bytes.Add(row.Size)
		}
		if s.closed.Load() {
			return false, ErrClosed
		}
		return true, ctx.Err()
	})
}
