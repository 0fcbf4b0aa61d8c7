package cc

import (
	"math"
	"time"
)

const (
	cubicC    = 0.4 // packets/s³: RFC 9438, section 5
	cubicBeta = 0.7 // RFC 9438, section 4.6
	betaMin   = 0.3
	// entryPart of the largest window of the last minute is what competing
	// begins with: slow flows push a quiet one aside long before it is sure
	// that they will not yield.
	entryPart = 0.7
	// entryShare and testShare of the path are what a session takes at once,
	// on entering and after a test, if it measures that it has less: CUBIC
	// alone would need minutes to become equal. Less than half, because there
	// may be several others.
	entryShare = 0.45
	testShare  = 1.0 / 3
	testRaise  = 1.3
	// testCut of the window is what a test leaves, if it is not less already.
	testCut = 0.7
	// testEvery is the least time, in round trips, between two looks whether
	// the others are still there.
	testEvery = 40
	// quietRounds without a queue end competing at once.
	quietRounds = 5
)

// A cubic is the window of a session among flows that keep the queue filled:
// what as many CUBIC flows (RFC 9438) would have as its share says, with losses
// beyond noise as the sign of congestion. Sizes are packets of one share.
type cubic struct {
	max    float64 // when it was last reduced
	k      float64 // seconds from epoch until it is max again
	est    float64 // what Reno would have
	epoch  time.Duration
	cutAt  time.Duration // packets sent before say nothing new
	acked  int
	lost   int
	tested time.Duration
	quiet  int // rounds in a row without a queue
}

func (q *cubic) lose(p *Packet) {
	if p.sent >= q.cutAt {
		q.lost++
	}
}

// beta is what is left of the window of n flows of which one is reduced. A
// part of a flow sees a part of its losses, and answers each for all of them.
func (c *Controller) beta() float64 {
	n := c.share()
	if n < 1 {
		return max(math.Pow(cubicBeta, 1/n), betaMin)
	}
	return (n - 1 + cubicBeta) / n
}

func (c *Controller) toCompete() {
	c.state, c.poor = compete, 0
	c.window = max(c.window, entryPart*c.most.get(), c.window*entryShare/c.part)
	w := c.window / c.datagram() / c.share()
	c.cubic = cubic{max: w, est: w, cutAt: c.now, epoch: c.now, tested: c.now}
}

func (c *Controller) inCompete(ended bool) {
	q := &c.cubic
	round := c.window / c.datagram()
	n := min(float64(q.acked+q.lost), 2*round)
	if float64(q.lost) > c.floor.expected(n) {
		c.reduce()
		return
	}
	if float64(q.acked) > 4*round {
		q.acked, q.lost = 0, 0 // an old loss is no sign any more
	}
	if c.growing() {
		c.growCubic()
	}
	if !ended {
		return
	}
	if c.delay.queue() >= c.middle() {
		q.quiet = 0
	} else if q.quiet++; q.quiet >= quietRounds {
		c.toGrow()
	}
}

// growCubic is RFC 9438, sections 4.2 to 4.5, and for n flows as if each had
// an nth: W(t) = C·(t−K)³ + W_max.
func (c *Controller) growCubic() {
	q := &c.cubic
	unit := c.datagram() * c.share()
	w := c.window / unit
	acked := float64(c.s.acked) / unit
	t := (c.now - q.epoch + c.delay.srtt).Seconds()
	target := q.max + cubicC*math.Pow(t-q.k, 3)
	target = min(max(target, w), 1.5*w)
	b := c.beta()
	q.est += 3 * (1 - b) / (1 + b) * max(c.share(), 1) * acked / w
	w += (target - w) / w * acked
	c.window = max(w, q.est) * unit
}

// reduce is RFC 9438, sections 4.6 and 4.7, and sometimes a test.
func (c *Controller) reduce() {
	q := &c.cubic
	unit := c.datagram() * c.share()
	w := c.window / unit
	b := c.beta()
	if w < q.max {
		q.max = w * (1 + b) / 2
	} else {
		q.max = w
	}
	c.window = max(c.window*b, minWindow*c.datagram())
	q.est = w * b
	q.epoch, q.cutAt = c.now, c.now
	q.k = math.Cbrt(max(0, q.max-w*b) / cubicC)
	q.acked, q.lost = 0, 0
	if c.now-q.tested > testEvery*c.delay.srtt {
		q.tested = c.now
		c.cut(forTest, min(c.drained(), testCut*c.window))
	}
}
