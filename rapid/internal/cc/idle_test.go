package cc_test

import (
	"testing"
	"time"

	"github.com/icos-go/icos/rapid/internal/cc"
)

// A sender that answers small requests while its peer sends much sees the
// queue that the peer makes, and not its own. When it then has much to send
// itself it must not have taken the path for a slow one.
func TestAnswersThenBulk(t *testing.T) {
	for _, c := range []cell{{300, 100, 1, 1}, {100, 50, 0, 1}, {1000, 100, 0.1, 1}} {
		t.Run(c.String(), func(t *testing.T) {
			s := run(t, c, cc.Config{})
			bulk := false
			quota := 0 // packets of the present answer
			s.f.busy = func(time.Duration) bool {
				quota--
				return bulk || quota >= 0
			}
			// The other direction's queue: it fills and drains once a second.
			for d := time.Duration(0); d < 8*sec; d += 20 * time.Millisecond {
				s.w.at(d, func() {
					quota = 3
					s.w.link.delay = c.base()/2 + c.base()/3*time.Duration(d%sec)/time.Duration(sec)
				})
			}
			s.part(8 * sec)
			before := s.f.c.Stats()
			bulk, s.w.link.delay = true, c.base()/2
			took := s.until(0.9, c.base(), 100*c.base())
			t.Logf("before %+v", before)
			s.atMost("round trips until full speed", float64(took/c.base()), 16)
		})
	}
}

// Of the few packets of a handshake many may be lost by chance, which must
// not be taken for a path that is full.
func TestUnluckyHandshake(t *testing.T) {
	c := cell{100, 300, 10, 1}
	for _, first := range []time.Duration{300 * time.Millisecond, 900 * time.Millisecond, 3 * sec} {
		for seed := range uint64(24) {
			w := newWorld(seed, c.link())
			s := &solo{t, c, w, newRapid(cc.Config{})}
			bulk, quota := false, 3
			s.f.busy = func(time.Duration) bool {
				quota--
				return bulk || quota >= 0
			}
			w.at(0, func() { s.f.start(w) })
			for d := 150 * time.Millisecond; d < first; d += 300 * time.Millisecond {
				w.at(d, func() { quota = 4 })
			}
			s.part(first)
			bulk = true
			if took := s.until(0.9, c.base(), 100*c.base()) / c.base(); took > 12 {
				t.Errorf("seed %d, after %v of small answers: full speed after %d round trips, want at most 12", seed, first, took)
			}
		}
	}
}
