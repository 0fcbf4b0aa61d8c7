package cc_test

import (
	"os"
	"testing"
	"time"

	"github.com/icos-go/icos/rapid/internal/cc"
)

func TestTrace(t *testing.T) {
	var c cell
	switch os.Getenv("CC_TRACE") {
	case "":
		t.Skip("CC_TRACE is not set")
	case "ramp":
		c = cell{300, 100, 1, 1}
		f := newRapid("", cc.Config{})
		trace(t, c, 50*time.Millisecond, 4*sec, mate{f, 0})
	case "fc":
		c = cell{100, 100, 0, 1}
		trace(t, c, 200*time.Millisecond, 75*sec, mate{newRapid("", cc.Config{}), 0}, mate{newCubic(""), 0})
	case "ff":
		c = cell{300, 50, 0, 1}
		trace(t, c, 100*time.Millisecond, 75*sec, mate{newRapid("", cc.Config{}), 0}, mate{newRapid("", cc.Config{}), 5 * sec})
	case "shallow":
		c = cell{300, 100, 0, 0.1}
		trace(t, c, 100*time.Millisecond, 25*sec, mate{newRapid("", cc.Config{}), 0})
	case "lan":
		c = cell{1000, 1, 0, 1}
		trace(t, c, 20*time.Millisecond, 2*sec, mate{newRapid("", cc.Config{}), 0})
	case "giga":
		c = cell{1000, 100, 0.1, 1}
		trace(t, c, 100*time.Millisecond, 3*sec, mate{newRapid("", cc.Config{}), 0})
	case "agg":
		c = cell{100, 40, 0, 1}
		w := newWorld(7, c.link())
		w.link.aggregate = 20 * time.Millisecond
		traceOn(t, w, c, 40*time.Millisecond, 6*sec, mate{newRapid("", cc.Config{}), 0})
	case "police":
		c = cell{1000, 50, 0, 1}
		w := newWorld(7, c.link())
		w.link.police, w.link.policeBurst = 50e6/8, 100e3
		c.mbit = 50
		traceOn(t, w, c, 50*time.Millisecond, 6*sec, mate{newRapid("", cc.Config{}), 0})
	case "loop":
		c = cell{5000, .05, 0, 1}
		w := newWorld(7, c.link())
		w.link.queue = 200e3
		traceOn(t, w, c, 5*time.Millisecond, sec, mate{newRapid("", cc.Config{}), 0})
	case "fcx":
		c = cell{300, 50, 0, 1}
		for seed := range time.Duration(4) {
			cu := newCubic("")
			if seed%2 == 1 {
				cu.every = 16
			}
			trace(t, c, 1000*time.Millisecond, 75*sec, mate{newRapid("", cc.Config{}), 0}, mate{cu, 37 * time.Millisecond * seed})
		}
	case "cf":
		c = cell{100, 100, 0, 1}
		trace(t, c, 200*time.Millisecond, 75*sec, mate{newRapid("", cc.Config{}), 10 * sec}, mate{newCubic(""), 0})
	case "cg":
		c = cell{100, 50, 0, 1}
		cu := newCubic("")
		cu.every = 16
		trace(t, c, 100*time.Millisecond, 35*sec, mate{newRapid("", cc.Config{}), 500 * time.Millisecond}, mate{cu, 0})
	case "one":
		c = cell{100, 20, 0, 1}
		trace(t, c, 10*time.Millisecond, 4*sec, mate{newRapid("", cc.Config{}), 0})
	}
}

func trace(t *testing.T, c cell, step, to time.Duration, mates ...mate) {
	traceOn(t, newWorld(1, c.link()), c, step, to, mates...)
}

func traceOn(t *testing.T, w *world, c cell, step, to time.Duration, mates ...mate) {
	for _, m := range mates {
		w.at(m.at, func() { m.f.start(w) })
	}
	last := make([]int, len(mates))
	for at := step; at <= to; at += step {
		w.run(at)
		line := ""
		w.measure()
		for i, m := range mates {
			d := delivered(m.f)
			part := float64(d-last[i]) / step.Seconds() / c.perfect()
			last[i] = d
			switch f := m.f.(type) {
			case *rapidFlow:
				s := f.c.Stats()
				line += sprintf("| %-8s w %.3f in %.3f q %.3f base %.3f part %.3f loss %.4f floor %.4f ", s.State, float64(s.Window)/c.bdp(), float64(s.Inflight)/c.bdp(),
					s.Queue.Seconds()/c.base().Seconds(), s.MinRTT.Seconds()/c.base().Seconds(), part, s.Loss, s.RandomLoss)
			case *cubicFlow:
				line += sprintf("| cubic w %.3f part %.3f ", f.cwnd*datagram/c.bdp(), part)
			}
		}
		t.Logf("%6.2f Q %.3f drop %d %s", at.Seconds(), float64(w.link.backlog)/c.rate()/c.base().Seconds(), w.link.dropped, line)
	}
}
