package cc

import "time"

const (
	// initialWindow is the number of packets before anything is known. RFC
	// 6928 has 10 without pacing and large senders use 30 and more; these are
	// paced over initialSpread.
	initialWindow = 64
	initialSpread = 20 * time.Millisecond
	// earlyWindow is the number of packets up to which the window triples
	// each round trip: what is too much then is soon forgotten.
	earlyWindow = 512

	// fullGrowth is the growth of the delivery rate in a round below which
	// the path may be full, and fullRounds how often in a row it has to be
	// (draft-ietf-ccwg-bbr, section 5.3.1.2).
	fullGrowth = 1.25
	fullRounds = 3
	// fullLoss is the part of a round lost with which one round is enough,
	// if it has fullPackets: of few packets many may be lost by chance.
	fullLoss    = 0.10
	fullPackets = 100
)

// A fill looks for the end of startup.
type fill struct {
	best  float64 // largest delivery rate that was growth
	flat  int     // rounds without growth since
	round float64 // largest of this round

	acked, lost int // of the last round that was growth
}

// inStartup doubles the window each round trip until there is a queue or the
// delivery rate stays where it is. Loss alone does not end it: a path that
// delivers twice as much of twice as much is not full, it is noisy.
func (c *Controller) inStartup(ended bool) {
	if c.growing() {
		c.window += c.doubling() * float64(c.s.acked)
	}
	c.fill.round = max(c.fill.round, c.rate)
	if c.delay.queue() > c.full() && c.ours() {
		c.leaveStartup(0)
		return
	}
	if !ended {
		return
	}
	n := float64(c.round.acked + c.round.lost)
	lossy := c.floor.excess(n, float64(c.round.lost)) + float64(c.round.host)/max(n, 1)
	switch {
	case c.fill.round >= c.fill.best*fullGrowth:
		// Noise is learnt one round late, so that the round in which the
		// path overflows is not taken for it.
		// On short paths a round is many round trips and holds both.
		if c.delay.srtt > 2*roundMin {
			c.floor.learn(float64(c.fill.acked+c.fill.lost), float64(c.fill.lost))
		}
		c.fill.acked, c.fill.lost = c.round.acked, c.round.lost
		c.fill.best, c.fill.flat = c.fill.round, 0
	case !c.round.appLimited:
		c.fill.flat++
	}
	c.fill.round = 0
	if c.fill.flat >= fullRounds || c.fill.flat >= 1 && lossy > fullLoss && n >= fullPackets {
		c.leaveStartup(lossy)
	}
}

// full is the standing queue that ends startup.
func (c *Controller) full() time.Duration { return max(2*c.high()/5, highMin) }

// doubling is what the window grows by for each byte acknowledged in startup:
// less at the first sign of a queue, which is a round trip old.
func (c *Controller) doubling() float64 {
	switch q := c.delay.queue(); {
	case q > c.full()/2:
		return 0.25
	case q < c.full()/2 && c.window < earlyWindow*c.datagram():
		return 2
	}
	return 1
}

// leaveStartup drains what startup has put into the queue. lossy is the part
// that was lost beyond noise, if that is what ends it.
func (c *Controller) leaveStartup(lossy float64) {
	c.fill = fill{}
	c.poor = 0
	if lossy > 0 {
		c.growth.peak, c.growth.peakAge, c.drain.excess = c.window*(1-lossy), 0, lossy
		c.cut(forLoss, c.carries(c.bw.get()/(1-c.floor.rate)))
		return
	}
	c.cut(forStartup, c.drained())
}

// resume jumps to half of the rate that an earlier session had on this path,
// if it is the same path by its round trip (draft-ietf-tsvwg-careful-resume:
// half, and only after the round trip is confirmed), or to a quarter of a
// target somebody asked for, which is no measurement.
func (c *Controller) resume(rtt time.Duration) {
	var rate float64
	if t := c.ceiling(); t > 0 && c.cfg.Policy != Low {
		rate = t / 4
	}
	if p := c.cfg.Resume; p != nil && p.Rate > 0 && rtt > p.MinRTT/2 && rtt < 2*p.MinRTT {
		rate = p.Rate / 2
		if t := c.ceiling(); t > 0 {
			rate = min(rate, t)
		}
	}
	c.window = max(c.window, rate*rtt.Seconds())
}
