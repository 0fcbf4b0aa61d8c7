package transfer

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"time"
)

// Transfers returns the transfers that are not over, in the order they were
// started.
func (m *Manager) Transfers() []*Transfer {
	m.mu.Lock()
	defer m.mu.Unlock()
	list := make([]*Transfer, 0, len(m.live))
	for t := range m.live {
		list = append(list, t)
	}
	slices.SortFunc(list, func(a, b *Transfer) int { return cmp.Compare(m.live[a], m.live[b]) })
	return list
}

// admit lets a new transfer wait for its turn, if there is room.
func (m *Manager) admit(t *Transfer) error {
	m.mu.Lock()
	if n := m.o.MaxQueue; n > 0 && len(m.queue) >= n {
		m.mu.Unlock()
		return ErrQueueFull
	}
	m.queue = append(m.queue, t)
	m.mu.Unlock()
	m.dispatch()
	return nil
}

// enqueue lets a transfer that has been admitted before wait for its turn again.
func (m *Manager) enqueue(t *Transfer) {
	m.mu.Lock()
	m.queue = append(m.queue, t)
	m.mu.Unlock()
	m.dispatch()
}

// unqueue forgets a transfer that waits.
func (m *Manager) unqueue(t *Transfer) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if i := slices.Index(m.queue, t); i >= 0 {
		m.queue = slices.Delete(m.queue, i, i+1)
	}
}

// forget takes a transfer that is over from the list.
func (m *Manager) forget(t *Transfer) {
	m.mu.Lock()
	defer m.mu.Unlock()
	delete(m.live, t)
	m.idle.Broadcast()
}

func (m *Manager) beginObserving() {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.observing++
}

func (m *Manager) endObserving() {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.observing--
	m.idle.Broadcast()
}

// dispatch starts transfers for as long as there are free places. As many may
// run as objects may be moved, so that a queue of single objects and a tree get
// along; the objects of all share Manager.slots.
func (m *Manager) dispatch() {
	for {
		m.mu.Lock()
		if len(m.queue) == 0 || m.running >= m.o.Concurrency {
			m.mu.Unlock()
			return
		}
		t := m.queue[0]
		m.queue[0], m.queue = nil, m.queue[1:]
		m.running++
		m.mu.Unlock()

		ctx, ok := t.start(Queued)
		if !ok {
			m.leave()
			continue
		}
		t.notify.setLive(true)
		go m.run(ctx, t)
	}
}

func (m *Manager) leave() {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.running--
	m.idle.Broadcast()
}

// run runs a transfer until it is over or paused.
func (m *Manager) run(ctx context.Context, t *Transfer) {
	t.runs.Add(1)
	t.tally.kept.Store(0)
	err := t.plan.run(ctx)
	if err != nil && errors.Is(context.Cause(ctx), errPaused) {
		t.settle(err, true)
	} else {
		m.conclude(ctx, t, err)
	}
	m.leave()
	m.dispatch()
}

// expire ends a transfer that is not running when its context ends.
func (m *Manager) expire(t *Transfer) {
	ctx, ok := t.start(Queued, Paused)
	if !ok {
		return // it runs, and notices by itself
	}
	m.unqueue(t)
	m.conclude(ctx, t, context.Cause(ctx))
}

// discardTimeout is how long cleaning up in the service may take.
const discardTimeout = 30 * time.Second

// conclude makes of the error of the last run that of the transfer, and discards
// what is not worth keeping.
func (m *Manager) conclude(ctx context.Context, t *Transfer, err error) {
	if err == nil {
		t.settle(nil, false)
		return
	}
	keep := m.o.StateDir != ""
	if ctx.Err() != nil {
		cause := context.Cause(ctx)
		err = because(err, cause)
		keep = keep && !errors.Is(cause, ErrCanceled)
	}
	if !keep && t.plan.resumable {
		clean, cancel := context.WithTimeout(context.WithoutCancel(ctx), discardTimeout)
		defer cancel()
		if left := m.discard(clean, t); left != nil {
			err = errors.Join(err, &leftError{t.plan.name, left})
		}
	}
	t.settle(err, false)
}

// because puts the reason for which a context ended in the place of an error that
// only says that it did.
func because(err, cause error) error {
	switch {
	case errors.Is(err, cause):
		return err
	case errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded):
		return cause
	}
	return fmt.Errorf("%w: %w", cause, err)
}

// A leftError says that something was left behind.
type leftError struct {
	what string
	err  error
}

func (e *leftError) Error() string { return fmt.Sprintf("clean up after %s: %v", e.what, e.err) }
func (e *leftError) Unwrap() error { return e.err }
