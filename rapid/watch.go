package rapid

import (
	"context"
	"time"
)

// When a client takes UDP to be blocked that had passed before (docs/rapid.md
// §17): after so long a silence, if the server can be reached otherwise.
const (
	blockedAfter  = 5 * time.Second
	reachTimeout  = 5 * time.Second
	watchInterval = time.Second
)

// watch sees to it that a session whose packets do not pass any more fails
// soon, if that is all that is wrong. It ends with the session.
func (d *Dialer) watch(s *Session, network, address string) {
	tick := time.NewTicker(watchInterval)
	defer tick.Stop()
	for {
		select {
		case <-s.done:
			return
		case <-tick.C:
		}
		if s.silence() < blockedAfter || !d.reachable(s, network, address) {
			continue
		}
		// The path may have come back this moment, with what else is on it:
		// the session itself asks but rarely after so long a time.
		if !s.answers(helloTimeout) {
			s.fail(ErrBlocked)
		}
	}
}

// silence returns for how long an answer has been due. The machine sees to it
// that one is due soon after the peer has fallen silent, even if all we do is
// receive.
func (s *Session) silence() time.Duration {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.machine.Silent(s.now())
}

// answers asks the peer again and again, for some time, whether it is there.
func (s *Session) answers(patience time.Duration) bool {
	again := time.NewTicker(helloInterval)
	defer again.Stop()
	for end := time.Now().Add(patience); time.Now().Before(end); {
		s.mu.Lock()
		s.machine.Ping()
		s.settle()
		s.mu.Unlock()
		select {
		case <-s.done:
			return true // there is nothing left to find out
		case <-again.C:
		}
		if s.silence() < helloInterval {
			return true
		}
	}
	return false
}

// reachable reports whether the server answers over the way that grants come.
func (d *Dialer) reachable(s *Session, network, address string) bool {
	ctx, cancel := context.WithTimeout(context.Background(), reachTimeout)
	defer cancel()
	defer s.onEnd(cancel)()
	if r, ok := d.Grants.(interface{ Reachable(context.Context) error }); ok {
		return r.Reachable(ctx) == nil
	}
	_, err := d.Grants.Grant(ctx, network, address)
	return err == nil
}

// onEnd has f called when the session ends, until the function it returns is.
func (s *Session) onEnd(f func()) (forget func()) {
	stop := make(chan struct{})
	over := make(chan struct{})
	go func() {
		defer close(over)
		select {
		case <-s.done:
			f()
		case <-stop:
		}
	}()
	return func() {
		close(stop)
		<-over
	}
}
