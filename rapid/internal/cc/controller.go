package cc

import "time"

// A state is what a Controller is doing.
type state uint8

const (
	startup state = iota // doubling, until the path is full
	grow                 // adding, until there is a queue or too much loss
	drain                // waiting for the queue to go, and looking if it does
	compete              // sharing with flows that keep the queue filled
)

func (s state) String() string {
	return [...]string{"startup", "grow", "drain", "compete"}[s]
}

const (
	// initialWindow is the number of packets before anything is known. RFC
	// 6928 has 10, large senders use 32 and more; these are paced.
	initialWindow = 64
	// initialSpread is the time over which the first window is paced.
	initialSpread = 20 * time.Millisecond
	// minWindow is the number of packets below which nothing is measured any
	// more (draft-ietf-ccwg-bbr: BBR.MinPipeCwnd).
	minWindow = 4
)

// A Controller steers one direction of one session. Make one with [New].
type Controller struct {
	cfg    Config
	s      sampler
	delay  delayFilter
	floor  lossFloor
	state  state
	window float64 // bytes

	now      time.Duration // of the event
	eventWin bool          // the window limited the sender before this event
	lost     int           // packets lost in this event
	ackedN   int           // packets acknowledged in this event

	round round
	bw    maxFilter
	most  timeMax // of the window in bytes, when cut for a queue

	saw   saw
	trial trial
	fill  fill
	cubic cubic
	fixed breaker
	hush  hush

	hostCredit int // drops of the receiving host not yet matched with losses
	lossShare  float64
	limit      string
}

// New returns a Controller that has seen nothing yet.
func New(cfg Config) *Controller {
	c := &Controller{cfg: cfg}
	if c.cfg.Datagram <= 0 {
		c.cfg.Datagram = 1200
	}
	if !(c.cfg.Weight > 0) {
		c.cfg.Weight = 1
	}
	c.window = initialWindow * c.datagram()
	c.limit = "path"
	return c
}

func (c *Controller) datagram() float64 { return float64(c.cfg.Datagram) }

// share is the number of Fair sessions that this one counts for.
func (c *Controller) share() float64 {
	if c.cfg.Policy == High {
		return 2 * c.cfg.Weight
	}
	return c.cfg.Weight
}

// ceiling is the rate that is never exceeded, zero if there is none.
func (c *Controller) ceiling() float64 {
	switch {
	case c.cfg.Target <= 0:
		return c.cfg.Cap
	case c.cfg.Cap <= 0:
		return c.cfg.Target
	}
	return min(c.cfg.Target, c.cfg.Cap)
}

// least is the rate that congestion does not go below.
func (c *Controller) least() float64 {
	if top := c.ceiling(); top > 0 {
		return min(c.cfg.Min, top)
	}
	return c.cfg.Min
}

func (c *Controller) held() bool { return c.cfg.Policy == Fixed && c.ceiling() > 0 }

// Sent records that p, of size bytes, went out at now and is in flight until
// Acked, Lost or Forget.
func (c *Controller) Sent(now time.Duration, p *Packet, size int) {
	c.s.sent(now, p, size)
	if c.saw.waiting && float64(c.s.inflight) <= c.window+float64(size) {
		c.saw.waiting, c.saw.drainedAt = false, now
	}
}

// Ack begins an event at now: an ACK frame, or a timer that finds losses.
// Acked, Lost, Late, Forget and HostDropped follow in any order, then Done.
func (c *Controller) Ack(now time.Duration) {
	c.now = now
	c.eventWin = float64(c.s.inflight) >= c.window-2*c.datagram()-float64(c.Quantum())
	if c.state == startup {
		// While the window doubles, pacing lets half of it be unused.
		c.eventWin = float64(c.s.inflight) >= c.window/2-c.datagram()
	}
	c.lost, c.ackedN = 0, 0
	c.s.begin()
}

// Acked tells that p arrived.
func (c *Controller) Acked(p *Packet) {
	c.s.inflight -= int64(p.size)
	c.s.ack(p, c.now)
	c.ackedN++
}

// Lost tells that p is taken for lost.
func (c *Controller) Lost(p *Packet) {
	c.s.inflight -= int64(p.size)
	if p.sent < c.hush.until {
		return // it died in a silence, of which everything is known
	}
	if c.hostCredit > 0 {
		c.hostCredit--
		c.round.host++
		return
	}
	c.lost++
	c.cubic.lost(p)
	c.saw.lost(p)
}

// Late tells that p, which was reported Lost before, arrived after all: it
// was delayed or reordered, and its loss is taken back.
func (c *Controller) Late(p *Packet) {
	c.s.delivered += int64(p.size)
	c.round.lost = max(0, c.round.lost-1)
	c.cubic.late()
}

// Forget takes p out of flight without any conclusion: a lost probe of a
// larger packet size, say.
func (c *Controller) Forget(p *Packet) { c.s.inflight -= int64(p.size) }

// HostDropped tells that the receiving host, not the path, dropped n packets
// more than it had reported before. It is called between Ack and Done.
func (c *Controller) HostDropped(n int) { c.hostCredit = min(c.hostCredit+max(n, 0), 1<<20) }

// Done ends an event. rtt is the round trip of the newest packet that the ACK
// acknowledged first, less the delay that the peer reports; zero if the ACK
// gives no new sample.
func (c *Controller) Done(now, rtt time.Duration) {
	first := c.delay.srtt == 0
	if rtt > 0 && c.s.any {
		bucket := c.delay.srtt / 4
		if c.state == startup {
			bucket = c.delay.srtt / 8
		}
		c.delay.add(now, delaySample{rtt, c.s.newest.inflight}, c.baseWindow(), bucket)
		c.saw.sample(&c.s.newest, rtt)
	}
	if c.s.any {
		c.hush.end(c)
	}
	if r := c.s.sample(); r > 0 && (c.s.appLimited == 0 && !c.s.newest.appLimited || r > c.bw.get()) {
		c.bw.add(r)
	}
	c.round.lost += c.lost
	c.round.acked += c.ackedN
	c.saw.acked += c.ackedN
	c.cubic.acked += c.ackedN
	if c.s.any && c.s.newest.appLimited {
		c.round.appLimited = true
	}
	ended := c.s.any && c.s.newest.delivered >= c.round.until && now-c.round.began >= roundMin
	if c.held() {
		c.fixed.update(c, now)
	} else {
		if first && rtt > 0 {
			c.resume(rtt)
		}
		switch c.state {
		case startup:
			c.inStartup(ended)
		case grow:
			c.inGrow(ended)
		case drain:
			c.inDrain(ended)
		case compete:
			c.inCompete(ended)
		}
	}
	if ended {
		n := float64(c.round.acked + c.round.lost)
		c.lossShare += (float64(c.round.lost)/max(n, 1) - c.lossShare) * min(1, n/floorMemory)
		c.bw.next()
		c.round.start(now, c.s.delivered)
	}
	c.bound()
}

// bound keeps the window in its limits.
func (c *Controller) bound() {
	low := max(minWindow*c.datagram(), c.least()*(c.delay.srtt+c.delay.gap).Seconds())
	c.window = max(c.window, low)
	if top := c.ceiling(); top > 0 && c.delay.srtt > 0 && !c.held() {
		// Twice what the rate needs, so that pacing is what limits.
		c.window = min(c.window, max(low, 2*top*(c.delay.srtt+standingMin).Seconds()+4*c.datagram()))
	}
}

// AppLimited tells that there is nothing to send although Window and pacing
// allow it, so that what is measured now says nothing about the path.
func (c *Controller) AppLimited() { c.s.limited() }

// Window returns the bytes that may be in flight. Probes of a loss timer may
// go beyond it.
func (c *Controller) Window() int {
	if c.hush.silent {
		return minWindow * c.cfg.Datagram
	}
	if c.held() {
		return c.fixed.window(c)
	}
	return int(c.window)
}

// Inflight returns the bytes that are in flight.
func (c *Controller) Inflight() int { return int(c.s.inflight) }

// Set changes policy, target and minimum while running; zeros mean none.
func (c *Controller) Set(p Policy, target, least float64) {
	if p != c.cfg.Policy {
		c.fixed = breaker{}
		if c.state == compete && p == Low {
			c.toGrow()
		}
	}
	c.cfg.Policy, c.cfg.Target, c.cfg.Min = p, target, least
}

// SetCap changes the rate that the peer granted; zero means none.
func (c *Controller) SetCap(rate float64) { c.cfg.Cap = rate }

// SetWeight changes the part of one session's share, as Config.Weight.
func (c *Controller) SetWeight(w float64) {
	if !(w > 0) {
		w = 1
	}
	c.cfg.Weight = w
}

// SetDatagram changes the size of a full packet.
func (c *Controller) SetDatagram(size int) {
	if size > 0 {
		c.cfg.Datagram = size
	}
}

// PathChanged tells that packets take another path now, of which nothing is
// known.
func (c *Controller) PathChanged(now time.Duration) {
	n := New(c.cfg)
	n.cfg.Resume = nil
	n.s = c.s
	n.hush.until = now
	n.round.start(now, c.s.delivered)
	*c = *n
}

// Stats describes the Controller now.
func (c *Controller) Stats() Stats {
	return Stats{
		Rate: c.Rate(), MaxBW: c.bw.get(), MinRTT: c.delay.base, Queue: c.delay.queue(),
		Window: c.Window(), Inflight: c.Inflight(),
		Loss: c.lossShare, RandomLoss: c.floor.rate,
		State: c.name(), Limit: c.limit,
	}
}

func (c *Controller) name() string {
	switch {
	case c.hush.silent:
		return "silent"
	case c.held():
		return "fixed"
	}
	return c.state.String()
}

// Path returns what a later session to the same peer may use as
// Config.Resume. Its Rate is zero while nothing is known.
func (c *Controller) Path() Path { return Path{Rate: c.bw.get(), MinRTT: c.delay.base} }
