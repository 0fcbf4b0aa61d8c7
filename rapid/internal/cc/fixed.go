package cc

import "time"

const (
	// breakLoss lost over breakTime halves the rate of Fixed; losses below
	// healLoss double it again, up to the target. RFC 8084 asks for a breaker
	// that acts on excessive loss over several round trips; the numbers are
	// ours.
	breakLoss = 0.30
	healLoss  = 0.10
	breakTime = 3 * time.Second
	// catchUp is how much faster than its target Fixed may send to make up
	// for a host that woke too late, and of which time, in seconds.
	catchUp = 0.1
)

// A breaker holds the rate of Fixed and lets go of it when the path is
// plainly not able to carry it.
type breaker struct {
	part        float64 // of the target, 0 before the first update
	since       time.Duration
	debt        float64 // bytes
	paid        time.Duration
	acked, lost int
}

func (b *breaker) rate(c *Controller) float64 {
	top := c.ceiling()
	if b.part == 0 {
		return top
	}
	// What was not sent in time is made up for over a second.
	return b.part*top + min(b.debt, catchUp*top)
}

// sent keeps the account of what should have been sent by now.
func (b *breaker) sent(c *Controller, now time.Duration, size int) {
	top := b.part * c.ceiling()
	b.debt += (now-b.paid).Seconds()*top - float64(size)
	b.debt = min(max(b.debt, 0), catchUp*top)
	b.paid = now
}

func (b *breaker) window(c *Controller) int {
	return int(b.rate(c)*2*(c.delay.srtt+c.delay.rttvar*4+2*standingMin).Seconds()) + initialWindow*c.cfg.Datagram
}

func (b *breaker) update(c *Controller, now time.Duration) {
	if b.part == 0 {
		b.part, b.since, b.paid = 1, now, now
	}
	b.acked += c.acked
	b.lost += c.lost
	if now-b.since < breakTime {
		return
	}
	if n := b.acked + b.lost; n > 0 {
		switch loss := float64(b.lost) / float64(n); {
		case loss > breakLoss:
			b.part = max(b.part/2, 1.0/64)
		case loss < healLoss:
			b.part = min(b.part*2, 1)
		}
	}
	b.since, b.acked, b.lost = now, 0, 0
}
