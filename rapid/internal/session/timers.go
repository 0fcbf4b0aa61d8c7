package session

import "time"

// timers is what happens by time alone.
type timers struct {
	received  time.Duration // the last authentic packet
	silent    time.Duration // from when on an answer is due, if something is in flight
	eliciting time.Duration // the last packet in flight was sent
	loss      time.Duration // look for losses; 0: no need
	tries     int           // probe timeouts in a row
	probes    int           // packets that may be sent whatever the window says
	probe     time.Duration // the MTU probe was sent
	active    time.Duration // streams were open, or packets came
	trim      time.Duration
	pings     int // to keep the NAT open, since the peer sent something of its own
}

// maxBackoff bounds the time between probes while the peer is silent, so that
// transfer goes on soon after a blackout.
const maxBackoff = 500 * time.Millisecond

// trimEvery is how often buffers that nobody needed are let go.
const trimEvery = 2 * time.Second

func (t *timers) start(now time.Duration) {
	t.received, t.silent, t.active, t.trim = now, now, now, now+trimEvery
}

// small reports whether probes should have the size that any path carries: the
// others have not been answered.
func (t *timers) small() bool { return t.tries > 1 }

// timeout returns when an answer is to be asked for; ok is false if none is due.
func (s *Session) timeout() (at time.Duration, ok bool) {
	if s.inFlight == 0 || s.timers.loss != 0 {
		return 0, false
	}
	wait := s.rtt.PTO(s.peerDelay)
	if n := min(s.timers.tries, 16); n > 0 {
		wait = min(wait<<n, max(wait, maxBackoff))
	}
	return s.timers.eliciting + wait, true
}

// tick does what time makes due.
func (s *Session) tick(now time.Duration) {
	if s.err != nil {
		return
	}
	t := &s.timers
	if t.loss != 0 && now >= t.loss {
		s.cc.Ack(now)
		s.detectLost(now)
		s.cc.Done(now, 0)
	}
	if at, ok := s.timeout(); ok && now >= at {
		s.probe(now)
	}
	if s.mtu.waiting && s.inFlight == 0 && now >= t.probe+3*s.rtt.PTO(s.peerDelay) {
		s.dropProbe(now)
	}
	s.tickPath(now)
	if now >= s.deadAt() {
		s.fail(ErrSilent)
		return
	}
	if len(s.streams) > 0 {
		t.active = now
	}
	if now >= s.idleAt() {
		s.fail(ErrIdle)
		return
	}
	if now >= s.keepAliveAt() {
		t.pings++
		s.Ping()
	}
	if now >= t.trim {
		s.forget(now)
		s.pool.Trim()
		t.trim = now + trimEvery
	}
}

// probe asks for an answer: with what was sent first and not acknowledged, since that
// is of use if the answer does not come because it was lost.
func (s *Session) probe(now time.Duration) {
	t := &s.timers
	t.tries++
	t.eliciting = now // the next is counted from here even if nothing can be sent
	t.probes = 2
	s.count.Timeouts++
	if t.tries >= 2 {
		s.cc.Timeout(now)
	}
	pn, ok := s.hist.Awaited(0, s.hist.Next())
	for i := 0; ok && i < t.probes; i++ {
		s.again(&s.hist.At(pn).Data)
		pn, ok = s.hist.Awaited(pn+1, s.hist.Next())
	}
}

// dropProbe takes an MTU probe for lost that nothing else sent later can show to be.
func (s *Session) dropProbe(now time.Duration) {
	for pn, ok := s.hist.Awaited(0, s.hist.Next()); ok; pn, ok = s.hist.Awaited(pn+1, s.hist.Next()) {
		if s.hist.At(pn).Data.probe {
			s.lost(now, pn)
		}
	}
}

func (s *Session) pendingAnswer() bool { return s.inFlight > 0 }

// deadAt returns when the peer is given up. One that is silent and may not be asked, since its address is not
// validated, gets the time in which it would have been asked as well.
func (s *Session) deadAt() time.Duration {
	at := Never
	if s.pendingAnswer() {
		at = s.timers.silent + s.cfg.DeadTimeout
	}
	if s.path.addr.IsValid() && !s.path.valid {
		at = min(at, s.timers.received+s.cfg.KeepAlive+s.cfg.DeadTimeout)
	}
	return at
}

// idleAt returns when the session ends for want of streams and packets.
func (s *Session) idleAt() time.Duration {
	if len(s.streams) > 0 {
		return Never
	}
	idle := s.cfg.IdleTimeout
	if s.peerIdle > 0 {
		idle = min(idle, s.peerIdle)
	}
	return max(s.timers.received, s.timers.active) + idle
}

// keepAliveAt returns when the NAT needs a packet. The server waits a little longer,
// as it is mostly the client that is behind one. The client sends a first
// one soon after packets cease to come: if the NAT has given it another address meanwhile, the
// server cannot go on before it knows that.
func (s *Session) keepAliveAt() time.Duration {
	if len(s.streams) == 0 || !s.path.addr.IsValid() || s.pending&pendPing != 0 {
		return Never
	}
	wait := s.cfg.KeepAlive
	switch {
	case !s.cfg.Client:
		wait += wait / 4
	case s.timers.pings == 0:
		wait = min(wait, max(time.Second, 3*s.rtt.PTO(s.peerDelay)))
	}
	return max(s.timers.received, s.timers.eliciting) + wait
}

// Deadline returns when Fill has to be called again, if nothing else happens
// before: in the past means at once.
func (s *Session) Deadline() time.Duration {
	if s.err != nil {
		return s.closing.deadline(s.now)
	}
	t := &s.timers
	d := min(s.idleAt(), s.keepAliveAt(), s.deadAt())
	if t.loss != 0 {
		d = min(d, t.loss)
	}
	if at, ok := s.timeout(); ok {
		d = min(d, at)
	}
	if s.mtu.waiting && s.inFlight == 0 {
		d = min(d, t.probe+3*s.rtt.PTO(s.peerDelay))
	}
	if s.pool.Kept() > 0 || s.repairs.kept > 0 {
		d = min(d, t.trim)
	}
	if !s.path.addr.IsValid() {
		return d
	}
	if s.path.challengeAt != 0 {
		d = min(d, s.path.challengeAt)
	}
	if s.path.budget() < minRoom || s.path.cramped {
		return d
	}
	d = min(d, s.mtu.deadline(s))
	if at, ok := s.acks.Due(); ok {
		d = min(d, at)
	}
	if s.response.due || s.path.challengeDue || t.probes > 0 {
		return min(d, s.now)
	}
	if at := s.parityAt(); at > s.now {
		d = min(d, at)
	}
	if s.wants() && s.cc.Window()-s.inFlight >= s.mtu.size && s.hist.Span() < maxSpan {
		d = min(d, s.pacer.next)
	}
	return d
}
