package session_test

import (
	"testing"
	"time"

	"github.com/icos-go/icos/rapid/internal/cc"
	"github.com/icos-go/icos/rapid/internal/session"
)

// A sender on a busy machine that wakes late keeps its rate.
func TestLateWakeups(t *testing.T) {
	ms := time.Millisecond
	for _, c := range []struct {
		name   string
		policy cc.Policy
		target float64
		rtt    time.Duration
		nap    time.Duration
		least  float64 // of the rate, as bytes of the stream
	}{
		{"fixed", cc.Fixed, 50 * mbit, 50 * ms, 0, .94},
		{"fixed, naps", cc.Fixed, 50 * mbit, 50 * ms, 8 * ms, .94},
		{"fixed, near", cc.Fixed, 50 * mbit, 1 * ms, 8 * ms, .94},
		{"fair, target", cc.Fair, 50 * mbit, 50 * ms, 8 * ms, .90},
		{"fair, target, near", cc.Fair, 50 * mbit, 1 * ms, 8 * ms, .90},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := newWorld(t, link{rate: 500 * mbit, delay: c.rtt / 2, queue: 100 * ms}, func(client, _ *session.Config) {
				client.CC = cc.Config{Policy: c.policy, Target: c.target}
			})
			w.ends[0].nap = c.nap
			size := int(4 * c.target)
			start := w.now
			w.upload(size, 20*time.Second)
			if got := float64(size) / (w.now - start).Seconds() / c.target; got < c.least || got > 1 {
				t.Errorf("%.1f %% of the target, want at least %.0f %%; %+v", 100*got, 100*c.least, w.ends[0].Stats().CC)
			}
		})
	}
}
