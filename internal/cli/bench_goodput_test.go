package cli

import (
	"context"
	"errors"
	"math"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// A link moves pieces at a rate that all share, each after a round trip.
type link struct {
	rtt  time.Duration
	rate float64 // bytes a second

	mu   sync.Mutex
	next time.Time
}

func (l *link) move(ctx context.Context, n int64) error {
	l.mu.Lock()
	now := time.Now()
	if l.next.Before(now) {
		l.next = now
	}
	l.next = l.next.Add(time.Duration(float64(n) / l.rate * float64(time.Second)))
	wait := l.next.Sub(now) + l.rtt
	l.mu.Unlock()
	select {
	case <-time.After(wait):
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func TestGoodput(t *testing.T) {
	for _, c := range []struct {
		name   string
		rtt    time.Duration
		rate   float64
		budget int64
	}{
		{"slow", 100 * time.Millisecond, 250e3, 1 << 30}, // 2 Mbit/s: little more than its first pieces
		{"middling", 100 * time.Millisecond, 12.5e6, 1 << 30},
		{"fast", 10 * time.Millisecond, 125e6, 8 << 30},
		{"soon over", 10 * time.Millisecond, 125e6, 128 << 20},
	} {
		synctest.Test(t, func(t *testing.T) {
			l := &link{rtt: c.rtt, rate: c.rate}
			began := time.Now()
			g := goodput{workers: 16, duration: 5 * time.Second, budget: c.budget}
			rate, moved, err := g.measure(t.Context(), l.move)
			if err != nil {
				t.Fatalf("%s: %v", c.name, err)
			}
			if off := math.Abs(rate/c.rate - 1); off > 0.12 {
				t.Errorf("%s: the rate is %.0f, %.0f %% off %.0f", c.name, rate, 100*off, c.rate)
			}
			if moved > c.budget {
				t.Errorf("%s: %d bytes were moved, more than %d", c.name, moved, c.budget)
			}
			if took := time.Since(began); took > 2*g.duration {
				t.Errorf("%s: it took %v", c.name, took)
			}
		})
	}
}

func TestGoodputOfNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := goodput{workers: 4, duration: 5 * time.Second, budget: 1 << 30}
		began := time.Now()
		stuck := func(ctx context.Context, _ int64) error { <-ctx.Done(); return ctx.Err() }
		if rate, moved, err := g.measure(t.Context(), stuck); err == nil || rate != 0 || moved != 0 {
			t.Errorf("a path that is stuck: %v, %d, %v", rate, moved, err)
		}
		if took := time.Since(began); took != 2*g.duration {
			t.Errorf("it took %v, want %v", took, 2*g.duration)
		}
		boom := errors.New("boom")
		calls := 0
		var mu sync.Mutex
		_, _, err := g.measure(t.Context(), func(context.Context, int64) error {
			mu.Lock()
			defer mu.Unlock()
			calls++
			return boom
		})
		if !errors.Is(err, boom) || calls > g.workers {
			t.Errorf("a path that fails: %v after %d calls", err, calls)
		}
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		if _, _, err := g.measure(ctx, stuck); !errors.Is(err, context.Canceled) {
			t.Errorf("an interrupted measurement: %v", err)
		}
	})
}

func TestSteadyRate(t *testing.T) {
	s := time.Second
	for _, c := range []struct {
		name   string
		pieces []piece
		want   float64
	}{
		{"nothing", nil, 0},
		{"one", []piece{{0, 10 * s, 100}}, 10},
		{"slow at first", []piece{{0, 2 * s, 2}, {2 * s, 4 * s, 200}, {4 * s, 6 * s, 200}, {6 * s, 8 * s, 200}, {8 * s, 10 * s, 200}}, 100},
		{"what comes late", []piece{{0, 10 * s, 100}, {9 * s, 30 * s, 0}}, 10},
		{"the last has begun early", []piece{{0, 5 * s, 50}, {5 * s, 6 * s, 10}}, 10},
		{"two at a time", []piece{{0, 10 * s, 100}, {0, 5 * s, 50}, {5 * s, 10 * s, 50}}, 20},
		{"soon over", []piece{{0, s, 100}}, 100},
	} {
		if got := steadyRate(c.pieces, 10*s); math.Abs(got-c.want) > 1e-9 {
			t.Errorf("%s: %v, want %v", c.name, got, c.want)
		}
	}
}

func TestVerdict(t *testing.T) {
	engine := func(name string, up, down float64) *pathEngine {
		return &pathEngine{name: name, result: pathResult{Engine: name, Up: up, Down: down}}
	}
	broken := engine("rapid", 0, 0)
	broken.err = errors.New("UDP does not pass")
	for _, c := range []struct {
		engines []*pathEngine
		want    string
	}{
		{[]*pathEngine{engine("https", 10, 10), engine("rapid", 123, 50)}, "Use rapid: it uploads 12.3 times and downloads 5.0 times as fast."},
		{[]*pathEngine{engine("https", 100, 10), engine("rapid", 50, 50)}, "Https uploads 2.0 times as fast, rapid downloads 5.0 times as fast."},
		{[]*pathEngine{engine("https", 100, 100), engine("rapid", 105, 50)}, "There is no difference in uploads, https downloads 2.0 times as fast."},
		{[]*pathEngine{engine("https", 100, 100), engine("rapid", 105, 95)}, "There is no difference that matters: https needs nothing else."},
		{[]*pathEngine{engine("https", 100, 0), engine("rapid", 200, 0)}, "Rapid uploads 2.0 times as fast."},
		{[]*pathEngine{engine("https", 100, 100), broken}, "Use https: rapid does not work here."},
		{[]*pathEngine{engine("https", 0, 0), engine("rapid", 0, 0)}, "There is nothing to compare."},
		{[]*pathEngine{engine("https", 100, 100)}, "Only https was measured. A relay near the bucket may be faster over a long or lossy\npath: see icos relay --help, and set ICOS_RELAY and ICOS_RELAY_TOKEN."},
	} {
		if got := verdictText(c.engines, judgePaths(c.engines)); got != c.want {
			t.Errorf("got  %s\nwant %s", got, c.want)
		}
	}
}
