package replication

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/icos-go/icos/server/store"
)

// What an object says in [store.Replication] about its copies.
const (
	Pending   = "PENDING"   // they are still to be made
	Completed = "COMPLETED" // they are made
	Failed    = "FAILED"    // some could not be made; it is tried again
	Replica   = "REPLICA"   // it is a copy itself
)

const (
	// maxQueue is how many versions wait in memory; of a bucket that has more, the rest is found by a scan.
	maxQueue = 4096

	// concurrency is how many versions are copied at once.
	concurrency = 8

	// retryAfter and retryFor are when a failure is tried again by itself, and for how long.
	retryAfter = time.Hour
	retryFor   = 30 * 24 * time.Hour
)

// Sealer encrypts and opens bodies by the keys of the service.
type Sealer interface {
	// Seal returns what a new object of a bucket is encrypted with, nil if it is not. Managed asks for a key of the service.
	Seal(bucket *store.Bucket, key string, managed bool) (*store.Seal, error)
	// Open returns the key of an object.
	Open(bucket, key string, e *store.Encryption) ([32]byte, error)
}

// Config says what a Replicator works on. Store is required.
type Config struct {
	Store *store.Store

	// Sealer is for encrypted objects. If nil, they are not replicated.
	Sealer Sealer

	// Now is the clock of objects. If nil, time.Now.
	Now func() time.Time

	// Logger gets a line for each failure. If nil, nothing is logged.
	Logger *slog.Logger
}

// Replicator makes the copies, in the background. It may be used by several goroutines; use [New] to make one. A nil *Replicator does
// nothing.
type Replicator struct {
	store  *store.Store
	sealer Sealer
	now    func() time.Time
	log    *slog.Logger

	stop    context.CancelFunc
	ctx     context.Context // of all work; ends with Close
	working sync.WaitGroup

	mu     sync.Mutex
	queue  []item
	scans  map[string]scan // by bucket
	idle   chan struct{}   // closed when there is nothing to do; nil if there is nothing
	closed bool
}

// item is a version that is to be copied.
type item struct{ bucket, key, version string }

// scan says which versions of a bucket are looked for.
type scan int

const (
	scanPending scan = iota // those that are pending
	scanDue                 // and failures that are due to be tried again
	scanFailed              // and all other failures
)

// New returns a Replicator, which goes on with what one before it left. Close ends it.
func New(c Config) *Replicator {
	r := &Replicator{store: c.Store, sealer: c.Sealer, now: c.Now, log: c.Logger, scans: make(map[string]scan)}
	if r.now == nil {
		r.now = time.Now
	}
	if r.log == nil {
		r.log = slog.New(slog.DiscardHandler)
	}
	r.ctx, r.stop = context.WithCancel(context.Background())
	return r
}

// Close ends the work and waits until it has ended. What is left is found by the next Replicator.
func (r *Replicator) Close() {
	if r == nil {
		return
	}
	r.mu.Lock()
	r.closed = true
	r.mu.Unlock()
	r.stop()
	r.working.Wait()
}

// Add has a version copied whose status is Pending. It does not wait.
func (r *Replicator) Add(bucket string, o *store.Object) {
	if r == nil || o.Replication.Status != Pending {
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(r.queue) < maxQueue {
		r.queue = append(r.queue, item{bucket, o.Key, o.VersionID()})
	} else {
		r.scans[bucket] = max(r.scans[bucket], scanPending)
	}
	r.start()
}

// Reattempt has everything of a bucket tried again that failed. It does not wait.
func (r *Replicator) Reattempt(bucket string) { r.look(bucket, scanFailed) }

// Resume looks for what is pending, and for failures that are due to be tried again. It does not wait.
func (r *Replicator) Resume(ctx context.Context) error {
	if r == nil {
		return nil
	}
	buckets, _, err := r.store.Buckets(ctx, "", "", "", 0)
	if err != nil {
		return fmt.Errorf("list buckets: %w", err)
	}
	for i := range buckets {
		if buckets[i].Documents["replication"] != nil {
			r.look(buckets[i].Name, scanDue)
		}
	}
	return nil
}

// Wait waits until there is nothing to do.
func (r *Replicator) Wait(ctx context.Context) error {
	if r == nil {
		return nil
	}
	r.mu.Lock()
	idle := r.idle
	r.mu.Unlock()
	if idle == nil {
		return nil
	}
	select {
	case <-idle:
		return nil
	case <-ctx.Done():
		return fmt.Errorf("wait for replication: %w", ctx.Err())
	}
}

func (r *Replicator) look(bucket string, what scan) {
	if r == nil {
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.scans[bucket] = max(r.scans[bucket], what)
	r.start()
}

// start begins to work unless that goes on. The caller holds mu.
func (r *Replicator) start() {
	if r.idle != nil || r.closed {
		return
	}
	r.idle = make(chan struct{})
	r.working.Go(r.work)
}

// work goes on until there is nothing to do, or until Close.
func (r *Replicator) work() {
	for {
		items, bucket, what := r.next()
		switch {
		case items != nil:
			r.copyAll(items)
		case bucket != "":
			if err := r.scan(bucket, what); err != nil && r.ctx.Err() == nil && !errors.Is(err, store.ErrNoSuchBucket) {
				r.log.Error("look for what is to be replicated", "bucket", bucket, "err", err)
			}
		default:
			return
		}
	}
}

// next takes what is to be done: versions first, then a bucket to scan.
func (r *Replicator) next() (items []item, bucket string, what scan) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.ctx.Err() != nil {
		r.queue = nil
		clear(r.scans)
	}
	if len(r.queue) > 0 {
		items, r.queue = r.queue, nil
		return items, "", 0
	}
	for bucket, what := range r.scans {
		delete(r.scans, bucket)
		return nil, bucket, what
	}
	close(r.idle)
	r.idle = nil
	return nil, "", 0
}

// scan copies the versions of a bucket that wait for it.
func (r *Replicator) scan(bucket string, what scan) error {
	now := r.now()
	var found []item
	err := r.store.Scan(r.ctx, bucket, "", "", true, func(o *store.Object) (bool, error) {
		if !wanted(&o.Replication, what, now) {
			return true, nil
		}
		if found = append(found, item{bucket, o.Key, o.VersionID()}); len(found) == maxQueue {
			r.copyAll(found)
			found = found[:0]
		}
		return true, r.ctx.Err()
	})
	r.copyAll(found)
	return err
}

func wanted(s *store.Replication, what scan, now time.Time) bool {
	switch {
	case s.Status == Pending:
		return true
	case s.Status != Failed:
		return false
	case what == scanFailed:
		return true
	}
	return what == scanDue && !now.Before(s.Last.Add(retryAfter)) && now.Before(s.First.Add(retryFor))
}

func (r *Replicator) copyAll(items []item) {
	var group errgroup.Group
	group.SetLimit(concurrency)
	for _, it := range items {
		if r.ctx.Err() != nil {
			break
		}
		group.Go(func() error {
			r.replicate(it)
			return nil
		})
	}
	_ = group.Wait() // each version has its own status
}
