package cc_test

import (
	"math/rand/v2"
	"testing"
	"time"

	"github.com/icos-go/icos/rapid/internal/cc"
)

// solo runs one flow over c and calls change at the given times.
type solo struct {
	*testing.T
	c cell
	w *world
	f *rapidFlow
}

func run(t *testing.T, c cell, cfg cc.Config) *solo {
	w := newWorld(7, c.link())
	f := newRapid(cfg)
	s := &solo{t, c, w, f}
	w.at(0, func() { f.start(w) })
	return s
}

// part runs on for d and returns what part of perfect came through.
func (s *solo) part(d time.Duration) float64 {
	before := s.f.delivered
	s.w.run(s.w.now + d)
	return float64(s.f.delivered-before) / d.Seconds() / s.c.perfect()
}

// until runs on in steps until a step brings part, and returns how long it
// took, or limit.
func (s *solo) until(part float64, step, limit time.Duration) time.Duration {
	for d := step; d <= limit; d += step {
		if s.part(step) >= part {
			return d
		}
	}
	return limit
}

// atLeast fails the test unless got is want or more.
func (s *solo) atLeast(what string, got, want float64) {
	s.Helper()
	s.Logf("%s: %.3f (at least %.3f)", what, got, want)
	if got < want {
		s.Errorf("%s = %.3f, want at least %.3f", what, got, want)
	}
}

// atMost fails the test unless got is want or less.
func (s *solo) atMost(what string, got, want float64) {
	s.Helper()
	s.Logf("%s: %.3f (at most %.3f)", what, got, want)
	if got > want {
		s.Errorf("%s = %.3f, want at most %.3f", what, got, want)
	}
}

func (s *solo) rate(mbit float64) {
	s.c.mbit = mbit
	s.w.link.rate = s.c.rate()
}

func TestRateFallsAndRises(t *testing.T) {
	s := run(t, cell{100, 50, 0.1, 2}, cc.Config{})
	s.part(10 * sec)
	s.rate(10)
	s.w.clear()
	s.part(2 * sec)
	s.atLeast("part of a tenth of the rate", s.part(8*sec), 0.9)
	l := s.w.link
	s.atMost("drops after the fall", float64(l.dropped)/float64(l.dropped+l.passed), 0.2)
	s.w.clear()
	s.part(5 * sec)
	s.w.measure()
	s.atMost("queue in round trips", s.w.link.area/5/s.c.rate()/s.c.base().Seconds(), 1)
	s.rate(100)
	s.atMost("seconds until it has found ten times the rate", s.until(0.9, 200*time.Millisecond, 20*sec).Seconds(), 5)
}

func TestBlackout(t *testing.T) {
	for _, d := range []time.Duration{300 * time.Millisecond, sec, 5 * sec, 30 * sec} {
		s := run(t, cell{100, 100, 1, 1}, cc.Config{})
		s.part(5 * sec)
		s.w.link.down = true
		sent := s.f.sent
		s.part(d)
		s.atMost("packets sent into "+d.String(), float64(s.f.sent-sent), 2*s.c.bdp()/datagram)
		s.w.clear()
		s.w.link.down = false
		// The last probe may have left just before the end.
		wait := s.until(0.01, 100*time.Millisecond, 4*sec)
		took := s.until(0.9, 200*time.Millisecond, 10*sec)
		t.Logf("%v: first packet after %v", d, wait)
		s.atMost("seconds until full speed after "+d.String(), took.Seconds(), 2)
		l := s.w.link
		s.atMost("drops", float64(l.dropped)/float64(l.dropped+l.passed), 0.02)
		s.atLeast("later", s.part(5*sec), 0.93)
	}
}

func TestPolicer(t *testing.T) {
	for _, loss := range []float64{0, 1} {
		s := run(t, cell{1000, 50, loss, 1}, cc.Config{})
		s.w.link.police = 50e6 / 8
		s.w.link.policeBurst = 100e3
		s.c.mbit = 50
		s.part(10 * sec)
		s.w.clear()
		s.atLeast("part of a policed rate", s.part(20*sec), 0.9)
		l := s.w.link
		s.atMost("policed", float64(l.policed)/float64(l.policed+l.passed), 0.03)
		s.atMost("floor", s.f.c.Stats().RandomLoss, 0.02+loss/100)
	}
}

func TestAckAggregation(t *testing.T) {
	for d, want := range map[time.Duration]float64{5: 0.9, 20: 0.9, 50: 0.7} {
		s := run(t, cell{100, 40, 0.5, 1}, cc.Config{})
		s.w.link.aggregate = d * time.Millisecond
		s.part(5 * sec)
		s.atLeast("part with acknowledgements every "+(d*time.Millisecond).String(), s.part(10*sec), want)
	}
}

func TestJitterAndReordering(t *testing.T) {
	s := run(t, cell{100, 40, 0.5, 1}, cc.Config{})
	s.w.link.jitter = 4 * time.Millisecond
	s.part(5 * sec)
	s.atLeast("part with jitter", s.part(10*sec), 0.95)
	s = run(t, cell{300, 40, 0.1, 1}, cc.Config{})
	s.w.link.reorder = 0.02
	s.part(5 * sec)
	s.atLeast("part with reordering", s.part(10*sec), 0.95)
	s.atMost("duplicates", float64(s.f.dup)/float64(s.f.delivered), 0.02)
}

func TestBusyHost(t *testing.T) {
	for _, c := range []cell{{300, 100, 1, 1}, {100, 20, 0, 1}, {300, 5, 0, 4}} {
		s := run(t, c, cc.Config{})
		r := rand.New(rand.NewPCG(3, 4))
		var from, to time.Duration
		s.f.stall = func(now time.Duration) time.Duration {
			for now >= to {
				from = to + time.Duration(r.ExpFloat64()*30e6)
				to = from + time.Duration(r.Float64()*8e6)
			}
			if now < from {
				return 0
			}
			return to - now
		}
		s.part(5 * sec)
		s.atLeast("part on a busy host "+c.String(), s.part(10*sec), 0.9)
	}
}

func TestBursts(t *testing.T) {
	// 1.5 % of the time bad, in which half is lost.
	s := run(t, cell{100, 100, 0, 1}, cc.Config{})
	l := s.w.link
	l.burstEvery, l.burstLength, l.burstLoss = 500*time.Millisecond, 8*time.Millisecond, 0.5
	s.part(5 * sec)
	s.atLeast("part with short bursts", s.part(20*sec), 0.93)
	s = run(t, cell{100, 100, 0, 1}, cc.Config{})
	l = s.w.link
	l.burstEvery, l.burstLength, l.burstLoss = 5*time.Second, 100*time.Millisecond, 0.5
	s.part(5 * sec)
	s.atLeast("part with long bursts", s.part(30*sec), 0.9)
}

func TestNoiseBeginsAndEnds(t *testing.T) {
	s := run(t, cell{100, 100, 0, 1}, cc.Config{})
	s.part(10 * sec)
	for _, p := range []float64{3, 0, 8, 0.1} {
		s.c.loss = p
		s.w.link.loss = p / 100
		s.part(3 * sec)
		s.atLeast("part", s.part(7*sec), 0.93)
	}
}

func TestAppLimited(t *testing.T) {
	s := run(t, cell{100, 100, 1, 1}, cc.Config{})
	s.part(5 * sec)
	full := s.f.c.Stats().MaxBW
	// A tenth of the time there is data, for 5 ms in 50.
	s.f.busy = func(now time.Duration) bool { return now%(50*time.Millisecond) < 5*time.Millisecond }
	s.part(5 * sec)
	t.Logf("bandwidth %.3g, before %.3g, window %.3f bdp", s.f.c.Stats().MaxBW, full, float64(s.f.c.Window())/s.c.bdp())
	s.atLeast("window that is left in BDP", float64(s.f.c.Window())/s.c.bdp(), 0.8)
	s.atMost("window that is left in BDP", float64(s.f.c.Window())/s.c.bdp(), 1.5)
	s.f.busy = nil
	s.atLeast("part at once after", s.part(sec), 0.85)
}

func TestTargetCapMin(t *testing.T) {
	s := run(t, cell{100, 50, 1, 1}, cc.Config{Target: 40e6 / 8})
	s.part(3 * sec)
	got := s.part(10 * sec)
	s.atMost("part with a target", got, 0.41)
	s.atLeast("part with a target", got, 0.39)
	s.f.c.SetCap(20e6 / 8)
	s.part(2 * sec)
	s.atMost("part with a cap", s.part(5*sec), 0.21)
	s.f.c.SetCap(0)
	s.f.c.Set(cc.Fair, 0, 0)
	s.part(3 * sec)
	s.atLeast("part without", s.part(5*sec), 0.97)
	// Low beside TCP holds its minimum.
	c := cell{100, 50, 0, 1}
	f := newRapid(cc.Config{Policy: cc.Low, Min: 20e6 / 8})
	part, _, _ := together(c, 1, 10*sec, 40*sec, mate{f, 0}, mate{newCubic(), 2 * sec})
	s.atLeast("part of Low with a minimum", part[0], 0.19)
	s.atMost("part of Low with a minimum", part[0], 0.3)
}

func TestFixed(t *testing.T) {
	for _, c := range []cell{{100, 100, 1, 1}, {100, 20, 0, 1}, {100, 200, 4, 1}} {
		s := run(t, c, cc.Config{Policy: cc.Fixed, Target: 60e6 / 8})
		s.part(sec)
		sent := s.f.sent
		s.part(10 * sec)
		got := float64(s.f.sent-sent) * datagram / 10 / (60e6 / 8)
		s.atLeast("part of the target sent", got, 0.95)
		s.atMost("part of the target sent", got, 1.05)
	}
	// Beside TCP too.
	f := newRapid(cc.Config{Policy: cc.Fixed, Target: 60e6 / 8})
	c := cell{100, 100, 0, 1}
	part, _, _ := together(c, 1, 5*sec, 25*sec, mate{f, 0}, mate{newCubic(), sec})
	s := &solo{T: t}
	s.atLeast("part of the link beside TCP", part[0], 0.58)
	// The breaker: ten times too much.
	b := run(t, cell{10, 50, 0, 1}, cc.Config{Policy: cc.Fixed, Target: 100e6 / 8})
	b.part(20 * sec)
	b.w.clear()
	b.part(10 * sec)
	b.atMost("drops with the breaker open", float64(b.w.link.dropped)/float64(b.w.link.dropped+b.w.link.passed), 0.45)
}

func TestResume(t *testing.T) {
	c := cell{300, 200, 1, 1}
	s := run(t, c, cc.Config{Resume: &cc.Path{Rate: c.rate() * 0.95, MinRTT: c.base()}})
	s.atMost("round trips to 90 %", s.until(0.9, 100*time.Millisecond, 5*sec).Seconds()/c.base().Seconds(), 5)
	// The path is a tenth of what it was.
	s = run(t, cell{30, 200, 1, 1}, cc.Config{Resume: &cc.Path{Rate: c.rate(), MinRTT: c.base()}})
	s.part(5 * sec)
	s.atLeast("part of a path that is slower now", s.part(10*sec), 0.95)
	s = run(t, cell{300, 100, 1, 1}, cc.Config{Target: 290e6 / 8})
	s.atMost("round trips to 90 % with a target", s.until(0.85, 100*time.Millisecond, 5*sec).Seconds()/0.1, 8)
}

func TestWeights(t *testing.T) {
	// Three sessions of a third each, beside one.
	c := cell{100, 50, 0, 1}
	var m []mate
	for i := range time.Duration(3) {
		m = append(m, mate{newRapid(cc.Config{Weight: 1.0 / 3}), i * 100 * time.Millisecond})
	}
	m = append(m, mate{newRapid(cc.Config{}), 2 * sec})
	part, _, q := together(c, 1, 15*sec, 75*sec, m...)
	t.Logf("%.3f queue %.2f", part, q)
	s := &solo{T: t}
	three := part[0] + part[1] + part[2]
	s.atLeast("three thirds", three, 0.35)
	s.atMost("three thirds", three, 0.65)
}

func TestFastPaths(t *testing.T) {
	s := run(t, cell{10000, 10, 0, 1}, cc.Config{})
	s.part(time.Second)
	s.atLeast("part of 10 Gbit/s", s.part(time.Second), 0.95)
	// A loop of 50 µs whose ends are what limits: 5 Gbit/s, 200 KiB to queue.
	s = run(t, cell{5000, 0.05, 0, 0}, cc.Config{})
	s.w.link.queue = 200 << 10
	s.part(500 * time.Millisecond)
	s.atLeast("part of a loop", s.part(time.Second), 0.9)
}

func TestHostDrops(t *testing.T) {
	s := run(t, cell{1000, 20, 0.1, 1}, cc.Config{})
	s.f.host = 200e6 / 8
	s.part(5 * sec)
	sent, lost := s.f.sent, s.f.hostLost
	s.c.mbit = 200
	s.atLeast("part of what the host takes", s.part(10*sec), 0.85)
	s.atMost("part that it drops", float64(s.f.hostLost-lost)/float64(s.f.sent-sent), 0.03)
	s.atMost("floor", s.f.c.Stats().RandomLoss, 0.01)
}
