package store

import (
	"errors"
	"fmt"
	"io/fs"
	"sync"

	"github.com/cockroachdb/pebble/v2"
)

// reaper frees the bytes of bodies that have a tombstone, in one goroutine.
type reaper struct {
	s    *Store
	done chan struct{}

	mu      sync.Mutex
	changed sync.Cond
	queue   []body
	sweep   bool // files without a row are to be looked for
	busy    bool
	stopped bool
}

// startReaper begins with the tombstones that the last run left, and with a sweep if asked to.
func (s *Store) startReaper(sweep bool) error {
	r := &reaper{s: s, done: make(chan struct{}), sweep: sweep}
	r.changed.L = &r.mu
	err := s.scan([]byte{rowTombstone}, []byte{rowTombstone + 1}, func(key, v []byte) (bool, error) {
		i, err := parseIDKey(key)
		if err != nil || len(v) != 1 {
			return false, fmt.Errorf("tombstone: %w", errors.Join(err, errCorrupt))
		}
		r.queue = append(r.queue, body{bodyKind(v[0]), i})
		return true, nil
	})
	if err != nil {
		return err
	}
	s.reaper = r
	go r.run()
	return nil
}

func (r *reaper) add(bodies ...body) {
	if len(bodies) == 0 {
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.queue = append(r.queue, bodies...)
	r.changed.Broadcast()
}

// stop ends the goroutine and waits for it. Tombstones still queued are found again by the next Open.
func (r *reaper) stop() {
	r.mu.Lock()
	r.stopped = true
	r.changed.Broadcast()
	r.mu.Unlock()
	<-r.done
}

// wait returns when nothing is queued and nothing is being freed.
func (r *reaper) wait() {
	r.mu.Lock()
	defer r.mu.Unlock()
	for (len(r.queue) > 0 || r.busy || r.sweep) && !r.stopped {
		r.changed.Wait()
	}
}

func (r *reaper) run() {
	defer close(r.done)
	r.mu.Lock()
	defer r.mu.Unlock()
	for !r.stopped {
		if len(r.queue) == 0 && !r.sweep {
			r.busy = false
			r.changed.Broadcast()
			r.changed.Wait()
			continue
		}
		queue, sweep := r.queue, r.sweep
		r.queue, r.busy = nil, true
		r.mu.Unlock()
		for _, b := range queue {
			if r.stopping() {
				break
			}
			if err := r.s.free(b); err != nil {
				r.s.logger.Error("store: free bytes; will try again after the next start", "id", uint64(b.id), "err", err)
			}
		}
		if sweep {
			if err := r.s.sweep(r.stopping); err != nil {
				r.s.logger.Error("store: sweep files that a crash left; will try again after the next crash", "err", err)
			}
		}
		r.mu.Lock()
		if sweep {
			r.sweep = false
		}
	}
}

func (r *reaper) stopping() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.stopped
}

// free frees the bytes of a body that nothing refers to, and then its tombstone. Doing it twice is harmless.
func (s *Store) free(b body) error {
	s.freeing.Lock()
	defer s.freeing.Unlock()
	if !s.pins.doom(b) {
		return nil
	}
	batch := s.db.NewBatch()
	var err error
	switch b.kind {
	case bodyFile:
		err = s.freePart(batch, b)
	case bodyManifest:
		err = s.view(idKey(rowManifest, b.id), func(v []byte) error {
			parts, err := decodeManifest(v)
			for i := range parts {
				err = errors.Join(err, s.freePart(batch, parts[i].body))
			}
			return err
		})
		_ = batch.Delete(idKey(rowManifest, b.id), nil)
	case bodyUpload:
		err = s.scan(idKey(rowPart, b.id), idKey(rowPart, b.id+1), func(key, v []byte) (bool, error) {
			p, err := decodePart(v)
			if err == nil {
				err = s.freePart(batch, p.body)
			}
			_ = batch.Delete(key, nil)
			return true, err
		})
	default:
		err = fmt.Errorf("tombstone of kind %d: %w", b.kind, errCorrupt)
	}
	if err == nil {
		err = s.guard.failure()
	}
	if err != nil {
		_ = batch.Close()
		return err
	}
	_ = batch.Delete(idKey(rowTombstone, b.id), nil)
	// Not synced: a tombstone that comes back is freed again.
	return s.db.Apply(batch, pebble.NoSync)
}

func (s *Store) freePart(batch *pebble.Batch, b body) error {
	switch b.kind {
	case bodyInline:
		_ = batch.Delete(idKey(rowBytes, b.id), nil)
	case bodyFile:
		_ = batch.Delete(idKey(rowFile, b.id), nil)
		if err := s.files.remove(b.id); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	return nil
}

// sweep removes the files of earlier runs that have no row: their writers did not live to commit.
func (s *Store) sweep(stop func() bool) error {
	return s.files.each(func(i id) error {
		if i >= s.firstID || stop() {
			return nil
		}
		owned := false
		err := s.view(idKey(rowFile, i), func([]byte) error { owned = true; return nil })
		if err != nil || owned {
			return err
		}
		s.logger.Info("store: remove a file that a crash left without an owner", "id", uint64(i))
		return s.files.remove(i)
	})
}
