package lifecycle

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/icos-go/icos/server/store"
)

const (
	// batchSize is how many versions are found before they are removed: what a sweep holds in memory.
	batchSize = 1000

	// removeConcurrency is how many versions are removed at once. Each waits for the disk, and those that wait together share one
	// sync.
	removeConcurrency = 32
)

// Config says what a Sweeper sweeps. Store is required.
type Config struct {
	Store *store.Store

	// Now is the clock of objects. If nil, time.Now.
	Now func() time.Time

	// Logger gets a line for each bucket in which something was done or failed. If nil, nothing is logged.
	Logger *slog.Logger
}

// Sweeper removes what the rules of the buckets say. It may be used by several goroutines; use [New] to make one.
type Sweeper struct {
	store *store.Store
	now   func() time.Time
	log   *slog.Logger
	turn  chan struct{} // holds a token while a sweep runs
}

// New returns a Sweeper. It does nothing by itself.
func New(c Config) *Sweeper {
	s := &Sweeper{store: c.Store, now: c.Now, log: c.Logger, turn: make(chan struct{}, 1)}
	if s.now == nil {
		s.now = time.Now
	}
	if s.log == nil {
		s.log = slog.New(slog.DiscardHandler)
	}
	return s
}

// Swept counts what a sweep did.
type Swept struct {
	Expired int64 // current objects deleted, or hidden by a delete marker
	Removed int64 // noncurrent versions and delete markers removed for good
	Aborted int64 // uploads
}

func (n *Swept) add(m Swept) {
	n.Expired += m.Expired
	n.Removed += m.Removed
	n.Aborted += m.Aborted
}

// Sweep does all that is due now, in every bucket. It waits for a sweep that runs already. What fails in one bucket does not keep it
// from the others; the error is that of all together. A sweep that was cut short is made good by the next.
func (s *Sweeper) Sweep(ctx context.Context) (Swept, error) {
	var total Swept
	select {
	case s.turn <- struct{}{}:
		defer func() { <-s.turn }()
	case <-ctx.Done():
		return total, fmt.Errorf("wait for the sweep before: %w", ctx.Err())
	}
	now := s.now()
	buckets, _, err := s.store.Buckets(ctx, "", "", "", 0)
	if err != nil {
		return total, fmt.Errorf("list buckets: %w", err)
	}
	var failed []error
	for i := range buckets {
		b := &buckets[i]
		if b.Documents["lifecycle"] == nil {
			continue
		}
		n, err := s.sweepBucket(ctx, b.Name, now)
		total.add(n)
		if errors.Is(err, store.ErrNoSuchBucket) || errors.Is(err, errChanged) {
			err = nil // it was deleted meanwhile, or the next sweep goes by its new rules
		}
		if ctx.Err() != nil {
			return total, fmt.Errorf("sweep %s: %w", b.Name, ctx.Err())
		}
		if err != nil {
			s.log.Error("sweep", "bucket", b.Name, "err", err)
			failed = append(failed, fmt.Errorf("sweep %s: %w", b.Name, err))
		}
		if n != (Swept{}) {
			s.log.Info("swept", "bucket", b.Name, "expired", n.Expired, "removed", n.Removed, "aborted", n.Aborted)
		}
	}
	return total, errors.Join(failed...)
}

func (s *Sweeper) sweepBucket(ctx context.Context, name string, now time.Time) (Swept, error) {
	b, err := s.store.Bucket(ctx, name) // its rules may be others than when the sweep began
	if err != nil {
		return Swept{}, err
	}
	document := b.Documents["lifecycle"]
	rules, err := Parse(document)
	if err != nil {
		return Swept{}, err
	}
	w := &sweep{Sweeper: s, bucket: name, document: document, rules: rules, now: now}
	objects, uploads := rules.scopes()
	if objects.any {
		if err := w.objects(ctx, objects.prefix, b.Versioning != ""); err != nil {
			return w.done, err
		}
	}
	if uploads.any {
		err = w.uploads(ctx, uploads.prefix)
	}
	return w.done, err
}

// scope is what keys a number of rules are about: at most those that begin with prefix.
type scope struct {
	any    bool
	prefix string
}

func (s *scope) widen(prefix string) {
	if !s.any {
		s.any, s.prefix = true, prefix
		return
	}
	n := 0
	for n < len(s.prefix) && n < len(prefix) && s.prefix[n] == prefix[n] {
		n++
	}
	s.prefix = s.prefix[:n]
}

// scopes says what a sweep has to look at.
func (rs Rules) scopes() (objects, uploads scope) {
	for i := range rs {
		r := &rs[i]
		if !r.Enabled {
			continue
		}
		if r.Expiration != (Expiration{}) || r.Noncurrent.Days > 0 {
			objects.widen(r.Filter.Prefix)
		}
		if r.AbortDays > 0 {
			uploads.widen(r.Filter.Prefix)
		}
	}
	return objects, uploads
}

// sweep is the sweep of one bucket.
type sweep struct {
	*Sweeper
	bucket   string
	document []byte // that rules are from
	rules    Rules
	now      time.Time
	batch    []removal
	done     Swept

	// Of the key that the scan is at, while a bucket with versioning is swept.
	key    string
	newer  int       // noncurrent versions seen
	date   time.Time // of the version seen last, which took the place of the next
	marker *removal  // of its current version, if that is a delete marker: due if no other version follows
}

// removal is a version that is due.
type removal struct {
	key     string
	version string // empty for a plain deletion of the current object

	// due reports whether it still is, as the removal finds it under the key's lock.
	due func(*store.Object) bool
}

// objects goes over the objects, and with versions over everything that is older, too.
func (w *sweep) objects(ctx context.Context, prefix string, versions bool) error {
	visit := w.current
	if versions {
		visit = w.version
	}
	err := w.store.Scan(ctx, w.bucket, prefix, "", versions, func(o *store.Object) (bool, error) {
		visit(o)
		if len(w.batch) < batchSize {
			return true, nil
		}
		return true, w.flush(ctx)
	})
	if err != nil {
		return err
	}
	w.endKey()
	return w.flush(ctx)
}

// current sees a current object.
func (w *sweep) current(o *store.Object) {
	if due, ok := w.rules.Expires(o); !ok || !due.by(w.now) {
		return
	}
	modified := o.Modified
	w.batch = append(w.batch, removal{key: o.Key, due: func(o *store.Object) bool {
		due, ok := w.rules.Expires(o)
		return ok && due.by(w.now) && o.Modified.Equal(modified) && !o.DeleteMarker
	}})
}

// version sees a version or delete marker, the newest of a key first.
func (w *sweep) version(o *store.Object) {
	if w.key != o.Key || o.Latest {
		w.endKey()
		w.key, w.newer, w.date = o.Key, 0, o.Modified
		switch {
		case !o.DeleteMarker:
			w.current(o)
		default:
			w.soleMarker(o)
		}
		return
	}
	w.marker = nil // it hides this version
	newer := w.newer
	if o.Superseded.IsZero() {
		o.Superseded = w.date
	}
	w.newer, w.date = newer+1, o.Modified
	due := func(o *store.Object) bool { // another version may have taken its place meanwhile
		due, ok := w.rules.NoncurrentExpires(o, o.Superseded, newer)
		return ok && due.by(w.now) && !o.Latest
	}
	if due(o) {
		w.batch = append(w.batch, removal{o.Key, o.VersionID(), due})
	}
}

// soleMarker notes a delete marker that is due unless a version follows.
func (w *sweep) soleMarker(o *store.Object) {
	due := func(o *store.Object) bool {
		due, ok := w.rules.MarkerExpires(o)
		return ok && due.by(w.now) && o.Latest
	}
	if due(o) {
		w.marker = &removal{o.Key, o.VersionID(), due}
	}
}

func (w *sweep) endKey() {
	if w.marker != nil {
		w.batch = append(w.batch, *w.marker)
		w.marker = nil
	}
}

var (
	errNotDue = errors.New("is not due any more")
	errKept   = errors.New("is retained, held or locked")

	errChanged = errors.New("the rules were changed meanwhile")
)

// changed ends a sweep whose rules are not those of the bucket any more.
func (w *sweep) changed(ctx context.Context) error {
	b, err := w.store.Bucket(ctx, w.bucket)
	if err == nil && !bytes.Equal(b.Documents["lifecycle"], w.document) {
		err = errChanged
	}
	return err
}

// flush removes what was found.
func (w *sweep) flush(ctx context.Context) error {
	if err := w.changed(ctx); err != nil {
		return err
	}
	results := make([]store.Deleted, len(w.batch))
	var group errgroup.Group
	group.SetLimit(removeConcurrency)
	for i, r := range w.batch {
		group.Go(func() (err error) {
			results[i], err = w.remove(ctx, r)
			return err
		})
	}
	err := group.Wait()
	for i, r := range w.batch {
		switch {
		case !results[i].Existed:
		case r.version == "":
			w.done.Expired++
		default:
			w.done.Removed++
		}
	}
	clear(w.batch)
	w.batch = w.batch[:0]
	return err
}

func (w *sweep) remove(ctx context.Context, r removal) (store.Deleted, error) {
	deleted, err := w.store.DeleteVersion(ctx, w.bucket, r.key, r.version, &store.DeleteOptions{
		Check: func(o *store.Object) error {
			if o == nil || !r.due(o) {
				return errNotDue
			}
			return nil
		},
		Removable: func(o *store.Object) error {
			if o.KeptBy(w.now, false) != "" {
				return errKept
			}
			return nil
		},
	})
	switch {
	case err == nil:
		return deleted, nil
	case errors.Is(err, errNotDue), errors.Is(err, errKept):
		return store.Deleted{}, nil // the next sweep looks again
	}
	return store.Deleted{}, fmt.Errorf("remove %q: %w", r.key, err)
}

// uploads aborts those that take too long.
func (w *sweep) uploads(ctx context.Context, prefix string) error {
	o := store.ListUploadsOptions{Prefix: prefix, Max: batchSize}
	for {
		page, err := w.store.ListUploads(ctx, w.bucket, o)
		if err == nil {
			err = w.changed(ctx)
		}
		if err != nil {
			return err
		}
		for i := range page.Uploads {
			u := &page.Uploads[i]
			if due, ok := w.rules.Aborts(u.Key, u.Initiated); !ok || !due.by(w.now) {
				continue
			}
			err := w.store.AbortUpload(ctx, w.bucket, u.Key, u.ID)
			switch {
			case errors.Is(err, store.ErrNoSuchUpload): // it was completed or aborted meanwhile
			case err != nil:
				return fmt.Errorf("abort upload of %q: %w", u.Key, err)
			default:
				w.done.Aborted++
			}
		}
		if !page.Truncated {
			return nil
		}
		o.KeyMarker, o.IDMarker = page.NextKey, page.NextID
	}
}
