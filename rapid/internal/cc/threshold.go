package cc

import (
	"math"
	"time"
)

// The thresholds of the standing queue, in the order of their size:
//
//	low    what a drain leaves, so that the link does not fall idle
//	calm   up to here no loss is due to a queue
//	middle up to here a drain has done its work
//	high   from here on it is time to drain
//
// All are parts of the base round trip, so that the queue that a session adds
// is a small part of the path's own delay whatever that is: high/2 on the
// average, 10 % of a round trip where the buffer holds 100 %.
const (
	highPart = 0.25
	lowPart  = 0.02
	lowAlone = 0.04
	calmPart = 1.0 / 16

	// highMin and lowMin are what they are at least: less is the noise of
	// timers and of busy hosts.
	highMin = 4 * time.Millisecond
	lowMin  = time.Millisecond
	calmMin = time.Millisecond / 4

	// lowPolicy is the part of high for Low, which has to see a queue long
	// before the others mind it.
	lowPolicy = 0.4

	// fewPackets at the rate that the session has are no queue.
	fewPackets = 4
)

// high is
//
//	max(0.25·base·s, 4 ms, 4 packets at the delivery rate, acknowledgement interval)
//	s = (r0·w / r)^⅛, 0.6 ≤ s ≤ 1.5
//
// The factor s makes the larger of two flows see its threshold first, drain
// first, and become the smaller (the flow-based scaling of Swift, section 3.5).
func (c *Controller) high() time.Duration {
	part, least := highPart, highMin
	if c.cfg.Policy == Low {
		part, least = highPart*lowPolicy, highMin/2
	}
	r := max(c.bw.get(), 1)
	s := math.Sqrt(math.Sqrt(math.Sqrt(pullRate * c.share() / r)))
	part *= min(max(s, 0.6), 1.5)
	few := min(c.packets(fewPackets), c.delay.base/2)
	return max(time.Duration(part*float64(c.delay.base)), least, few, c.delay.gap)
}

func (c *Controller) low() time.Duration {
	part := lowPart
	if c.alone() {
		part = lowAlone
	}
	return max(time.Duration(part*float64(c.delay.base)), min(lowMin, c.delay.base/10))
}

// emptied is the queue that a drain leaves if all others drain, too.
func (c *Controller) emptied() time.Duration { return c.low() + c.delay.slack() }

func (c *Controller) middle() time.Duration {
	return (c.high() + c.emptied()) / 2
}

// calm tells that a loss has nothing to do with a queue of this length.
func (c *Controller) calm(queue time.Duration) bool {
	few := min(c.packets(1.5), c.delay.base/5)
	return queue <= max(time.Duration(calmPart*float64(c.delay.base)), calmMin, few)
}

// packets is how long n full packets take at the delivery rate.
func (c *Controller) packets(n float64) time.Duration {
	s := n * c.datagram() / max(c.bw.get(), 1)
	return time.Duration(min(s, 10) * float64(time.Second))
}

// baseWindow is how long a smallest round trip is remembered. A session that
// drains sees it again in each cycle. One that competes does not, nor does Low
// beside others: they would take the queue of the others for the path's own
// delay (the latecomer's fault of RFC 6817, whose BASE_HISTORY is ten minutes).
func (c *Controller) baseWindow() time.Duration {
	switch {
	case c.cfg.Policy == Low:
		return 10 * time.Minute
	case c.competing():
		return 5 * time.Minute
	}
	return max(20*time.Second, 50*c.delay.srtt)
}

// carries is the window with which a path that delivers rate has a queue of
// low, and no more.
func (c *Controller) carries(rate float64) float64 {
	return rate * (c.delay.base + c.low() + c.delay.slack()).Seconds()
}

// drained is the window with which the standing queue is gone. What was in
// flight with the standing sample took its round trip to arrive, lost packets
// included, which is the rate that the path takes from this session.
func (c *Controller) drained() float64 {
	s := c.delay.standing()
	w := float64(s.inflight)
	if !c.limited || s.idle {
		w = c.window // not ours, or only in part: the window gives its part
	}
	return c.carries(w / s.rtt.Seconds())
}
