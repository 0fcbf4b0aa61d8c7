package cc_test

import (
	"testing"
	"time"

	"github.com/icos-go/icos/rapid/internal/cc"
)

const sec = time.Second

// A mate is a flow that shares a bottleneck, and when it starts.
type mate struct {
	f  flow
	at time.Duration
}

func delivered(f flow) int {
	switch f := f.(type) {
	case *rapidFlow:
		return f.delivered
	case *cubicFlow:
		return f.delivered
	}
	return 0
}

// together runs flows over one link and returns what part of the link each
// had between from and to, its drops and the mean queue in round trips.
func together(c cell, seed uint64, from, to time.Duration, mates ...mate) (part []float64, drops, queue float64) {
	w := newWorld(seed, c.link())
	for _, m := range mates {
		w.at(m.at, func() { m.f.start(w) })
	}
	w.run(from)
	w.clear()
	before := make([]int, len(mates))
	for i, m := range mates {
		before[i] = delivered(m.f)
	}
	w.run(to)
	w.measure()
	for i, m := range mates {
		part = append(part, float64(delivered(m.f)-before[i])/(to-from).Seconds()/c.perfect())
	}
	l := w.link
	return part, float64(l.dropped) / float64(l.dropped+l.passed), l.area / (to - from).Seconds() / c.rate() / c.base().Seconds()
}

func jain(x []float64) float64 {
	var s, q float64
	for _, v := range x {
		s += v
		q += v * v
	}
	return s * s / q / float64(len(x))
}

// A contest is some flows on one bottleneck and what the first has to have of
// it, on the average of some runs that differ in when the others start.
type contest struct {
	name        string
	mates       func(c cell, late time.Duration) []mate
	least, most float64
	jain        float64 // 0 for any
	wide        bool    // only with -wide
}

func contests() []contest {
	fair := func() flow { return newRapid(cc.Config{}) }
	with := func(p cc.Policy) flow { return newRapid(cc.Config{Policy: p}) }
	tcp := func() flow { return newCubic() }
	// gro is TCP whose acknowledgements stand for many packets.
	gro := func() flow { f := newCubic(); f.every = 16; return f }
	two := func(a, b func() flow, at time.Duration) func(cell, time.Duration) []mate {
		return func(_ cell, late time.Duration) []mate { return []mate{{a(), 0}, {b(), at + late}} }
	}
	return []contest{
		{"fair, cubic", two(fair, tcp, 0), 0.35, 0.65, 0, false},
		{"fair, cubic with GRO", two(fair, gro, 0), 0.35, 0.65, 0, true},
		{"fair, cubic 5 s later", two(fair, tcp, 5*sec), 0.35, 0.65, 0, false},
		{"fair, fair", two(fair, fair, 0), 0.40, 0.60, 0.95, false},
		{"fair, fair 5 s later", two(fair, fair, 5*sec), 0.40, 0.60, 0.95, false},
		{"fair, fair with 1.5 round trips", func(c cell, late time.Duration) []mate {
			far := newRapid(cc.Config{})
			far.more = c.base() / 4
			return []mate{{fair(), 0}, {far, 5*sec + late}}
		}, 0.10, 0.70, 0, true},
		{"four fair", func(_ cell, late time.Duration) []mate {
			return []mate{{fair(), 0}, {fair(), sec + late}, {fair(), 2 * sec}, {fair(), 3 * sec}}
		}, 0.20, 0.30, 0.95, true},
		{"high, fair", two(func() flow { return with(cc.High) }, fair, 5*sec), 0.55, 0.76, 0, false},
		{"high, cubic", two(func() flow { return with(cc.High) }, tcp, 5*sec), 0.45, 0.80, 0, true},
		{"low, cubic", two(func() flow { return with(cc.Low) }, tcp, 5*sec), 0, 0.15, 0, false},
		{"cubic, low", two(tcp, func() flow { return with(cc.Low) }, 5*sec), 0.85, 1.01, 0, true},
		{"low, fair", two(func() flow { return with(cc.Low) }, fair, 5*sec), 0, 0.40, 0, true},
		{"low alone", func(cell, time.Duration) []mate { return []mate{{with(cc.Low), 0}} }, 0.90, 1.01, 0, false},
		{"cubic, cubic", two(tcp, tcp, 0), 0.2, 0.8, 0, true},
	}
}

// TestShares holds the policies against each other and against TCP on clean
// links with one bandwidth-delay product of buffer.
func TestShares(t *testing.T) {
	if testing.Short() {
		t.Skip("a long simulation in one goroutine")
	}
	cells := []cell{{100, 50, 0, 1}, {100, 100, 0, 1}}
	runs := 1
	if *wide {
		cells = append(cells, cell{100, 20, 0, 1}, cell{300, 50, 0, 1}, cell{300, 100, 0, 1}, cell{20, 40, 0, 1})
		runs = 4
	}
	for _, c := range cells {
		for _, k := range contests() {
			if k.wide && !*wide {
				continue
			}
			var mean float64
			for i := range runs {
				m := k.mates(c, 37*time.Millisecond*time.Duration(i))
				part, drops, queue := together(c, 1, 10*sec, 40*sec, m...)
				t.Logf("%-18v %-32s %.3f jain %.3f drops %.4f queue %.2f", c, k.name, part, jain(part), drops, queue)
				mean += part[0] / float64(runs)
				if jain(part) < k.jain {
					t.Errorf("%v, %s: Jain index %.3f, want %.2f", c, k.name, jain(part), k.jain)
				}
			}
			if mean < k.least || mean > k.most {
				t.Errorf("%v, %s: the first has %.3f of the link, want %.2f to %.2f", c, k.name, mean, k.least, k.most)
			}
		}
	}
}

// newLinux is CUBIC as Linux has it on a fast host: every acknowledgement stands
// for so many packets, 0 for two.
func newLinux(every int) flow {
	f := newCubic()
	f.hystart, f.every = true, every
	return f
}

// TestShareWithTCP has Fair come to a queue that CUBIC fills and CUBIC to one
// that Fair leaves short, from 10 s on for 25 s. Where CUBIC is first, the session has
// to find that somebody keeps the queue full before it has given everything away,
// to begin with a share that CUBIC alone would need minutes for, and to stay
// there though its base round trip is none, as there always was a queue.
func TestShareWithTCP(t *testing.T) {
	if testing.Short() {
		t.Skip("a long simulation in one goroutine")
	}
	fair := func() flow { return newRapid(cc.Config{}) }
	tcp := func() flow { return newLinux(0) }
	gro := func() flow { return newLinux(16) }
	for _, test := range []struct {
		name  string
		cell  cell
		runs  int
		flows []func() flow
		fair  int // which of them
		least float64
		most  float64 // mean part of the link that Fair has
		dev   float64 // how much less or more it may be in one run
	}{
		{"cubic, fair", cell{100, 50, 0, 1}, 8, []func() flow{tcp, fair}, 1, 0.42, 0.58, 0.10},
		{"cubic with GRO, fair", cell{100, 50, 0, 1}, 8, []func() flow{gro, fair}, 1, 0.42, 0.58, 0.10},
		{"fair, cubic", cell{100, 50, 0, 1}, 8, []func() flow{fair, tcp}, 0, 0.42, 0.58, 0.10},
		{"fair, cubic with GRO", cell{100, 50, 0, 1}, 8, []func() flow{fair, gro}, 0, 0.42, 0.58, 0.10},
		{"cubic, fair", cell{100, 50, 0, 0.5}, 4, []func() flow{tcp, fair}, 1, 0.35, 0.65, 0.10},
		{"fair, cubic", cell{100, 50, 0, 0.5}, 4, []func() flow{fair, tcp}, 0, 0.35, 0.65, 0.10},
		{"cubic, fair", cell{100, 50, 0, 2}, 4, []func() flow{tcp, fair}, 1, 0.35, 0.65, 0.10},
		{"fair, cubic", cell{100, 50, 0, 2}, 4, []func() flow{fair, tcp}, 0, 0.35, 0.65, 0.10},
		{"cubic, fair", cell{100, 10, 0, 1}, 4, []func() flow{tcp, fair}, 1, 0.35, 0.65, 0.10},
		{"fair, cubic", cell{100, 10, 0, 1}, 4, []func() flow{fair, tcp}, 0, 0.35, 0.65, 0.10},
		{"cubic, fair", cell{100, 100, 0, 1}, 4, []func() flow{tcp, fair}, 1, 0.35, 0.65, 0.10},
		{"fair, cubic", cell{100, 100, 0, 1}, 4, []func() flow{fair, tcp}, 0, 0.35, 0.65, 0.10},
		{"cubic, fair", cell{100, 200, 0, 1}, 4, []func() flow{tcp, fair}, 1, 0.35, 0.65, 0.10},
		{"fair, cubic", cell{100, 200, 0, 1}, 4, []func() flow{fair, tcp}, 0, 0.35, 0.70, 0.10}, // where cycles take 15 s
		{"cubic, fair", cell{20, 40, 0, 1}, 4, []func() flow{tcp, fair}, 1, 0.35, 0.65, 0.15},
		{"fair, cubic", cell{20, 40, 0, 1}, 4, []func() flow{fair, tcp}, 0, 0.35, 0.65, 0.10},
		{"two cubic, fair", cell{100, 50, 0, 1}, 6, []func() flow{tcp, tcp, fair}, 2, 0.25, 0.42, 0.12},
		{"fair, two cubic", cell{100, 50, 0, 1}, 6, []func() flow{fair, tcp, tcp}, 0, 0.25, 0.42, 0.12},
		{"four cubic, fair", cell{100, 50, 0, 1}, 4, []func() flow{tcp, tcp, tcp, tcp, fair}, 4, 0.15, 0.32, 0.25},
		// CUBIC takes a packet in a thousand for congestion, and has what this leaves.
		{"cubic, fair", cell{100, 50, 0.1, 1}, 3, []func() flow{tcp, fair}, 1, 0.80, 0.94, 0.05},
		{"fair, cubic", cell{100, 50, 0.1, 1}, 3, []func() flow{fair, tcp}, 0, 0.80, 0.94, 0.05},
	} {
		var mean float64
		var all []float64
		for run := range test.runs {
			mates := make([]mate, len(test.flows))
			for i, f := range test.flows {
				mates[i] = mate{f(), time.Duration(i) * (500 + 29*time.Duration(run)) * time.Millisecond}
			}
			part, drops, _ := together(test.cell, uint64(run+1), 10*sec, 35*sec, mates...)
			mean += part[test.fair] / float64(test.runs)
			all = append(all, part[test.fair])
			if drops > 0.01 {
				t.Errorf("%v, %s, run %d: %.4f of the packets were dropped", test.cell, test.name, run, drops)
			}
		}
		t.Logf("%-20v %-22s %.3f of %.2f", test.cell, test.name, mean, all)
		if mean < test.least || mean > test.most {
			t.Errorf("%v, %s: fair has %.3f of the link, want %.2f to %.2f", test.cell, test.name, mean, test.least, test.most)
		}
		for run, v := range all {
			if v < test.least-test.dev || v > test.most+test.dev {
				t.Errorf("%v, %s, run %d: fair has %.3f of the link, want %.2f to %.2f", test.cell, test.name, run, v, test.least-test.dev, test.most+test.dev)
			}
		}
	}
}

// TestShareLasts looks at each half minute of three.
func TestShareLasts(t *testing.T) {
	if testing.Short() {
		t.Skip("a long simulation in one goroutine")
	}
	c := cell{100, 50, 0, 1}
	for _, first := range []bool{false, true} {
		w := newWorld(1, c.link())
		fair, tcp := newRapid(cc.Config{}), newLinux(0)
		if first {
			fair.start(w)
			w.at(sec/2, func() { tcp.start(w) })
		} else {
			tcp.start(w)
			w.at(sec/2, func() { fair.start(w) })
		}
		var all []float64
		var mean float64
		for d := 30 * sec; d <= 180*sec; d += 30 * sec {
			before := fair.delivered
			w.run(d)
			part := float64(fair.delivered-before) / 30 / c.perfect()
			all, mean = append(all, part), mean+part/6
		}
		t.Logf("fair is first: %v, has %.2f, mean %.3f", first, all, mean)
		if mean < 0.40 || mean > 0.60 {
			t.Errorf("fair has %.3f of the link, want 0.40 to 0.60", mean)
		}
		for i, part := range all {
			if part < 0.25 || part > 0.75 {
				t.Errorf("fair has %.3f of the link in half minute %d, want 0.25 to 0.75", part, i)
			}
		}
	}
}

// TestTCPLeaves has CUBIC stop after 20 s: Fair has the link again, and the queue
// is short, within seconds.
func TestTCPLeaves(t *testing.T) {
	c := cell{100, 50, 0, 1}
	for run := range time.Duration(4) {
		w := newWorld(1, c.link())
		fair, tcp := newRapid(cc.Config{}), newLinux(0)
		tcp.start(w)
		w.at(sec/2, func() { fair.start(w) })
		w.run(20*sec + run*1700*time.Millisecond)
		tcp.(*cubicFlow).stopped = true
		w.run(w.now + 8*sec)
		w.clear()
		before := fair.delivered
		w.run(w.now + 5*sec)
		w.measure()
		part := float64(fair.delivered-before) / 5 / c.perfect()
		queue := w.link.area / 5 / c.rate() / c.base().Seconds()
		t.Logf("run %d: %.3f of the link, queue %.2f", run, part, queue)
		if part < 0.97 || queue > 0.4 {
			t.Errorf("run %d: fair has %.3f of the link with a mean queue of %.2f round trips, want 0.97 with less than 0.4", run, part, queue)
		}
	}
}
