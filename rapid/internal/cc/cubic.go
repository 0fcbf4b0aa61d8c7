package cc

import (
	"math"
	"time"
)

const (
	cubicC    = 0.4 // packets/s³: RFC 9438, section 5
	cubicBeta = 0.7 // RFC 9438, section 4.6
	betaMin   = 0.3
)

// A cubic is the window that as many CUBIC flows (RFC 9438) would have as the
// share of a session says. Sizes are packets of one share.
type cubic struct {
	max   float64 // when it was last reduced
	k     float64 // seconds from epoch until it is max again
	est   float64 // what Reno would have
	epoch time.Duration
}

// begin grows from w to top first.
func (q *cubic) begin(now time.Duration, w, top float64) {
	*q = cubic{max: top, k: math.Cbrt(max(0, top-w) / cubicC), est: w, epoch: now}
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

// regain is K of RFC 9438 for one CUBIC flow that has as much as each share of this
// session: the seconds until it has again what a reduction took.
func (c *Controller) regain() float64 {
	return math.Cbrt(c.window / c.unit() * (1 - cubicBeta) / cubicC)
}

// unit is the size of a packet of one share.
func (c *Controller) unit() float64 { return c.datagram() * c.share() }

// growCubic is RFC 9438, sections 4.2 to 4.5, and for n flows as if each had
// an nth: W(t) = C·(t−K)³ + W_max.
func (c *Controller) growCubic() {
	q := &c.contest.cubic
	unit := c.unit()
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

// reduce is RFC 9438, sections 4.6 and 4.7.
func (c *Controller) reduce() {
	q := &c.contest.cubic
	unit := c.unit()
	w := c.window / unit
	b := c.beta()
	top := w
	if w < q.max {
		top = w * (1 + b) / 2
	}
	q.begin(c.now, w*b, top)
	c.window = max(c.window*b, minWindow*c.datagram())
}
