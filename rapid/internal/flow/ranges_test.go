package flow_test

import (
	"math/rand/v2"
	"testing"

	"github.com/icos-go/icos/rapid/internal/flow"
)

// check compares s with the bits of want, and looks at its form.
func check(t *testing.T, s *flow.Ranges, want []bool) {
	t.Helper()
	end := uint64(0)
	in := make([]bool, len(want))
	for i := range s.Len() {
		r := s.At(i)
		if r.Start >= r.End || i > 0 && r.Start <= end {
			t.Fatalf("range %d is [%d, %d) after one that ends at %d", i, r.Start, r.End, end)
		}
		end = r.End
		for x := r.Start; x < r.End; x++ {
			in[x] = true
		}
	}
	for x := range want {
		if in[x] != want[x] || s.Contains(uint64(x)) != want[x] {
			t.Fatalf("%d: in a range %v, contained %v, want %v", x, in[x], s.Contains(uint64(x)), want[x])
		}
	}
}

func TestRanges(t *testing.T) {
	for seed := range uint64(50) {
		rnd := rand.New(rand.NewPCG(seed, 1))
		const size = 400
		var s flow.Ranges
		want := make([]bool, size)
		count := func(start, end uint64, v bool) (n uint64) {
			for x := start; x < end; x++ {
				if want[x] == v {
					n++
				}
			}
			return n
		}
		for range 400 {
			start := rnd.Uint64N(size)
			end := min(size, start+rnd.Uint64N(1+rnd.Uint64N(60)))
			add := rnd.IntN(2) == 0
			n := count(start, end, !add)
			var got uint64
			if add {
				got = s.Add(start, end)
			} else {
				got = s.Remove(start, end)
			}
			if got != n {
				t.Fatalf("seed %d: [%d, %d), add %v: %d changed, want %d", seed, start, end, add, got, n)
			}
			for x := start; x < end; x++ {
				want[x] = add
			}
			check(t, &s, want)
		}
	}
}

// What a transport does all the time must not allocate, nor take longer the more ranges there are.
func TestRangesInFlight(t *testing.T) {
	var s flow.Ranges
	next := uint64(0)
	step := func() {
		s.Add(next, next+1) // every second packet comes,
		next += 2
		if next > 20000 { // and the gaps are filled a while later
			s.Add(next-20001, next-20000)
			s.Remove(s.At(0).Start, s.At(0).End)
		}
	}
	for range 50000 {
		step()
	}
	if n := testing.AllocsPerRun(50000, step); n != 0 {
		t.Errorf("%v allocations a step", n)
	}
}

func FuzzRanges(f *testing.F) {
	f.Add([]byte{1, 5, 10, 0, 7, 2})
	f.Fuzz(func(t *testing.T, ops []byte) {
		var s flow.Ranges
		want := make([]bool, 512)
		for ; len(ops) >= 3; ops = ops[3:] {
			start, add := uint64(ops[1]), ops[0]&1 == 0
			end := start + uint64(ops[2])
			if add {
				s.Add(start, end)
			} else {
				s.Remove(start, end)
			}
			for x := start; x < end; x++ {
				want[x] = add
			}
			check(t, &s, want)
		}
	})
}

func BenchmarkRanges(b *testing.B) {
	var s flow.Ranges
	for i := range uint64(5000) {
		s.Add(10*i, 10*i+9)
	}
	next := uint64(50000)
	for b.Loop() { // a gap at each end: one opens, one is filled
		s.Add(next, next+9)
		next += 10
		r := s.At(0)
		s.Add(r.End, r.End+1)
		s.Remove(r.Start, r.End+1)
	}
}
