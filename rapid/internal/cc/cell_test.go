package cc_test

import (
	"flag"
	"fmt"
	"testing"
	"time"

	"github.com/icos-go/icos/rapid/internal/cc"
)

var wide = flag.Bool("wide", false, "simulate all paths, for longer, and log a table")

// A cell is a path as people say it: Mbit/s, ms of round trip, percent lost.
type cell struct {
	mbit, rtt, loss float64
	queue           float64 // bandwidth-delay products
}

func (c cell) String() string {
	return fmt.Sprintf("%g/%g/%g queue %g", c.mbit, c.rtt, c.loss, c.queue)
}

func (c cell) rate() float64 { return c.mbit * 1e6 / 8 }

func (c cell) base() time.Duration { return time.Duration(c.rtt * 1e6) }

func (c cell) link() *link {
	return &link{
		rate: c.rate(), delay: c.base() / 2, loss: c.loss / 100, ackLoss: c.loss / 100,
		queue: int(c.queue * c.rate() * c.rtt / 1e3),
	}
}

// perfect is what a sender that knows all would deliver: bytes a second.
func (c cell) perfect() float64 { return c.rate() * datagram / 1500 * (1 - c.loss/100) }

// bdp is the bandwidth-delay product in bytes of datagrams.
func (c cell) bdp() float64 { return c.rate() * c.rtt / 1e3 * datagram / 1500 }

// A result is how a flow did alone on a path.
type result struct {
	steady float64 // part of perfect after the first 5 s or 30 round trips
	object float64 // part of perfect while the first 64 MiB went, or what there was time for
	ramp   float64 // round trips until 90 % of perfect over two of them
	drops  float64 // part of the packets dropped by the queue in the first 10 s
	queue  float64 // mean in round trips, steady
	peak   float64 // of the queue in round trips, steady
	dup    float64 // part of the bytes that came twice
	floor  float64 // estimated
}

func (r result) String() string {
	return fmt.Sprintf("steady %.3f  object %.3f  ramp %4.1f RTT  drops %.4f  queue %.2f  peak %.2f  duplicates %.4f  floor %.4f",
		r.steady, r.object, r.ramp, r.drops, r.queue, r.peak, r.dup, r.floor)
}

func alone(c cell, cfg cc.Config, seed uint64, length time.Duration) result {
	const object = 64 << 20
	var r result
	w := newWorld(seed, c.link())
	f := newRapid(cfg)
	f.start(w)
	step := max(2*c.base(), 50*time.Millisecond)
	warm := max(5*sec, 30*c.base()) / step * step
	last, at := 0, 0
	for t := step; t <= warm+length; t += step {
		w.run(t)
		if r.ramp == 0 && float64(f.delivered-last) >= 0.9*c.perfect()*step.Seconds() {
			r.ramp = float64(t-step/2) / float64(c.base())
		}
		if last < object {
			r.object = float64(f.delivered) / t.Seconds() / c.perfect()
		}
		last = f.delivered
		if t == warm {
			at = f.delivered
			r.drops = float64(w.link.dropped) / float64(f.sent)
			w.clear()
		}
	}
	w.measure()
	took := (w.now - warm).Seconds()
	l := w.link
	r.steady = float64(f.delivered-at) / took / c.perfect()
	r.queue = l.area / took / c.rate() / c.base().Seconds()
	r.peak = float64(l.peak) / c.rate() / c.base().Seconds()
	r.drops = max(r.drops, float64(l.dropped)/float64(l.dropped+l.passed))
	r.dup = float64(f.dup) / float64(f.delivered)
	r.floor = f.c.Stats().RandomLoss
	return r
}

// TestAlone holds one flow against what it has to reach alone on paths of
// 1 to 1000 Mbit/s with buffers of a tenth to four bandwidth-delay products.
func TestAlone(t *testing.T) {
	if testing.Short() {
		t.Skip("a long simulation in one goroutine")
	}
	for _, test := range []struct {
		cell
		steady, object, ramp, drops float64
	}{
		{cell{100, 100, 1, 1}, 0.97, 0.90, 12, 0.01},
		{cell{300, 100, 1, 1}, 0.98, 0.70, 12, 0.01},
		{cell{300, 200, 2, 1}, 0.98, 0.50, 12, 0.01},
		{cell{100, 200, 5, 1}, 0.97, 0.75, 12, 0.01},
		{cell{1000, 100, 0.1, 1}, 0.98, 0.35, 12, 0.01},
		{cell{1000, 200, 1, 1}, 0.98, 0.15, 12, 0.01},
		{cell{100, 300, 10, 1}, 0.97, 0.60, 12, 0.02}, // of 9 s, most of them in startup
		{cell{100, 20, 0, 1}, 0.98, 0.97, 12, 0.01},
		{cell{300, 100, 0, 1}, 0.98, 0.70, 12, 0.01},
		{cell{10, 50, 0, 1}, 0.97, 0.95, 12, 0.01},
		{cell{10, 50, 1, 1}, 0.97, 0.95, 12, 0.01},
		{cell{1, 100, 1, 1}, 0.97, 0.90, 12, 0.30}, // 64 packets into a queue of 10
		{cell{300, 100, 1, 0.1}, 0.97, 0.60, 16, 0.15},
		{cell{300, 100, 0, 0.1}, 0.97, 0.60, 16, 0.15},
		{cell{300, 100, 1, 4}, 0.98, 0.70, 12, 0.01},
		{cell{100, 50, 2, 4}, 0.97, 0.90, 12, 0.01},
		{cell{1000, 10, 0.1, 1}, 0.95, 0.90, 40, 0.02},
		{cell{1000, 1, 0, 1}, 0.90, 0.80, 400, 0.06}, // 83 packets of buffer
	} {
		length := 5 * sec
		if test.mbit >= 1000 {
			length = 2 * sec
		}
		seeds := uint64(1)
		if *wide {
			length, seeds = 30*sec, 3
		}
		for seed := range seeds {
			r := alone(test.cell, cc.Config{}, seed+1, length)
			t.Logf("%-20v %v", test.cell, r)
			if r.steady < test.steady || r.object < test.object || r.ramp == 0 || r.ramp > test.ramp || r.drops > test.drops || r.dup > 0.01 {
				t.Errorf("%v, seed %d: %v; want steady %.2f, object %.2f, ramp %.0f, drops %.3f",
					test.cell, seed+1, r, test.steady, test.object, test.ramp, test.drops)
			}
			if half := 0.5; r.queue > half && test.rtt >= 10 {
				t.Errorf("%v: mean queue of %.2f round trips, want less than %v", test.cell, r.queue, half)
			}
		}
	}
}
