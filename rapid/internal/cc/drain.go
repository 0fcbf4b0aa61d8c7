package cc

import "time"

const (
	// A drain that leaves more than it would if all others drained is poor; one
	// that leaves more than middle counts poorMiddle times, and more than high
	// poorHigh times. After poorMax without a good one between, somebody else
	// keeps the queue filled (Copa, section 2.2, asks for an almost empty queue
	// once in five round trips). A drain is good, too, if the queue goes while the
	// window grows again: others like it have drained later.
	poorMiddle = 2
	poorHigh   = 3
	poorMax    = 7
	// sameRate is the part of the delivery rate that is left when less is
	// sent and as much arrives.
	sameRate = 0.97
	// A session alone on its path shortens the round trip by as large a part as it
	// takes of what is in flight; beside others that keep theirs, by less than
	// testOwn of it. That shows if it takes testLess at least.
	testOwn  = 0.75
	testLess = 0.2
	// aloneKept is the part of the delivery rate that is left after a drain
	// where nobody else is.
	aloneKept  = 0.93
	aloneAfter = 4 // drains that have shown nobody else
)

// A why is the reason for a drain.
type why uint8

const (
	forQueue   why = iota // a queue stands
	forLoss               // more is lost than by noise
	forStartup            // startup has filled the path
	forTest               // are those that compete still there?
)

// A drainage is the state of waiting for the queue to go, and looking if it
// does.
type drainage struct {
	why     why
	waiting bool          // more is in flight than the window
	at      time.Duration // when the first packet after the queue left
	from    delaySample   // what stood before
	seen    delaySample   // smallest round trip of those sent since, 0 none yet
	seenAt  time.Duration // when the first of them was acknowledged
	before  float64       // window before the first of a row of drains
	rate    float64       // delivered before
	excess  float64       // part lost before, if forLoss
	again   int           // drains forLoss in a row that did not help
	shown   bool          // what arrives after it has been compared with before
	others  int           // above 0 since a drain after which it was less, as others took it
	acked   int           // packets, since seenAt
	lost    int
}

// cut sets the window to w, or a little below the present one if w is more,
// and waits for the effect.
func (c *Controller) cut(y why, w float64) {
	d := &c.drain
	if y != forTest {
		c.most.add(c.now, min(float64(c.s.inflight), c.window))
	}
	if c.state != drain {
		d.before, d.rate, d.again, d.shown = c.window, c.bw.last, 0, false
	}
	d.why, d.from = y, c.delay.standing()
	c.state = drain
	c.window = max(min(w, 0.98*c.window), minWindow*c.datagram())
	d.waiting = float64(c.s.inflight) > c.window
	d.at, d.seen, d.acked, d.lost = c.now, delaySample{}, 0, 0
}

// sent notices the first packet that leaves after the drain.
func (d *drainage) sent(now time.Duration, inflight int64, window float64) {
	if d.waiting && float64(inflight) <= window {
		d.waiting, d.at = false, now
	}
}

func (d *drainage) ack(p *Packet, rtt time.Duration, now time.Duration) {
	if d.waiting || p.sent < d.at {
		return
	}
	if d.seen.rtt == 0 {
		d.seenAt, d.acked, d.lost = now, 0, 0
	}
	if d.seen.rtt == 0 || rtt < d.seen.rtt {
		d.seen = delaySample{rtt, p.inflight, p.appLimited}
	}
}

func (d *drainage) lose(p *Packet) {
	if !d.waiting && p.sent >= d.at {
		d.lost++
	}
}

func (c *Controller) inDrain() {
	d := &c.drain
	if d.why == forStartup {
		// While the queue that startup left drains, arrivals show what the
		// path carries, better than those of the time when it filled.
		c.window = max(c.window, min(d.before, c.carries(c.bw.get()/(1-c.floor.rate))))
	}
	if d.waiting || d.seen.rtt == 0 || c.now-d.seenAt < c.drainWait() {
		return
	}
	if d.why == forQueue || d.why == forTest {
		c.drag.learn(d.from, d.seen)
	}
	left := d.seen.rtt - c.delay.base
	switch d.why {
	case forTest:
		c.tested(left)
	case forLoss:
		c.lostLess(left)
	case forQueue, forStartup:
		c.drainedTo(left)
	}
}

// drainWait is how long a drain looks at the queue that it leaves.
func (c *Controller) drainWait() time.Duration {
	if c.drain.why == forQueue || c.drain.why == forStartup {
		return max(c.delay.srtt/4, standingMin)
	}
	return c.delay.srtt // a whole round, to count losses or arrivals in
}

// compare finds out, a round trip after a drain, whether as much arrives as before it: if
// it does, nobody else was there to take it, or all have drained together.
func (c *Controller) compare() {
	d := &c.drain
	if d.shown || c.s.newest.sent < d.at+c.delay.srtt {
		return
	}
	d.shown = true
	switch {
	case d.why != forQueue || d.rate == 0:
	case c.bw.last < aloneKept*d.rate:
		d.others = aloneAfter
	case d.others > 0:
		d.others--
	}
}

// alone tells that the last drains have shown no others.
func (c *Controller) alone() bool { return c.drain.others == 0 && c.poor == 0 }

// drainedTo ends a drain that leaves a queue.
func (c *Controller) drainedTo(left time.Duration) {
	switch {
	case left <= c.emptied():
		c.poor = 0
	case c.cfg.Policy == Low:
		// Low goes on yielding.
	case left <= c.middle():
		c.poor++
	case left <= c.high():
		c.poor += poorMiddle
	default:
		if c.poor += poorHigh; c.poor < poorMax {
			c.cut(forQueue, c.drained())
			return
		}
	}
	if c.poor >= poorMax {
		c.toCompete()
		return
	}
	c.toGrow()
}

// lostLess ends a drain for losses: if less was sent and as much is lost,
// either it was still too much, or it is noise.
func (c *Controller) lostLess(left time.Duration) {
	d := &c.drain
	n := float64(d.acked + d.lost)
	e := c.floor.excess(n, float64(d.lost))
	if e <= d.excess/2 {
		c.toGrow()
		return
	}
	// On short paths the delivery rate of so few packets says nothing.
	same := c.bw.last > sameRate*d.rate || c.delay.base < 2*roundMin
	if d.again == 0 || same || !c.calm(left) {
		d.again++
		c.cut(forLoss, c.window*(1-e))
		return
	}
	c.floor.rate = min(float64(d.lost)/n, floorMax)
	c.window = max(c.window, d.before)
	c.growth.peak = 0
	c.toGrow()
}

// tested ends a drain that was to show whether others fill the queue: if so it
// stays, or what this session had is taken at once by them.
func (c *Controller) tested(left time.Duration) {
	d := &c.drain
	less := 1 - float64(d.seen.inflight)/float64(d.from.inflight)
	shorter := 1 - float64(d.seen.rtt)/float64(d.from.rtt)
	if left <= c.emptied() && less >= testLess && shorter > testOwn*less {
		c.poor = 0
		c.toGrow()
		return
	}
	c.state, c.window = compete, max(c.window, d.before)
	c.contest.cutAt = c.now
	c.claim()
}
