package transfer

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/icos-go/icos"
	"github.com/icos-go/icos/transfer/internal/checkpoint"
	"github.com/icos-go/icos/transfer/internal/mirror"
	"github.com/icos-go/icos/transfer/internal/multipart"
	"github.com/icos-go/icos/transfer/internal/pace"
	"github.com/icos-go/icos/transfer/internal/tree"
)

type entries = iter.Seq2[mirror.Entry, error]

// snapshotEvery is how often the progress of a tree is written down.
const snapshotEvery = 500 * time.Millisecond

// A sweep carries out a Sync: a list of what is to be done flows from the plan to
// a number of workers, each of which moves one object at a time.
//
// When it is run again, in this process or another, it lists and compares again,
// and passes over what the snapshot says is done.
type sweep struct {
	t  *Transfer
	w  Sync
	id checkpoint.Identity

	// Of the present run.
	root    *tree.Root // target of a download
	deletes *mirror.Deletes
	list    *worklist
	now     chan chan struct{} // asks for a snapshot at once; what is sent is closed when it is written
	lane    pace.Lane          // of requests that compare
	abort   context.CancelCauseFunc
	planned error // what ended the plan before its end

	failing sync.Mutex
	first   error // what the first failed object met; guarded by failing

	through atomic.Bool // copies have to pass through this machine
}

// run runs the Sync until it is done or ctx ends.
func (r *sweep) run(ctx context.Context) (err error) {
	if r.w.Compare < Always || r.w.Compare > Checksum {
		return fmt.Errorf("unknown way to compare: %d", r.w.Compare)
	}
	if err := r.ready(ctx); err != nil {
		return err
	}
	if r.w.Delete {
		r.deletes = mirror.NewDeletes("")
		defer func() { err = errors.Join(err, r.deletes.Close()) }()
	}
	r.t.tally.listing.Store(true)
	defer r.t.tally.listing.Store(false)
	if r.w.DryRun {
		return r.rehearse(ctx)
	}

	job, err := r.t.m.store.Job(r.id)
	if err != nil {
		return busy(err)
	}
	if r.w.To.Bucket == nil {
		if r.root, err = tree.OpenRoot(r.w.To.Dir); err != nil {
			return errors.Join(fmt.Errorf("open target: %w", err), job.Close())
		}
		defer func() { err = errors.Join(err, r.root.Close()) }()
	}
	_, resumed := job.State()
	if err := r.move(ctx, job); err != nil && r.begun() {
		return errors.Join(err, job.Close())
	} else if err != nil {
		return errors.Join(err, job.Remove())
	}
	if resumed {
		// A process may have been killed when an object was complete and its
		// checkpoint not removed yet; and objects that were under way may have gone
		// from the source since.
		if err := r.t.m.discardChildren(ctx, r.t); err != nil {
			return errors.Join(err, job.Close())
		}
	}
	if err := job.Remove(); err != nil {
		return fmt.Errorf("remove checkpoint: %w", err)
	}
	return nil
}

// move does the work and leaves the job in the state that it has reached.
func (r *sweep) move(ctx context.Context, job *checkpoint.Job) error {
	state := r.restore(job)
	state.Paused = false
	r.list = newWorklist(r.carried(state))
	if err := job.Save(state); err != nil {
		return fmt.Errorf("write checkpoint: %w", err)
	}
	done := r.doneBefore(state)

	run, abort := context.WithCancelCause(ctx)
	defer abort(nil)
	r.abort = abort
	defer r.list.watch(run)()

	var workers, saver sync.WaitGroup
	saved := make(chan struct{})
	var saveErr error
	r.now = make(chan chan struct{})
	saver.Go(func() { saveErr = r.save(job, state, saved) })
	for range r.t.m.o.Concurrency {
		workers.Go(func() { r.work(run) })
	}
	r.planned = r.plan(run, done)
	r.list.close()
	r.t.tally.listing.Store(false)
	workers.Wait()
	err := r.outcome(ctx, run)
	if err == nil && r.w.Delete {
		err = r.remove(ctx)
	}
	close(saved)
	saver.Wait()

	final := state
	r.list.changed = true
	r.snapshot(&final)
	final.Paused = errors.Is(context.Cause(ctx), errPaused)
	if err != nil {
		return errors.Join(err, saveErr, job.Save(final))
	}
	if r.w.Move && r.w.From.Bucket == nil {
		return removeEmptied(r.w.From.Dir)
	}
	return nil
}

// begun reports whether there is anything to go on with.
func (r *sweep) begun() bool {
	l := r.list
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.frontier != "" || l.blind
}

// restore returns the state to begin with. The first run adds what another process
// has done to the sums.
func (r *sweep) restore(job *checkpoint.Job) checkpoint.State {
	y := &r.t.tally
	state, found := job.State()
	if !found {
		state = checkpoint.State{Started: time.Now()}
	}
	state.Label = r.t.plan.label
	if r.t.runs.Load() == 1 && found {
		y.bytes.Add(state.Bytes)
		y.whole.Add(state.Bytes)
		y.resumed.Add(state.Bytes)
		y.objects.Add(state.Objects)
		y.skipped.Add(state.Skipped)
		y.deleted.Add(state.Deleted)
	}
	// What is not done is listed again.
	y.total.Store(y.whole.Load())
	y.objectsTotal.Store(y.objects.Load() + y.failed.Load())
	return state
}

// carried returns what of an earlier state still holds when the list is begun
// again. What failed in this process stays failed; what failed in another is tried
// again and may fail again.
func (r *sweep) carried(s checkpoint.State) checkpoint.State {
	c := checkpoint.State{Frontier: s.Frontier, Pending: s.Pending}
	switch {
	case r.t.runs.Load() > 1:
		c.Failed, c.Overflow = s.Failed, s.Overflow
	case s.Overflow:
		c.Frontier = ""
	default:
		c.Pending = slices.Concat(s.Pending, s.Failed)
	}
	return c
}

// save writes snapshots until it is told to stop. An error is kept for the end, and
// does not stop the work: what was written before still holds.
func (r *sweep) save(job *checkpoint.Job, state checkpoint.State, stop <-chan struct{}) error {
	ticks := time.NewTicker(snapshotEvery)
	defer ticks.Stop()
	var failed error
	for {
		var written chan struct{}
		select {
		case <-stop:
			return failed
		case <-ticks.C:
		case written = <-r.now:
		}
		if r.snapshot(&state) {
			if err := job.Save(state); err != nil {
				failed = fmt.Errorf("write checkpoint: %w", err)
			}
		}
		if written != nil {
			close(written)
		}
	}
}

// recorder returns a function that has it written down that an object is done.
func (r *sweep) recorder(key string) func() {
	return func() {
		r.list.finish(key)
		written := make(chan struct{})
		r.now <- written
		<-written
	}
}

func (r *sweep) snapshot(s *checkpoint.State) bool {
	y := &r.t.tally
	// The sums first: an object that completes meanwhile is left out of the sums
	// after a crash, rather than counted twice.
	s.Bytes, s.Objects, s.Skipped = y.whole.Load(), y.objects.Load(), y.skipped.Load()
	s.FailedCount, s.Deleted = y.failed.Load(), y.deleted.Load()
	s.Total, s.ObjectsTotal, s.Listed = y.total.Load(), y.objectsTotal.Load(), !y.listing.Load()
	s.Updated = time.Now()
	return r.list.snapshot(s)
}

// plan lists, compares and hands out what is to be done.
func (r *sweep) plan(ctx context.Context, done func(*mirror.Entry) bool) error {
	y := &r.t.tally
	var skips step
	flush := func() error {
		if skips.skips == 0 {
			return nil
		}
		s := skips
		skips = step{}
		return r.list.push(ctx, s)
	}
	for a, err := range r.actions(ctx, done) {
		if err != nil {
			return errors.Join(flush(), err)
		}
		s := newStep(&a)
		switch s.op {
		case mirror.Skip:
			if !r.t.notify.items {
				skips = step{op: mirror.Skip, src: mirror.Entry{Entry: tree.Entry{Key: a.Src.Key}}, skips: skips.skips + 1}
				if skips.skips < maxSkips {
					continue
				}
				if err := flush(); err != nil {
					return err
				}
				continue
			}
			s.skips = 1
		case mirror.Copy:
			y.total.Add(a.Src.Size)
			y.objectsTotal.Add(1)
		default:
			y.objectsTotal.Add(1)
		}
		if err := flush(); err != nil {
			return err
		}
		if err := r.list.push(ctx, s); err != nil {
			return err
		}
	}
	return flush()
}

// maxSkips is how many entries to be skipped make one step.
const maxSkips = 256

// actions compares the two sides.
func (r *sweep) actions(ctx context.Context, done func(*mirror.Entry) bool) iter.Seq2[mirror.Action, error] {
	src, dst := r.lists(ctx)
	return mirror.Plan(ctx, src, dst, mirror.Options{
		From: r.w.From.side(), To: r.w.To.side(), Compare: comparison[r.w.Compare],
		NoClobber: r.w.NoClobber, Done: done, Delete: r.deletes,
		Admit: func(ctx context.Context) (func(), error) {
			gate := r.t.m.env.Gate
			if err := gate.Enter(ctx, &r.lane); err != nil {
				return nil, err
			}
			return func() { gate.Leave(&r.lane) }, nil
		},
	})
}

var comparison = [...]mirror.Compare{
	Always: mirror.Always, Auto: mirror.Auto, Size: mirror.Size, ModTime: mirror.ModTime, Checksum: mirror.Checksum,
}

// work carries out steps until there are none.
func (r *sweep) work(ctx context.Context) {
	for {
		s, ok := r.list.take(ctx)
		if !ok {
			return
		}
		r.carryOut(ctx, &s)
	}
}

// carryOut carries out one step. What the end of ctx interrupts stays pending.
func (r *sweep) carryOut(ctx context.Context, s *step) {
	t := r.t
	key := s.src.Key
	switch s.op {
	case mirror.Skip:
		t.tally.skipped.Add(s.skips)
		r.list.finish(key)
		if t.notify.items {
			t.notify.item(ctx, r.item(Skipped, s))
		}
		return
	case mirror.Refuse, mirror.Fail:
		op := Failed
		if s.op == mirror.Refuse {
			op = Refused
		}
		r.failed(ctx, op, s, s.err)
		return
	}

	if t.m.enter(ctx) != nil {
		return
	}
	a := &active{t: t, name: key, total: s.src.Size}
	t.active.add(a)
	out, err := r.object(ctx, a, s)
	t.active.remove(a)
	t.m.exit()
	t.count(ctx, a, out, err)
	switch {
	case err == nil:
		r.list.finish(key)
		if t.notify.items {
			it := r.item(moved(r.w.Move), s)
			it.Bytes = out.size
			if out.reason != "" {
				it.Reason = out.reason
			}
			t.notify.item(ctx, it)
		}
	case ctx.Err() != nil:
		// It stays pending.
	default:
		if errors.Is(err, multipart.ErrFull) {
			r.abort(err) // every other object would fail too
		}
		r.failed(ctx, Failed, s, err)
	}
}

// object moves one object.
func (r *sweep) object(ctx context.Context, a *active, s *step) (outcome, error) {
	switch {
	case r.w.From.Bucket == nil:
		return r.up(ctx, a, s)
	case r.w.To.Bucket == nil:
		return r.down(ctx, a, s)
	}
	return r.across(ctx, a, s)
}

func (r *sweep) up(ctx context.Context, a *active, s *step) (outcome, error) {
	t, key := r.t, s.src.Key
	to := r.w.To.Bucket.Object(r.w.To.Prefix + key)
	put := r.w.options(key)
	if s.src.Kind == tree.File {
		return t.upload(ctx, a, &upload{
			path: s.src.Path, to: to, put: put, preserve: r.w.Preserve, move: r.w.Move,
			identity: identity(kindUpload, to, s.src.Path), parent: t.plan.id, record: r.recorder(key),
		})
	}
	kept := tree.Attributes{Mode: &s.src.Mode}
	if r.w.Preserve.ModTime {
		kept.ModTime = s.src.ModTime
	}
	body := s.src.Link
	if s.src.Kind == tree.EmptyDir {
		body = ""
		if !r.w.Preserve.Mode {
			kept.Mode = nil
		}
	}
	put.Metadata = merged(kept.Metadata(), put.Metadata)
	out, err := t.putBytes(ctx, a, to, body, put)
	if err == nil && r.w.Move && s.src.Kind == tree.Symlink {
		if err := os.Remove(s.src.Path); err != nil {
			return out, fmt.Errorf("remove source: %w", err)
		}
	}
	return out, err
}

func (r *sweep) down(ctx context.Context, a *active, s *step) (outcome, error) {
	t, key := r.t, s.src.Key
	from := r.w.From.Bucket.Object(r.w.From.Prefix + key)
	if s.src.Kind == tree.EmptyDir {
		if err := r.root.Mkdir(key); err != nil {
			return outcome{}, fmt.Errorf("make directory: %w", err)
		}
		if r.w.Move {
			return outcome{}, from.Delete(ctx)
		}
		return outcome{}, nil
	}
	return t.download(ctx, a, &download{
		from: from, info: objectInfo(from, &s.src), root: r.root, key: key,
		preserve: r.w.Preserve, move: r.w.Move,
		identity: identity(kindDownload, from, filepath.Join(r.w.To.Dir, filepath.FromSlash(key))), parent: t.plan.id, record: r.recorder(key),
	})
}

func (r *sweep) across(ctx context.Context, a *active, s *step) (outcome, error) {
	from := r.w.From.Bucket.Object(r.w.From.Prefix + s.src.Key)
	to := r.w.To.Bucket.Object(r.w.To.Prefix + s.src.Key)
	info := objectInfo(from, &s.src)
	return r.t.copy(ctx, a, &copying{
		from: from, to: to, info: &info, move: r.w.Move, through: &r.through,
		identity: identity(kindCopy, to, from.String()), parent: r.t.plan.id, record: r.recorder(s.src.Key),
	})
}

// objectInfo is what a list has said of an object.
func objectInfo(o *icos.Object, e *mirror.Entry) icos.ObjectInfo {
	return icos.ObjectInfo{Key: o.Key(), Size: e.Size, ETag: e.ETag, ModTime: e.ModTime}
}

// item describes a step to observers.
func (r *sweep) item(op Op, s *step) Item {
	it := Item{Op: op, Key: s.src.Key, Bytes: s.src.Size, Reason: s.reason, To: r.w.To.place(s.src.Key), New: s.isNew, Unsure: s.unsure}
	if s.odd {
		it.To = ""
	}
	it.From = s.src.Path
	if r.w.From.Bucket != nil || it.From == "" {
		it.From = r.w.From.place(s.src.Key)
	}
	return it
}

// failed counts an object that could not be moved, and goes on.
func (r *sweep) failed(ctx context.Context, op Op, s *step, err error) {
	r.t.tally.failed.Add(1)
	r.list.fail(s.src.Key)
	r.failing.Lock()
	if r.first == nil {
		r.first = fmt.Errorf("%s: %w", s.src.Key, err)
	}
	r.failing.Unlock()
	if !r.t.notify.items {
		return
	}
	it := r.item(op, s)
	it.Err = err
	if op == Refused && it.Reason == "" && err != nil {
		it.Reason = err.Error()
	}
	r.t.notify.item(ctx, it)
}

// outcome returns the error of a run whose workers have stopped. run is ctx, or
// has been ended by what makes going on pointless.
func (r *sweep) outcome(ctx, run context.Context) error {
	switch {
	case ctx.Err() != nil:
		return context.Cause(ctx)
	case run.Err() != nil:
		return context.Cause(run)
	case r.planned != nil:
		return r.planned
	}
	err := r.incomplete()
	if err != nil && r.w.Delete {
		err = fmt.Errorf("%w; nothing was deleted", err)
	}
	return err
}

// incomplete returns an error if something failed.
func (r *sweep) incomplete() error {
	if n := r.t.tally.failed.Load(); n > 0 {
		return &FailedError{Failed: n, Total: r.t.tally.objectsTotal.Load(), First: r.first}
	}
	return nil
}

// removeEmptied removes a directory that has been moved, and those below it, as
// far as they are empty.
func removeEmptied(dir string) error {
	list, err := os.ReadDir(dir)
	if err != nil {
		return fmt.Errorf("remove source: %w", err)
	}
	left := false
	for _, e := range list {
		if !e.IsDir() {
			left = true
			continue
		}
		if err := removeEmptied(filepath.Join(dir, e.Name())); err != nil {
			return err
		}
	}
	if left {
		return nil
	}
	if err := os.Remove(dir); err != nil && !notEmpty(dir) {
		return fmt.Errorf("remove source: %w", err)
	}
	return nil
}

func notEmpty(dir string) bool {
	list, err := os.ReadDir(dir)
	return err == nil && len(list) > 0
}
