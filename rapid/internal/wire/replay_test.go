package wire_test

import (
	"math/rand/v2"
	"testing"

	"github.com/icos-go/icos/rapid/internal/wire"
)

func TestReplayWindow(t *testing.T) {
	const w = wire.ReplayWindow
	var r wire.Replay
	for _, c := range []struct {
		pn   uint64
		want bool
	}{
		{0, false},
		{0, true},
		{3, false},
		{1, false},
		{1, true},
		{2, false},
		{w - 1, false},
		{0, true},
		{w, false}, // 0 leaves the window
		{0, true},
		{4, false},
		{4, true},
		{w + 63, false},
		{63, true}, // out of the window although it never came
		{64, false},
		{10*w + 5, false},
		{9*w + 6, false}, // the oldest inside
		{9*w + 5, true},
		{10*w + 5, true},
		{10*w + 4, false},
		{wire.MaxPacketNumber, false},
		{wire.MaxPacketNumber, true},
		{wire.MaxPacketNumber - w + 1, false},
		{wire.MaxPacketNumber - w, true},
	} {
		if got := r.Seen(c.pn); got != c.want {
			t.Errorf("Seen(%d) = %v, want %v", c.pn, got, c.want)
		}
	}
}

// TestReplayAgainstModel compares with a set of all numbers ever seen.
func TestReplayAgainstModel(t *testing.T) {
	const w = wire.ReplayWindow
	rng := rand.New(rand.NewPCG(3, 4))
	for round := range 4 {
		var r wire.Replay
		seen := map[uint64]bool{}
		top := uint64(0)
		for range 50_000 {
			var pn uint64
			switch k := rng.IntN(100); {
			case k < 60:
				pn = top + 1 + rng.Uint64N(3)
			case k < 80:
				pn = top - min(top, rng.Uint64N(200))
			case k < 98:
				pn = top - min(top, rng.Uint64N(w+200))
			case k < 99:
				pn = top + rng.Uint64N(w)
			default:
				pn = top + rng.Uint64N(3*w)
			}
			// A number as far below the newest as the window is long, or
			// further, counts as seen.
			want := seen[pn] || pn+w <= top
			if got := r.Seen(pn); got != want {
				t.Fatalf("round %d: Seen(%d) = %v with %d newest, want %v", round, pn, got, top, want)
			}
			seen[pn] = true
			top = max(top, pn)
		}
	}
}

func BenchmarkReplay(b *testing.B) {
	var r wire.Replay
	pn := uint64(0)
	b.ReportAllocs()
	for b.Loop() {
		r.Seen(pn)
		pn++
	}
}
