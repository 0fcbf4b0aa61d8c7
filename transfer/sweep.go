package transfer

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"iter"
	"os"
	"path"
	"path/filepath"
	"sync"
	"sync/atomic"

	"github.com/icos-go/icos/transfer/filter"
	"github.com/icos-go/icos/transfer/internal/checkpoint"
	"github.com/icos-go/icos/transfer/internal/mirror"
	"github.com/icos-go/icos/transfer/internal/pace"
	"github.com/icos-go/icos/transfer/internal/tree"
)

type entries = iter.Seq2[mirror.Entry, error]

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
		return r.unless(ctx, err)
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
	if err := r.move(ctx, job); err != nil && (resumed || r.begun()) {
		return errors.Join(err, job.Close())
	} else if err != nil {
		return errors.Join(err, job.Remove())
	}
	if resumed {
		return r.forget(ctx, job)
	}
	if err := job.Remove(); err != nil {
		return fmt.Errorf("remove checkpoint: %w", err)
	}
	return nil
}

// unless returns err, for which the work cannot begin, unless it is over: a directory that was moved is gone, and the process
// was killed before it had removed the checkpoint.
func (r *sweep) unless(ctx context.Context, err error) error {
	if !r.w.Move || r.w.From.Bucket != nil || r.w.DryRun {
		return err
	}
	if _, gone := os.Stat(r.w.From.Dir); !errors.Is(gone, fs.ErrNotExist) {
		return err
	}
	job, jerr := r.t.m.store.Job(r.id)
	if jerr != nil {
		return errors.Join(err, busy(jerr))
	}
	state, found := job.State()
	switch {
	case !found:
		return errors.Join(err, job.Remove())
	case !state.Complete():
		return errors.Join(err, job.Close())
	}
	r.credit(&state)
	y := &r.t.tally
	y.total.Store(y.whole.Load())
	y.objectsTotal.Store(y.objects.Load())
	return r.forget(ctx, job)
}

// forget removes the checkpoints of a job that is over, of which processes before this one may have left some.
func (r *sweep) forget(ctx context.Context, job *checkpoint.Job) error {
	// A process may have been killed when an object was complete and its
	// checkpoint not removed yet; and objects that were under way may have gone
	// from the source since.
	if err := r.t.m.discardChildren(ctx, r.t); err != nil {
		return errors.Join(err, job.Close())
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
		// Once the source is gone, only this tells that all of it was moved.
		if err := job.Save(final); err != nil {
			return errors.Join(fmt.Errorf("write checkpoint: %w", err), saveErr)
		}
		return removeEmptied(r.w.From.Dir, "", r.w.Filter)
	}
	return nil
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

// removeEmptied removes a directory of that key that has been moved, and those below it, as
// far as they are empty.
func removeEmptied(dir, key string, rules *filter.Rules) error {
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
		below := path.Join(key, e.Name())
		if excluded, _ := rules.MatchSelf(below, true); excluded {
			left = true
			continue
		}
		if err := removeEmptied(filepath.Join(dir, e.Name()), below, rules); err != nil {
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
