package transfer

import (
	"fmt"
	"slices"
	"time"

	"github.com/icos-go/icos/transfer/internal/checkpoint"
)

// snapshotEvery is how often the progress of a tree is written down.
const snapshotEvery = 500 * time.Millisecond

// begun reports whether there is anything to go on with.
func (r *sweep) begun() bool {
	l := r.list
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.frontier != "" || l.blind
}

// restore returns the state to begin with. The first run adds what another process
// has done to the sums, unless that came to its end and left only failures to be
// tried again. A Sync that compares goes by what the target has now, and by nothing
// that another process knew.
func (r *sweep) restore(job *checkpoint.Job) checkpoint.State {
	y := &r.t.tally
	first := r.t.runs.Load() == 1
	state, found := job.State()
	if first && r.w.Compare != Always {
		found = false
	}
	if !found {
		state = checkpoint.State{Started: time.Now()}
	}
	state.Label = r.t.plan.label
	if first && found && !(state.Listed && len(state.Pending) == 0) {
		r.credit(&state)
	}
	// What is not done is listed again.
	y.total.Store(y.whole.Load())
	y.objectsTotal.Store(y.objects.Load() + y.failed.Load())
	return state
}

// credit adds to the sums what another process has done.
func (r *sweep) credit(s *checkpoint.State) {
	y := &r.t.tally
	y.bytes.Add(s.Bytes)
	y.whole.Add(s.Bytes)
	y.resumed.Add(s.Bytes)
	y.credited.Add(s.Bytes)
	y.objects.Add(s.Objects)
	y.deleted.Add(s.Deleted)
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
