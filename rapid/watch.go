package rapid

import (
	"context"
	"time"
)

// When a client takes UDP to be blocked that had passed before (docs/rapid.md
// §17): after so long a silence, if the server can be reached otherwise.
const (
	blockedAfter   = 5 * time.Second
	reachTimeout   = 5 * time.Second
	watchInterval  = time.Second
	quietAtFirst   = 2 * time.Second
	quietAtLongest = 20 * time.Second
)

// watch sees to it that a session whose packets do not pass any more fails
// soon, if that is all that is wrong. It ends with the session.
func (d *Dialer) watch(s *Session, network, address string) {
	tick := time.NewTicker(watchInterval)
	defer tick.Stop()
	q := quiet{patience: quietAtFirst}
	for {
		select {
		case <-s.done:
			return
		case <-tick.C:
		}
		if s.silence(&q) < blockedAfter {
			continue
		}
		if d.reachable(s, network, address) && s.silence(&q) >= blockedAfter {
			s.fail(ErrBlocked)
		}
	}
}

// quiet is what watch remembers of a session, so as to notice when a peer that
// was to send has fallen silent: who only receives has nothing unanswered. The
// longer no data has moved, the less often it asks.
type quiet struct {
	moved    int64         // bytes of streams, both ways
	patience time.Duration // how long a silence is not asked about
}

// silence returns for how long an answer has been due, and has the peer asked
// for one if it has been quiet while streams are open.
func (s *Session) silence(q *quiet) time.Duration {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := s.now()
	if d := s.machine.Silent(now); d > 0 {
		return d
	}
	st := s.machine.Stats()
	if moved := int64(st.Sent + st.Received); moved != q.moved {
		q.moved, q.patience = moved, quietAtFirst
	}
	if last, ok := s.machine.LastReceived(); ok && st.Streams > 0 && now-last >= q.patience {
		q.patience = min(2*q.patience, quietAtLongest)
		s.machine.Ping()
		s.settle()
	}
	return 0
}

// reachable reports whether the server answers over the way that grants come.
func (d *Dialer) reachable(s *Session, network, address string) bool {
	ctx, cancel := context.WithTimeout(context.Background(), reachTimeout)
	defer cancel()
	stop := make(chan struct{})
	defer close(stop)
	go func() {
		select {
		case <-s.done:
			cancel()
		case <-stop:
		}
	}()
	if r, ok := d.Grants.(interface{ Reachable(context.Context) error }); ok {
		return r.Reachable(ctx) == nil
	}
	_, err := d.Grants.Grant(ctx, network, address)
	return err == nil
}
