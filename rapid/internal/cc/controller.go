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

// minWindow is the number of packets below which nothing is measured any more
// (draft-ietf-ccwg-bbr: BBR.MinPipeCwnd).
const minWindow = 4

// A Controller steers one direction of one session. Make one with [New].
type Controller struct {
	cfg    Config
	state  state
	window float64 // bytes

	// measurements
	s     sampler
	delay delayFilter
	floor lossFloor
	round round
	bw    maxFilter // delivery rate, bytes a second
	most  timeMax   // window that was in use when cut for a queue, bytes
	loss  float64   // part of the packets lost, smoothed

	// the event that Ack begins and Done ends
	now     time.Duration
	limited bool // the window limited the sender
	acked   int  // packets
	lost    int
	rate    float64 // delivery rate sample, zero if none

	// states
	fill    fill
	growth  growth
	drain   drainage
	poor    int // points for drains that left a queue, since one that did not
	drag    drag
	contest contest
	fixed   breaker
	hush    hush
	idle    int // rounds in a row in which the application had too little to send

	hostDrops int // of the receiving host, not yet matched with losses
	limit     string
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
	c.drain.sent(now, c.s.inflight-int64(size), c.window)
	if c.held() && c.fixed.part > 0 {
		c.fixed.sent(c, now, size)
	}
}

// Ack begins an event at now: an ACK frame, or a timer that finds losses.
// Acked, Lost, Late, Forget and HostDropped follow in any order, then Done.
func (c *Controller) Ack(now time.Duration) {
	c.now = now
	used := float64(c.s.inflight)
	if c.state == startup {
		// While the window doubles, pacing lets half of it be unused.
		c.limited = used >= c.window/2-c.datagram()
	} else {
		c.limited = used >= c.window-2*c.datagram()-float64(c.Quantum())
	}
	c.acked, c.lost, c.rate = 0, 0, 0
	c.s.begin()
}

// Acked tells that p arrived.
func (c *Controller) Acked(p *Packet) {
	c.s.inflight -= int64(p.size)
	c.s.ack(p, c.now)
	c.acked++
}

// Lost tells that p is taken for lost.
func (c *Controller) Lost(p *Packet) {
	c.s.inflight -= int64(p.size)
	if p.sent < c.hush.until {
		return // it died in a silence, of which everything is known
	}
	if c.hostDrops > 0 {
		c.hostDrops--
		c.round.host++
		return
	}
	c.lost++
	c.contest.lose(p)
	c.drain.lose(p)
}

// Late tells that p, which was reported Lost before, arrived after all: it
// was delayed or reordered, and its loss is taken back.
func (c *Controller) Late(p *Packet) {
	c.s.delivered += int64(p.size)
	c.round.lost = max(0, c.round.lost-1)
	c.contest.lost = max(0, c.contest.lost-1)
}

// Forget takes p out of flight without any conclusion: a lost probe of a
// larger packet size, say.
func (c *Controller) Forget(p *Packet) { c.s.inflight -= int64(p.size) }

// HostDropped tells that the receiving host, not the path, dropped n packets
// more than it had reported before. It is called between Ack and Done.
func (c *Controller) HostDropped(n int) { c.hostDrops = min(c.hostDrops+max(n, 0), 1<<20) }

// Done ends an event. rtt is the round trip of the newest packet that the ACK
// acknowledged first, less the delay that the peer reports; zero if the ACK
// gives no new sample.
func (c *Controller) Done(now, rtt time.Duration) {
	first := c.delay.srtt == 0
	ended := c.measure(now, rtt)
	c.awake()
	switch {
	case c.held():
		c.fixed.update(c, now)
	case first && rtt > 0:
		c.resume(rtt)
		c.inStartup(ended)
	case c.state == startup:
		c.inStartup(ended)
	case c.state == grow:
		c.inGrow(ended)
	case c.state == drain:
		c.inDrain()
	case c.state == compete:
		c.inCompete(ended)
	}
	c.bound()
	if ended {
		c.endRound(now)
	}
}

// measure takes the event into the filters and tells whether it ends a round.
func (c *Controller) measure(now, rtt time.Duration) (ended bool) {
	c.round.lost += c.lost
	c.round.acked += c.acked
	c.drain.acked += c.acked
	c.contest.acked += c.acked
	if !c.s.any {
		return false
	}
	if rtt > 0 {
		bucket := c.delay.srtt / 4
		if c.state == startup {
			bucket = c.delay.srtt / 8 // the queue of startup grows fast
		}
		c.delay.add(now, delaySample{rtt, c.s.newest.inflight, c.s.newest.appLimited}, c.baseWindow(), bucket)
		c.drain.ack(&c.s.newest, rtt, now)
	}
	c.hush.end(c)
	c.rate = c.s.sample()
	if c.rate > 0 && (!c.s.newest.appLimited || c.rate > c.bw.get()) {
		c.bw.add(c.rate)
	}
	if c.s.newest.appLimited {
		c.round.appLimited = true
	}
	return c.s.newest.delivered >= c.round.until && now-c.round.began >= roundMin
}

func (c *Controller) endRound(now time.Duration) {
	n := float64(c.round.acked + c.round.lost)
	c.loss += (float64(c.round.lost)/max(n, 1) - c.loss) * min(1, n/floorMemory)
	switch top := c.ceiling(); {
	case c.round.host > 0:
		c.limit = "host"
	case c.round.appLimited:
		c.limit = "application"
	case top > 0 && c.Rate() >= top:
		c.limit = "target"
	default:
		c.limit = "path"
	}
	c.slumber()
	c.hostDrops /= 2 // reported, but never missed here
	c.bw.next()
	c.round.start(now, c.s.delivered)
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
func (c *Controller) AppLimited() {
	c.s.limited()
	c.fixed.debt = 0
}

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

// Starting tells that startup has not found the end of the path yet: soon there is far more in flight.
func (c *Controller) Starting() bool {
	return c.state == startup && !c.held() && c.calm(c.delay.queue())
}

// Inflight returns the bytes that are in flight.
func (c *Controller) Inflight() int { return int(c.s.inflight) }

// Set changes policy, target and minimum while running; zeros mean none.
func (c *Controller) Set(p Policy, target, least float64) {
	held := c.held()
	c.cfg.Policy, c.cfg.Target, c.cfg.Min = p, target, least
	switch {
	case held && !c.held():
		// The window was not in use: look anew from what is known to arrive.
		c.window = max(c.carries(c.bw.get())/2, initialWindow*c.datagram())
		c.state, c.fill = startup, fill{}
	case !held && c.held():
		c.fixed = breaker{}
	case p == Low && c.state == compete:
		c.toGrow()
	}
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
		Loss: c.loss, RandomLoss: c.floor.rate,
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
