package cc

import "math"

const (
	// pull and pullRate are λ0 and r0 in the growth of a flow's rate r,
	//
	//	dr/dt = r · λ0 · √(r0·w / r),   w its share,
	//
	// in which the round trip does not appear, so that flows with different
	// ones grow alike, and which is relatively faster for the smaller of two
	// flows, so that flows that shrink in proportion and grow again become
	// equal. At 100 Mbit/s it takes 0.8 s from one drain to the next, at
	// 1 Gbit/s 2.4 s, at 10 Mbit/s a quarter.
	pull     = 0.25   // 1/s
	pullRate = 12.5e6 // bytes a second
	// pullMax is the most that the window grows in one round trip, in parts of
	// it, while a queue may be near: it becomes visible a round trip late.
	pullMax = 0.08
	// speedMax is the same while there has been no queue for speedAfter round
	// trips: the path has become faster, or others have left.
	speedMax   = 0.5
	speedAfter = 4

	// Losses are counted over trialPackets, or trialRounds if there are fewer.
	trialPackets = 50
	trialRounds  = 10
	// badRounds in a row with excess loss are congestion though no queue is
	// seen; a burst of noise is over sooner.
	badRounds = 2
	// policedPart is what is kept besides where packets are dropped without a
	// queue: a policer has none that could drain.
	policedPart = 0.95
	// hostPart is the part of packets dropped by the receiving host that is
	// too much for it.
	hostPart = 0.01

	// Within nearPart of the window at which too much was lost, for
	// peakRounds, growth is nearSpeed of the usual.
	nearPart   = 0.10
	nearSpeed  = 0.25
	peakRounds = 50
)

// A growth is the state of adding to the window.
type growth struct {
	speed  float64 // growth is so many times faster, while there is no queue
	rounds int
	bad    int // rounds in a row with too much loss
	trial  trial

	peak    float64 // window at the last excess loss, zero if none
	peakAge int     // rounds since
}

// A trial is as many rounds as it takes to count losses in.
type trial struct{ rounds, acked, lost, host int }

func (c *Controller) toGrow() {
	c.state = grow
	g := &c.growth
	g.speed, g.rounds, g.bad, g.trial = 1, 0, 0, trial{}
}

func (c *Controller) inGrow(ended bool) {
	g := &c.growth
	if c.growing() && c.delay.srtt > 0 {
		rtt := (c.delay.srtt + c.delay.gap).Seconds()
		part := min(pull*math.Sqrt(pullRate*c.share()*rtt/c.window)*rtt, pullMax)
		if c.nearPeak() {
			part *= nearSpeed
		}
		c.window += min(part*g.speed, speedMax) * float64(c.s.acked)
	}
	if c.delay.queue() <= c.emptied() {
		c.poor = 0
	}
	if c.delay.queue() > c.high() && c.ours() {
		c.cut(forQueue, c.drained())
		return
	}
	if !ended {
		return
	}
	c.compare()
	g.peakAge++
	if e := c.tooMuch(); e > 0 {
		g.peak, g.peakAge = c.window, 0
		w := c.window * (1 - e)
		if c.calm(c.delay.queue()) {
			w *= policedPart
		}
		c.drain.excess = e
		c.cut(forLoss, min(c.drained(), w))
		return
	}
	g.rounds++
	if g.rounds > speedAfter && c.limited && !c.nearPeak() && c.delay.queue() < max(2*c.low(), c.high()/4) {
		g.speed = min(g.speed*2, 1<<20)
	} else {
		g.speed = max(g.speed/2, 1)
	}
}

// tooMuch adds the round that ends to the trial, and when that is complete
// learns from it, or returns the part lost that is congestion.
func (c *Controller) tooMuch() float64 {
	g := &c.growth
	g.trial.rounds++
	g.trial.acked += c.round.acked
	g.trial.lost += c.round.lost
	g.trial.host += c.round.host
	t := g.trial
	n, lost := float64(t.acked+t.lost), float64(t.lost)
	if n < trialPackets && t.rounds < trialRounds {
		return 0
	}
	g.trial = trial{}
	e := c.floor.excess(n, lost)
	if h := float64(t.host) / max(n, 1); h > hostPart {
		c.limit = "host"
		e += h
	}
	if e > 0 {
		if g.bad += t.rounds; g.bad >= badRounds || c.delay.queue() > c.high()/2 {
			return min(e, 0.9)
		}
		return 0
	}
	g.bad = 0
	// What is lost without a queue, and not just below where too much was
	// lost, is noise. Less than is known is less in any case.
	below := g.peak == 0 || g.peakAge > peakRounds || c.window < 0.95*g.peak
	if below && c.calm(c.delay.queue()) || lost < n*c.floor.rate {
		c.floor.learn(n, lost)
	}
	return 0
}

// growing tells that what is acknowledged now was sent with all of the window
// in use, without which its growth would mean nothing (RFC 9002, section 7.8).
func (c *Controller) growing() bool { return c.limited && !c.s.newest.appLimited }

// nearPeak tells that the window is about as large as when too much was lost.
func (c *Controller) nearPeak() bool {
	g := &c.growth
	return g.peak > 0 && g.peakAge < peakRounds && math.Abs(c.window-g.peak) < nearPart*g.peak
}
