package cc

import (
	"math"
	"time"
)

const (
	// highPart and lowPart of the base round trip are the standing queues at
	// which growing ends and with which it begins.
	highPart = 0.20
	lowPart  = 0.02
	// highMin and lowMin are what they are at least: less is the noise of
	// timers.
	highMin = 4 * time.Millisecond
	lowMin  = time.Millisecond
	// lowPolicy is the part of highPart for Low, which has to see a queue
	// long before the others mind it.
	lowPolicy = 0.4

	// pull and pullRate are λ0 and r0 in the growth of a flow's rate,
	//	dr/dt = r · λ0 · sqrt(r0·share / r)
	// which depends on nothing but the rate, so that flows with different
	// round trips grow alike, and is the faster the smaller the rate, so that
	// flows that are pushed back together become equal.
	pull         = 0.25   // 1/s
	pullRate     = 12.5e6 // bytes a second
	pullMax      = 0.08   // of the window in one round trip
	calmPart     = 1.0 / 16
	calmMin      = time.Millisecond / 4
	speedMax     = 0.5 // of the window in one round trip, at any speed
	peakRounds   = 50
	trialPackets = 50
	trialRounds  = 10
	nearSpeed    = 0.25
	policedPart  = 0.95
	testKept     = 0.9
	failures     = 3 // drains in a row that do not drain
)

// A trial is as many rounds as it takes to count losses in.
type trial struct{ rounds, acked, lost int }

// A saw is the usual cycle: grow until there is a queue, drain it, look at the
// base round trip, grow again.
type saw struct {
	speed  float64 // growth is so many times faster, while there is no queue
	rounds int     // of growing
	bad    int     // rounds in a row with too much loss

	peak    float64 // window at the last excess loss, zero if none
	peakAge int     // rounds since

	// of a drain
	waiting   bool          // more is in flight than the window
	drainedAt time.Duration // first packet after the drain
	seen      time.Duration // smallest round trip of those sent after
	seenAt    time.Duration
	before    float64 // window before the first of a row of drains
	failed    int     // drains in a row that did not drain
	forLoss   bool
	excess    float64
	first     bool    // out of startup
	testing   bool    // whether compete is still needed
	rate      float64 // delivered before a drain for loss
	acked     int     // packets sent after drainedAt
	losses    int
}

func (s *saw) lost(p *Packet) {
	if !s.waiting && p.sent >= s.drainedAt {
		s.losses++
	}
}

func (s *saw) sample(p *Packet, rtt time.Duration) {
	if s.waiting || p.sent < s.drainedAt {
		return
	}
	if s.seen == 0 || rtt < s.seen {
		s.seen = rtt
	}
}

func (c *Controller) high() time.Duration {
	part, least := highPart, highMin
	if c.cfg.Policy == Low {
		part, least = highPart*lowPolicy, highMin/2
	}
	// At a low rate a queue of a few packets is long and means nothing.
	part *= min(max(math.Sqrt(math.Sqrt(math.Sqrt(pullRate*c.share()/max(c.bw.get(), 1)))), 0.6), 1.5)
	few := time.Duration(4 * c.datagram() / max(c.bw.get(), 1) * float64(time.Second))
	few = min(few, c.delay.base/2)
	return max(time.Duration(part*float64(c.delay.base)), least, few, c.delay.gap)
}

func (c *Controller) low() time.Duration {
	return max(time.Duration(lowPart*float64(c.delay.base)), min(lowMin, c.delay.base/10))
}

// calm is the standing queue up to which a loss has nothing to do with it.
func (c *Controller) calm() bool { return c.calmAt(c.delay.queue()) }

func (c *Controller) calmAt(queue time.Duration) bool {
	one := min(time.Duration(1.5*c.datagram()/max(c.bw.get(), 1)*float64(time.Second)), c.delay.base/5)
	return queue <= max(time.Duration(calmPart*float64(c.delay.base)), calmMin, one)
}

// baseWindow is how long a smallest round trip is remembered.
func (c *Controller) baseWindow() time.Duration {
	switch {
	case c.cfg.Policy == Low:
		return 10 * time.Minute // RFC 6817: BASE_HISTORY
	case c.state == compete:
		return 5 * time.Minute
	}
	return max(20*time.Second, 50*c.delay.srtt)
}

// drained is the window with which the standing queue is gone: what was in
// flight around the standing sample took its round trip to arrive, and would
// take only the base if nothing waited.
func (c *Controller) drained() float64 {
	s := c.delay.standing()
	return float64(s.inflight) * float64(c.delay.base+c.low()+c.delay.slack()) / float64(s.rtt)
}

func (c *Controller) toGrow() {
	c.state = grow
	c.saw.speed, c.saw.rounds, c.saw.bad = 1, 0, 0
	c.trial = trial{}
}

// cut sets the window to w, or a little below the present one if that is
// more, and waits for the effect.
func (c *Controller) cut(w float64) {
	if !c.saw.testing {
		c.most.add(c.now, min(float64(c.s.inflight), c.window))
	}
	if c.saw.failed == 0 {
		c.saw.before = c.window
	}
	c.window = max(min(w, c.window*0.98), minWindow*c.datagram())
	c.state = drain
	c.saw.waiting = float64(c.s.inflight) > c.window
	c.saw.drainedAt, c.saw.seen, c.saw.acked, c.saw.losses = c.now, 0, 0, 0
}

func (c *Controller) inGrow(ended bool) {
	if c.eventWin && !c.s.newest.appLimited && c.delay.srtt > 0 {
		rtt := (c.delay.srtt + c.delay.gap).Seconds()
		r := c.window / rtt
		part := min(pull*math.Sqrt(pullRate*c.share()/r)*rtt, pullMax)
		if c.near() {
			part *= nearSpeed
		}
		part = min(part*c.saw.speed, speedMax)
		c.window += part * float64(c.s.acked)
	}
	if c.delay.queue() > c.high() {
		c.saw.forLoss = false
		c.cut(c.drained())
		return
	}
	if !ended {
		return
	}
	c.saw.peakAge++
	c.trial.rounds++
	c.trial.acked += c.round.acked
	c.trial.lost += c.round.lost
	tr := c.trial
	n, lost := float64(tr.acked+tr.lost), float64(tr.lost)
	if n < trialPackets && tr.rounds < trialRounds {
		n, lost = 0, 0
	} else {
		c.trial = trial{}
	}
	if e := c.floor.excess(n, lost); e > 0 {
		c.saw.bad += tr.rounds
		if c.saw.bad >= 2 || c.delay.queue() > c.high()/2 {
			c.saw.peak, c.saw.peakAge = c.window, 0
			c.saw.forLoss, c.saw.excess, c.saw.rate = true, e, c.bw.last
			w := c.window * (1 - e)
			if c.calm() {
				// Dropped without a queue: a policer has no slack to drain.
				w *= policedPart
			}
			c.cut(min(c.drained(), w))
			return
		}
	} else if n > 0 {
		c.saw.bad = 0
		if c.calm() && (c.saw.peak == 0 || c.saw.peakAge > peakRounds || c.window < 0.95*c.saw.peak) || lost < n*c.floor.rate {
			c.floor.learn(n, lost)
		}
	}
	c.saw.rounds++
	if c.saw.rounds > 4 && c.eventWin && !c.near() && c.delay.queue() < max(c.low()*2, c.high()/4) {
		c.saw.speed = min(c.saw.speed*2, 1<<20)
	} else {
		c.saw.speed = max(c.saw.speed/2, 1)
	}
}

// near tells that the window is about as large as when too much was lost.
func (c *Controller) near() bool {
	p := c.saw.peak
	return p > 0 && c.saw.peakAge < peakRounds && c.window > 0.9*p && c.window < 1.1*p
}

func (c *Controller) inDrain(bool) {
	s := &c.saw
	if s.first {
		// While the queue that startup left drains, arrivals show what the
		// path carries, better than those of the time when it filled.
		rate := c.bw.get() / (1 - c.floor.rate)
		c.window = max(c.window, min(s.before, rate*(c.delay.base+c.low()+c.delay.slack()).Seconds()))
	}
	if s.waiting || s.seen == 0 {
		return
	}
	if s.seenAt <= s.drainedAt {
		s.seenAt, s.acked, s.losses = c.now, 0, 0
	}
	wait := max(c.delay.srtt/4, standingMin)
	if s.forLoss || s.testing {
		wait = c.delay.srtt // a whole round to count losses in
	}
	if c.now-s.seenAt < wait {
		return
	}
	quiet := s.seen-c.delay.base <= c.middle()
	if s.testing {
		s.testing = false
		if quiet && c.bw.last > testKept*s.rate {
			c.toGrow()
		} else {
			c.state, c.window = compete, max(c.window, s.before)
			c.cubic.cutAt = c.now
		}
		return
	}
	if s.forLoss {
		n := float64(s.acked + s.losses)
		if e := c.floor.excess(n, float64(s.losses)); e > s.excess/2 {
			if s.failed == 0 || c.bw.last > 0.97*s.rate || !c.calmAt(s.seen-c.delay.base) || c.delay.base < 2*roundMin {
				// As much arrives as before, though less was sent: it is
				// too much still.
				s.failed++
				c.cut(c.window * (1 - e))
				return
			}
			// Less was sent, less arrived, and as much was lost: noise.
			c.floor.rate = min(float64(s.losses)/n, floorMax)
			c.window = max(c.window, s.before)
			s.peak = 0
		}
		c.toGrow()
		return
	}
	s.first = false
	switch {
	case quiet:
		c.saw.failed = 0
		c.toGrow()
		return
	case c.cfg.Policy == Low:
		c.toGrow()
		return
	case s.seen-c.delay.base <= c.high():
		// Others have drained less or later: no reason yet to think that
		// they never will.
		if s.failed++; s.failed < 3*failures {
			c.toGrow()
			return
		}
	default:
		s.failed += 3
	}
	if s.failed >= 3*failures {
		c.toCompete(s.before)
		return
	}
	c.cut(c.drained())
}

// middle is the standing queue below which a drain has done its work.
func (c *Controller) middle() time.Duration {
	return (c.high() + c.low() + c.delay.slack()) / 2
}
