package transfer

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/icos-go/icos/transfer/internal/pace"
)

// A Transfer is work in progress. It is made by a [Manager]. Its methods may be
// called by any goroutine, in any state.
type Transfer struct {
	m    *Manager
	work Work
	plan plan

	ctx  context.Context // ends with the caller's, or with the Manager
	end  context.CancelCauseFunc
	stop func() bool // forgets that the end of ctx is waited for

	notify  *notifier
	limiter *pace.Limiter
	meter   *pace.Meter
	tally   tally
	active  actives
	runs    atomic.Int64 // how often it was begun: once, and after each pause

	done chan struct{}

	mu      sync.Mutex // guards what follows
	state   State
	halt    context.CancelCauseFunc // ends the run; nil unless there is one
	settled chan struct{}           // closed when the run has ended; nil unless there is one
	began   time.Time               // of the run
	elapsed time.Duration           // of the runs before
	cpu     time.Duration           // of the process, in the runs before
	cpuAt   time.Duration           // of the process, when the run began
	err     error
}

// ID returns a name of the Transfer. For work that can be resumed it is that of
// [JobInfo], the same in every process that is given the same work.
func (t *Transfer) ID() string { return t.plan.id }

// String says what is moved where: "upload a.iso to cos://images/a.iso".
func (t *Transfer) String() string { return t.plan.name }

// Work returns what the Transfer was started with.
func (t *Transfer) Work() Work { return t.work }

// Wait returns when the Transfer is over and its observers have been told, with
// its error, or when ctx ends, with its cause. A paused Transfer is not over.
func (t *Transfer) Wait(ctx context.Context) error {
	select {
	case <-t.done:
		return t.err
	default:
	}
	select {
	case <-t.done:
		return t.err
	case <-ctx.Done():
		return fmt.Errorf("wait for %s: %w", t, context.Cause(ctx))
	}
}

// Done returns a channel that is closed when the Transfer is over and its
// observers have been told.
func (t *Transfer) Done() <-chan struct{} { return t.done }

// Progress says how far it is.
func (t *Transfer) Progress() Progress {
	now := time.Now()
	t.mu.Lock()
	state, elapsed := t.state, t.elapsedAt(now)
	t.mu.Unlock()
	return t.tally.progress(now, state, elapsed)
}

// elapsedAt returns how long the Transfer has been running; t.mu is held.
func (t *Transfer) elapsedAt(now time.Time) time.Duration {
	if t.state == Running {
		return t.elapsed + now.Sub(t.began)
	}
	return t.elapsed
}

// Active returns the objects on their way, those that began first in front.
func (t *Transfer) Active() []Active { return t.active.list() }

// Errors of steering.
var (
	// ErrOver says that a Transfer cannot be paused or resumed because it is over.
	ErrOver = errors.New("transfer is over")

	// ErrStream says that a [Stream] cannot be paused while it runs, because what
	// it has read cannot be read again. It is errors.ErrUnsupported.
	ErrStream = fmt.Errorf("pause a stream: %w", errors.ErrUnsupported)

	errPaused = errors.New("paused")
)

// Pause stops the Transfer and returns when no byte is in flight. It keeps what
// has arrived. Pausing what is paused does nothing; what is over is [ErrOver], and
// a [Stream] that runs is [ErrStream].
func (t *Transfer) Pause() error {
	for {
		t.mu.Lock()
		switch {
		case t.state == Done:
			t.mu.Unlock()
			return ErrOver
		case t.state == Paused:
			t.mu.Unlock()
			return nil
		case t.state == Queued:
			t.state = Paused
			t.mu.Unlock()
			t.m.unqueue(t)
			t.notify.setLive(false)
			return nil
		}
		if !t.plan.pausable {
			t.mu.Unlock()
			return ErrStream
		}
		t.halt(errPaused)
		settled := t.settled
		t.mu.Unlock()
		<-settled
	}
}

// Resume puts a paused Transfer back in the queue. It does nothing if it is not
// paused; what is over is [ErrOver].
func (t *Transfer) Resume() error {
	t.mu.Lock()
	if t.state == Done {
		t.mu.Unlock()
		return ErrOver
	}
	if t.state != Paused {
		t.mu.Unlock()
		return nil
	}
	t.state = Queued
	t.mu.Unlock()
	t.m.enqueue(t)
	return nil
}

// Cancel stops the Transfer and discards what it kept: checkpoint, partial
// file, parts in the service. It does not wait; the error is [ErrCanceled].
func (t *Transfer) Cancel() { t.end(ErrCanceled) }

// SetRate bounds the bytes per second of this Transfer, beside the bound of the
// Manager. Zero means no limit. It takes effect at once.
func (t *Transfer) SetRate(bytesPerSecond int64) { t.limiter.SetRate(bytesPerSecond) }

// Rate returns the bound that SetRate set, in bytes per second; 0 if there is
// none.
func (t *Transfer) Rate() int64 { return t.limiter.Rate() }

// start begins a run, unless the Transfer is in none of the given states.
func (t *Transfer) start(from ...State) (context.Context, bool) {
	ctx, halt := context.WithCancelCause(t.ctx)
	t.mu.Lock()
	defer t.mu.Unlock()
	ok := false
	for _, s := range from {
		ok = ok || t.state == s
	}
	if !ok {
		halt(nil)
		return nil, false
	}
	t.state, t.halt, t.settled = Running, halt, make(chan struct{})
	t.began, t.cpuAt = time.Now(), pace.CPU()
	return ctx, true
}

// settle ends a run with its error: the Transfer is over, or paused if that is
// what ended the run.
func (t *Transfer) settle(err error, paused bool) {
	t.mu.Lock()
	t.elapsed = t.elapsedAt(time.Now())
	t.cpu += pace.CPU() - t.cpuAt
	t.halt(nil)
	t.halt = nil
	settled := t.settled
	if paused {
		t.state = Paused
	} else {
		t.state, t.err = Done, err
	}
	t.mu.Unlock()
	if paused {
		t.notify.setLive(false)
		close(settled)
		// The end of ctx may have come too late to end the run, and too early to
		// find it paused.
		if t.ctx.Err() != nil {
			t.m.expire(t)
		}
		return
	}
	t.stop()
	t.end(nil)
	// Whoever has waited for it does not find it in the list any more, and Close
	// does not return between the two.
	t.m.beginObserving()
	defer t.m.endObserving()
	t.m.forget(t)
	t.notify.finish(err)
	close(settled)
}
