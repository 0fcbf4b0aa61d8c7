package rapid_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/icos-go/icos/internal/netsim"
	"github.com/icos-go/icos/rapid"
)

// inBubble runs f with a simulated world in a bubble of its own time. When f
// returns and all is closed nothing may run any more, or the test fails.
func inBubble(t *testing.T, link netsim.Link, o *rapid.ListenOptions, f func(t *testing.T, w *world)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		w := simulated(t, link, o)
		f(t, w)
	})
}

func TestHTTPOverBadLinks(t *testing.T) {
	const ms = time.Millisecond
	links := map[string]netsim.Link{
		"perfect":            {},
		"100 Mbit/s, 100 ms": {Rate: 100e6, Delay: 50 * ms},
		"loss 1 %":           {Rate: 100e6, Delay: 20 * ms, Loss: 0.01},
		"loss 10 %":          {Rate: 100e6, Delay: 20 * ms, Loss: 0.1},
		"loss 30 %":          {Rate: 20e6, Delay: 10 * ms, Loss: 0.3},
		"reordering":         {Rate: 100e6, Delay: 20 * ms, Reorder: 0.2},
		"duplicates":         {Rate: 100e6, Delay: 20 * ms, Duplicate: 0.3},
		"jitter":             {Rate: 100e6, Delay: 20 * ms, Jitter: 20 * ms},
		"shallow queue":      {Rate: 100e6, Delay: 50 * ms, Queue: 30_000},
		"everything":         {Rate: 50e6, Delay: 30 * ms, Jitter: 5 * ms, Loss: 0.02, Reorder: 0.05, Duplicate: 0.05},
		"slow":               {Rate: 1e6, Delay: 300 * ms},
		"MTU 1280":           {Rate: 100e6, Delay: 20 * ms, MTU: 1280},
	}
	for name, link := range links {
		t.Run(name, func(t *testing.T) {
			size := int64(4 << 20)
			if link.Rate > 0 && link.Rate < 10e6 {
				size = 512 << 10
			}
			inBubble(t, link, nil, func(t *testing.T, w *world) {
				w.serve(t)
				c := w.client(t)
				if err := get(t.Context(), c, "http://example.com", size); err != nil {
					t.Errorf("get: %v", err)
				}
				if err := put(t.Context(), c, "http://example.com", size); err != nil {
					t.Errorf("put: %v", err)
				}
				if n := w.grants.Load(); n != 1 {
					t.Errorf("%d sessions were opened, want 1", n)
				}
			})
		})
	}
}

func TestManyStreamsWithTLS(t *testing.T) {
	w := looped(t, false)
	l, trust := secure(w.listener)
	server := &http.Server{Handler: objects()}
	done := make(chan error, 1)
	go func() { done <- server.Serve(l) }()
	defer func() {
		_ = server.Close()
		<-done
	}()
	tr := &http.Transport{DialContext: w.dialer.DialContext, TLSClientConfig: trust, MaxIdleConnsPerHost: 64}
	defer tr.CloseIdleConnections()
	c := &http.Client{Transport: tr}
	ctx := within(t, time.Minute)
	var group sync.WaitGroup
	for i := range 64 {
		group.Go(func() {
			for range 4 {
				if err := get(ctx, c, "https://example.com", int64(100_000+i)); err != nil {
					t.Errorf("get %d: %v", i, err)
				}
				if err := put(ctx, c, "https://example.com", int64(70_000+i)); err != nil {
					t.Errorf("put %d: %v", i, err)
				}
			}
		})
	}
	group.Wait()
	if n := w.grants.Load(); n != 1 {
		t.Errorf("%d sessions were opened, want 1", n)
	}
}

// What is broken in the middle of a transfer of some seconds.
func TestDisturbances(t *testing.T) {
	link := netsim.Link{Rate: 20e6, Delay: 25 * time.Millisecond, Loss: 0.005}
	blackout := link
	blackout.Loss = 1
	narrow := link
	narrow.MTU = 1280
	tests := []struct {
		name     string
		disturb  func(w *world)
		sessions int64 // that are needed
	}{
		{"blackout of 5 s", func(w *world) { w.blackout(link, blackout, 5*time.Second) }, 1},
		{"blackout of 30 s", func(w *world) { w.blackout(link, blackout, 30*time.Second) }, 1},
		{"blackout of 120 s", func(w *world) { w.blackout(link, blackout, 120*time.Second) }, 2},
		{"NAT rebinding", func(w *world) { (<-w.sockets).Rebind() }, 1},
		{"MTU drops to 1280", func(w *world) { w.net.SetLink(narrow) }, 1},
	}
	for _, tt := range tests {
		for _, way := range []string{"get", "put"} {
			t.Run(tt.name+"/"+way, func(t *testing.T) {
				inBubble(t, link, nil, func(t *testing.T, w *world) {
					w.serve(t)
					c := w.client(t)
					time.AfterFunc(2*time.Second, func() { tt.disturb(w) })
					if err := insist(t.Context(), c, way, 10<<20); err != nil {
						t.Error(err)
					}
					if n := w.grants.Load(); n != tt.sessions {
						t.Errorf("%d sessions were opened, want %d", n, tt.sessions)
					}
				})
			})
		}
	}
}

// blackout has nothing pass for a time, not even what is not UDP.
func (w *world) blackout(before, during netsim.Link, d time.Duration) {
	w.unreachable.Store(true)
	w.net.SetLink(during)
	time.AfterFunc(d, func() {
		w.unreachable.Store(false)
		w.net.SetLink(before)
	})
}

// insist transfers n bytes and begins anew as long as that fails, as programs
// do.
func insist(ctx context.Context, c *http.Client, way string, n int64) error {
	do := get
	if way == "put" {
		do = put
	}
	ctx, cancel := context.WithTimeout(ctx, 10*time.Minute)
	defer cancel()
	var errs error
	for try := 1; ; try++ {
		err := do(ctx, c, "http://example.com", n)
		if err == nil {
			return nil
		}
		errs = errors.Join(errs, fmt.Errorf("try %d: %w", try, err))
		select {
		case <-ctx.Done():
			return errs
		case <-time.After(5 * time.Second):
		}
	}
}
