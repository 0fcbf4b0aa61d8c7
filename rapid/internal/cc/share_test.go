package cc_test

import (
	"testing"
	"time"

	"github.com/icos-go/icos/rapid/internal/cc"
)

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
	var before []int
	for _, m := range mates {
		before = append(before, delivered(m.f))
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

const sec = time.Second

func TestShares(t *testing.T) {
	fair := func(d ...time.Duration) *rapidFlow {
		f := newRapid("fair", cc.Config{})
		if len(d) > 0 {
			f.more = d[0]
		}
		return f
	}
	with := func(p cc.Policy) *rapidFlow { return newRapid("", cc.Config{Policy: p}) }
	cells := []cell{{100, 100, 0, 1}, {100, 20, 0, 1}, {300, 50, 0, 1}, {300, 100, 0, 1}, {20, 40, 0, 1}}
	for _, c := range cells {
		for _, s := range []struct {
			name  string
			mates func() []mate
		}{
			{"fair, cubic at once", func() []mate { return []mate{{fair(), 0}, {newCubic(""), 0}} }},
			{"fair, cubic after 5 s", func() []mate { return []mate{{fair(), 0}, {newCubic(""), 5 * sec}} }},
			{"fair after 10 s, cubic", func() []mate { return []mate{{fair(), 10 * sec}, {newCubic(""), 0}} }},
			{"fair, 3 cubic", func() []mate {
				return []mate{{fair(), 0}, {newCubic(""), 0}, {newCubic(""), 1 * sec}, {newCubic(""), 2 * sec}}
			}},
			{"cubic, cubic", func() []mate { return []mate{{newCubic(""), 0}, {newCubic(""), 5 * sec}} }},
			{"fair, fair at once", func() []mate { return []mate{{fair(), 0}, {fair(), 0}} }},
			{"fair, fair 5 s later", func() []mate { return []mate{{fair(), 0}, {fair(), 5 * sec}} }},
			{"fair, fair +50 % rtt", func() []mate { return []mate{{fair(), 0}, {fair(c.base() / 4), 5 * sec}} }},
			{"4 fair", func() []mate { return []mate{{fair(), 0}, {fair(), 1 * sec}, {fair(), 2 * sec}, {fair(), 3 * sec}} }},
			{"high, fair", func() []mate { return []mate{{with(cc.High), 0}, {fair(), 5 * sec}} }},
			{"high, cubic", func() []mate { return []mate{{with(cc.High), 0}, {newCubic(""), 5 * sec}} }},
			{"low, cubic", func() []mate { return []mate{{with(cc.Low), 0}, {newCubic(""), 5 * sec}} }},
			{"low after 10 s, cubic", func() []mate { return []mate{{with(cc.Low), 10 * sec}, {newCubic(""), 0}} }},
			{"low, fair", func() []mate { return []mate{{with(cc.Low), 0}, {fair(), 5 * sec}} }},
			{"low alone", func() []mate { return []mate{{with(cc.Low), 0}} }},
		} {
			m := s.mates()
			part, drops, queue := together(c, 1, 15*sec, 75*sec, m...)
			t.Logf("%-16v %-24s %.3f jain %.3f drops %.4f queue %.2f %s", c, s.name, part, jain(part), drops, queue, states(m))
		}
	}
}

func states(m []mate) (s []string) {
	for _, m := range m {
		if f, ok := m.f.(*rapidFlow); ok {
			s = append(s, f.c.Stats().State)
		}
	}
	return s
}
