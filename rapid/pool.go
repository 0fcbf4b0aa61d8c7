package rapid

import (
	"context"
	"net"
	"time"
)

// openTimeout bounds the asking for a grant and all else that precedes the
// first packet of a session.
const openTimeout = 30 * time.Second

// place is where one of the sessions of a Dialer is.
type place struct {
	session *Session // nil, or one that may have ended
	attempt *attempt // nil, or that to open it
}

// attempt is a session being opened, for all who wait for it.
type attempt struct {
	cancel  context.CancelFunc
	done    chan struct{}
	session *Session // valid after done …
	err     error    // … like this
}

// session returns a session that works: each in its turn, so that streams
// spread over them. What opens it goes on when ctx ends, for those who come
// later.
func (d *Dialer) session(ctx context.Context, network, address string) (*Session, error) {
	d.mu.Lock()
	if d.closed {
		d.mu.Unlock()
		return nil, net.ErrClosed
	}
	if err := d.checkLocked(); err != nil {
		d.mu.Unlock()
		return nil, err
	}
	if d.pool == nil {
		d.pool = make([]place, max(d.Sessions, 1))
	}
	p := &d.pool[d.next]
	d.next = (d.next + 1) % len(d.pool)
	if p.session != nil && p.session.Err() == nil {
		defer d.mu.Unlock()
		return p.session, nil
	}
	a := p.attempt
	if a == nil {
		a = d.attemptLocked(p, network, address)
	}
	d.mu.Unlock()

	select {
	case <-a.done:
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	}
	if a.err == nil {
		return a.session, nil
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, s := range d.liveLocked() {
		return s, nil // better fewer sessions than none
	}
	return nil, a.err
}

// attemptLocked begins to open the session of a place. It is for all who wait for it: what the context of one of them
// says, such as who is told of the connections of its request, is not about the request for a grant.
func (d *Dialer) attemptLocked(p *place, network, address string) *attempt {
	ctx, cancel := context.WithTimeout(context.Background(), openTimeout)
	a := &attempt{cancel: cancel, done: make(chan struct{})}
	p.attempt = a
	d.running.Go(func() {
		defer cancel()
		s, err := d.open(ctx, network, address)
		d.opened(p, a, s, err)
	})
	return a
}

// opened ends an attempt to open the session of a place.
func (d *Dialer) opened(p *place, a *attempt, s *Session, err error) {
	d.mu.Lock()
	a.session, a.err = s, err
	p.attempt = nil
	if err == nil {
		p.session = s
		d.shareLocked()
		if d.closed {
			s.close(CodeNone, true)
		}
	}
	fall := err != nil && d.Fallback != nil && !d.closed && len(d.liveLocked()) == 0
	d.mu.Unlock()
	if fall {
		d.fall(err) // here, as those who wait for it may have no patience left
	}
	close(a.done)
}

// liveLocked returns the sessions that have not ended.
func (d *Dialer) liveLocked() []*Session {
	var live []*Session
	for _, p := range d.pool {
		if p.session != nil && p.session.Err() == nil {
			live = append(live, p.session)
		}
	}
	return live
}

// shareLocked gives each session its part of the rates and of the share of
// one, after any of them has changed.
func (d *Dialer) shareLocked() {
	live := d.liveLocked()
	r, err := d.ratesLocked()
	if err != nil || len(live) == 0 {
		return
	}
	n := int64(len(live))
	r.Target /= n
	r.Min /= n
	for _, s := range live {
		s.share(r, len(live))
	}
}

// ended takes note that a session is over, and of what it knew of the path to
// the server at addr.
func (d *Dialer) ended(s *Session, addr string) {
	s.mu.Lock()
	path := s.machine.Path()
	s.mu.Unlock()
	d.mu.Lock()
	defer d.mu.Unlock()
	d.paths.keep(addr, path, time.Now())
	for i := range d.pool {
		if d.pool[i].session == s {
			d.pool[i].session = nil
			d.shareLocked()
		}
	}
}
