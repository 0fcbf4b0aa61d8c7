package cc

import (
	"math"
	"time"
)

const (
	cubicC    = 0.4 // packets/s³, RFC 9438, section 5
	cubicBeta = 0.7 // RFC 9438, section 4.6
	betaMin   = 0.3
	// entryPart of the largest window of the last minute is what competing
	// begins with: slow flows push a quiet one aside long before it is sure
	// that they will not yield.
	entryPart = 0.7
	// testEvery is the least time, in round trips, between two looks whether
	// the others are still there.
	testEvery = 40
)

// A cubic is the window of Fair flows among flows that fill the queue: what as
// many CUBIC flows (RFC 9438) would have, with losses beyond the floor as its
// sign of congestion.
type cubic struct {
	max    float64 // packets of one share when it was last reduced
	epoch  time.Duration
	k      float64 // seconds from epoch to max
	est    float64 // what Reno would have, packets of one share
	cutAt  time.Duration
	acked  int // packets since the last reduction
	losses int // lost of those sent since
	tested time.Duration
	quiet  int // rounds in a row without a queue
}

func (q *cubic) lost(p *Packet) {
	if p.sent >= q.cutAt {
		q.losses++
	}
}

func (q *cubic) late() { q.losses = max(0, q.losses-1) }

// beta is the reduction of n flows of which one halves.
func (c *Controller) beta() float64 {
	n := c.share()
	if n < 1 {
		// A part of a flow sees a part of its losses, and answers each for
		// all of them.
		return max(math.Pow(cubicBeta, 1/n), betaMin)
	}
	return (n - 1 + cubicBeta) / n
}

func (c *Controller) toCompete(w float64) {
	c.state = compete
	c.window = max(w, c.window, entryPart*c.most.get())
	c.saw.failed = 0
	c.cubic = cubic{cutAt: c.now, epoch: c.now, tested: c.now}
	c.cubic.max = c.window / c.datagram() / c.share()
	c.cubic.est = c.cubic.max
}

func (c *Controller) inCompete(ended bool) {
	q := &c.cubic
	n := float64(q.acked + q.losses)
	if float64(q.losses) > c.floor.expected(min(n, 2*c.window/c.datagram())) {
		c.cubicCut()
		return
	}
	share, m := c.share(), c.datagram()
	w := c.window / m / share
	if c.eventWin && !c.s.newest.appLimited {
		t := (c.now - q.epoch).Seconds() + c.delay.srtt.Seconds()
		b := c.beta()
		target := q.max + cubicC*math.Pow(t-q.k, 3)
		target = min(max(target, w), 1.5*w)
		acked := float64(c.s.acked) / m / share
		q.est += 3 * (1 - b) / (1 + b) * share * acked / w
		w += (target - w) / w * acked
		c.window = max(w, q.est) * m * share
	}
	if ended {
		if c.delay.queue() < c.middle() {
			q.quiet++
		} else {
			q.quiet = 0
		}
		if q.quiet > 4 {
			c.toGrow()
			return
		}
	}
	if q.acked > int(4*c.window/m) {
		q.acked, q.losses = 0, 0 // an old loss is no sign any more
	}
}

func (c *Controller) cubicCut() {
	q := &c.cubic
	m, share := c.datagram(), c.share()
	w := c.window / m / share
	b := c.beta()
	if w < q.max {
		q.max = w * (1 + b) / 2 // fast convergence, RFC 9438, section 4.7
	} else {
		q.max = w
	}
	c.window *= b
	q.est = w * b
	q.epoch, q.cutAt = c.now, c.now
	q.k = math.Cbrt(max(0, q.max-w*b) / cubicC)
	q.acked, q.losses = 0, 0
	if c.now-q.tested > testEvery*c.delay.srtt {
		q.tested = c.now
		c.saw.forLoss, c.saw.testing, c.saw.failed = false, true, 0
		c.saw.rate = c.bw.last
		c.cut(c.drained())
	}
}
