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
		{"cubic, fair 0.5 s later", two(tcp, fair, 500*time.Millisecond), 0.15, 0.85, 0, true},
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
