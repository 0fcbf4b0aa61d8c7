package cc_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/icos-go/icos/rapid/internal/cc"
)

// A cell is a path as people say it: Mbit/s, ms of round trip, percent lost.
type cell struct {
	mbit, rtt, loss float64
	queue           float64 // bandwidth-delay products, 0 means 1
}

func (c cell) String() string { return fmt.Sprintf("%g/%g/%g q%g", c.mbit, c.rtt, c.loss, c.q()) }

func (c cell) q() float64 {
	if c.queue == 0 {
		return 1
	}
	return c.queue
}

func (c cell) rate() float64 { return c.mbit * 1e6 / 8 }

func (c cell) base() time.Duration { return time.Duration(c.rtt * 1e6) }

func (c cell) link() *link {
	return &link{
		rate: c.rate(), delay: c.base() / 2, loss: c.loss / 100, ackLoss: c.loss / 100,
		queue: int(c.q() * c.rate() * c.rtt / 1e3),
	}
}

// perfect is what a sender that knows all would deliver: bytes a second.
func (c cell) perfect() float64 {
	return c.rate() * datagram / 1500 * (1 - c.loss/100)
}

type result struct {
	steady float64       // part of perfect, without the first 5 s or 30 round trips
	ramp   time.Duration // until 90 % of perfect over two round trips
	drops  float64       // part of packets dropped by the queue, all the time
	queue  float64       // mean queue in round trips, steady
	peak   float64
	dup    float64
	object float64 // part of perfect for a 256 MiB object
}

func alone(c cell, cfg cc.Config, seed uint64, length time.Duration) (result, *rapidFlow) {
	var r result
	w := newWorld(seed, c.link())
	f := newRapid("", cfg)
	f.start(w)
	step := max(2*c.base(), 50*time.Millisecond)
	warm := max(5*time.Second, 30*c.base())
	warm = warm / step * step
	last, at := 0, 0
	total := 0
	for t := step; t <= warm+length; t += step {
		w.run(t)
		if r.ramp == 0 && float64(f.delivered-last) >= 0.9*c.perfect()*step.Seconds() {
			r.ramp = t - c.base()/2 - step/2
		}
		last = f.delivered
		if r.object == 0 && f.delivered >= 256<<20 {
			r.object = 256 << 20 / t.Seconds() / c.perfect()
		}
		if t == warm {
			at = f.delivered
			total = w.link.dropped
			r.drops = float64(total)
			w.clear()
		}
	}
	r.steady = float64(f.delivered-at) / (w.now - warm).Seconds() / c.perfect()
	w.measure()
	r.queue = w.link.area / (w.now - warm).Seconds() / c.rate() / c.base().Seconds()
	r.peak = float64(w.link.peak) / c.rate() / c.base().Seconds()
	r.drops = (r.drops + float64(w.link.dropped+w.link.policed)) / float64(f.sent)
	r.dup = float64(f.dup) / float64(f.delivered)
	return r, f
}

func TestAlone(t *testing.T) {
	for _, c := range []cell{
		{100, 100, 1, 0},
		{300, 100, 1, 0},
		{300, 200, 2, 0},
		{100, 200, 5, 0},
		{1000, 100, 0.1, 0},
		{1000, 200, 1, 0},
		{100, 300, 10, 0},
		{100, 20, 0, 0},
		{300, 100, 0, 0},
		{10, 50, 0, 0},
		{10, 50, 1, 0},
		{1, 100, 1, 0},
		{300, 100, 1, 0.1},
		{300, 100, 0, 0.1},
		{300, 100, 1, 4},
		{1000, 10, 0.1, 0},
		{1000, 1, 0, 0},
	} {
		r, f := alone(c, cc.Config{}, 1, 20*time.Second)
		t.Logf("%-16v steady %.3f ramp %5.1f rtt  drops %.4f queue %.2f peak %.2f dup %.4f floor %.4f %s", c, r.steady,
			r.ramp.Seconds()*1e3/c.rtt, r.drops, r.queue, r.peak, r.dup, f.c.Stats().RandomLoss, f.c.Stats().State)
	}
}

// bdp is the bandwidth-delay product in bytes of datagrams.
func (c cell) bdp() float64 { return c.rate() * c.rtt / 1e3 * datagram / 1500 }

var sprintf = fmt.Sprintf
