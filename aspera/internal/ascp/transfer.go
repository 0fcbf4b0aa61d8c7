package ascp

import (
	"context"
	"errors"
	"sync"
	"time"
)

// maxRetries is how often a process is started again without having moved anything.
const maxRetries = 7

// maxBackoff is the longest time between a failure and the next attempt.
const maxBackoff = time.Minute

// An Attempt says which process a [Command] is for.
type Attempt struct {
	Session  int  // from 0
	Number   int  // from 0
	NewToken bool // the last one failed for want of a valid token
}

// A Transfer is what one process moves, or several together.
type Transfer struct {
	// Sessions is the number of processes.
	Sessions int

	// Command returns the process of an attempt. It may be called by several
	// goroutines.
	Command func(context.Context, Attempt) (*Command, error)

	// Moved, if not nil, is told how many bytes the processes have of the transfer,
	// together: those that they moved, and those that were there from an earlier
	// attempt. Both may go down when a process has to start over.
	Moved func(moved, resumed int64)

	// Hear, if not nil, is told all that is said. Its calls for one session do not
	// overlap.
	Hear func(session int, m *Message)

	// Rates, if not nil, returns the rates that each process shall have now. It is
	// asked again and again, and once more before a process is started.
	Rates func() Rates

	// Retry, if not nil, is told that a process is about to be started again.
	Retry func(session int, why error)

	Timing Timing

	mu       sync.Mutex
	sessions []session // guarded by mu
}

// A session is what is known of the processes of one number.
type session struct {
	moved, resumed int64
	up             chan struct{} // closed when the first of them is up, or over
}

// Run moves everything, or ends soon after ctx does, with its cause. Another error
// is a [*Failure], or that of Command.
func (t *Transfer) Run(ctx context.Context) error {
	n := max(t.Sessions, 1)
	t.sessions = make([]session, n)
	for i := range t.sessions {
		t.sessions[i].up = make(chan struct{})
	}
	timing := t.Timing.filled()
	run, abort := context.WithCancelCause(ctx)
	defer abort(nil)
	var all sync.WaitGroup
	errs := make([]error, n)
	for i := range n {
		all.Go(func() {
			if errs[i] = t.session(run, i, timing); errs[i] != nil {
				abort(errSibling)
			}
		})
		// One after the other: they meet at a server that has to tell them from others.
		stagger := time.NewTimer(timing.Stagger)
		select {
		case <-t.sessions[i].up:
		case <-stagger.C:
		case <-run.Done():
		}
		stagger.Stop()
	}
	all.Wait()
	if ctx.Err() != nil && errors.Join(errs...) != nil {
		return context.Cause(ctx)
	}
	for _, err := range errs {
		if err == nil || errors.Is(err, errSibling) {
			continue
		}
		if f, ok := err.(*Failure); ok {
			f.Sessions = t.up()
		}
		return err
	}
	return nil
}

// errSibling ends the processes of a transfer another one of which has failed.
var errSibling = errors.New("another session of the transfer failed")

// up counts the sessions that came up.
func (t *Transfer) up() (n int) {
	for i := range t.sessions {
		select {
		case <-t.sessions[i].up:
			n++
		default:
		}
	}
	return n
}

// session runs the processes of one number until one succeeds.
func (t *Transfer) session(ctx context.Context, i int, timing Timing) error {
	at := Attempt{Session: i}
	backoff, retries := timing.Backoff, 0
	for {
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		before := t.total(i)
		c, err := t.Command(ctx, at)
		if err != nil {
			return err
		}
		p := &process{timing: timing, rates: t.Rates, hear: func(m *Message) { t.heard(i, m) }}
		if t.Rates != nil {
			p.asked = t.Rates()
		}
		err = p.run(ctx, c)
		f, ok := err.(*Failure)
		if !ok || !f.passing() {
			return err
		}
		if t.total(i) > before {
			backoff, retries = timing.Backoff, 0
		}
		if retries++; retries > maxRetries {
			return err
		}
		if t.Retry != nil {
			t.Retry(i, err)
		}
		wait := time.NewTimer(backoff)
		select {
		case <-wait.C:
		case <-ctx.Done():
			wait.Stop()
			return context.Cause(ctx)
		}
		backoff = min(2*backoff, maxBackoff)
		at.Number++
		at.NewToken = staleToken(f.Description)
	}
}

func (t *Transfer) total(i int) int64 {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.sessions[i].moved + t.sessions[i].resumed
}

// heard takes from a message how far the transfer is.
func (t *Transfer) heard(i int, m *Message) {
	t.mu.Lock()
	s := &t.sessions[i]
	switch m.Type {
	case Init:
		select {
		case <-s.up:
		default:
			close(s.up)
		}
		s.moved, s.resumed = 0, 0
	case Stats:
		s.moved = m.Int("TransferBytes")
		if len(t.sessions) == 1 { // otherwise it is where the share of this session begins
			s.resumed = m.Int("StartByte")
		}
	case Done:
		if n := m.Int("TransferBytes"); n > 0 {
			s.moved = n
		}
	}
	var moved, resumed int64
	for j := range t.sessions {
		moved += t.sessions[j].moved
		resumed += t.sessions[j].resumed
	}
	told := m.Type == Init || m.Type == Stats || m.Type == Done
	if told && t.Moved != nil {
		t.Moved(moved, resumed) // with the lock, so that the last word is the latest
	}
	t.mu.Unlock()
	if t.Hear != nil {
		t.Hear(i, m)
	}
}
