package rapid_test

import (
	"context"
	"io"
	"net/http"
	"sync"
	"testing"
	"time"

	"github.com/icos-go/icos/internal/netsim"
	"github.com/icos-go/icos/rapid"
)

// rate returns the bit/s of object bytes that a transfer of n bytes has.
func rate(t *testing.T, c *http.Client, way string, n int64) float64 {
	t.Helper()
	began := time.Now()
	do := get
	if way == "put" {
		do = put
	}
	if err := do(t.Context(), c, "http://example.com", n); err != nil {
		t.Fatalf("%s: %v", way, err)
	}
	return float64(n) * 8 / time.Since(began).Seconds()
}

func TestTargetRate(t *testing.T) {
	const mbit = 1e6
	for _, way := range []string{"get", "put"} {
		t.Run(way, func(t *testing.T) {
			inBubble(t, netsim.Link{Rate: 100 * mbit, Delay: 10 * time.Millisecond}, nil, func(t *testing.T, w *world) {
				w.dialer.TargetRate = 10 * mbit
				w.serve(t)
				c := w.client(t)
				if r := rate(t, c, way, 4<<20); r < 8*mbit || r > 10*mbit {
					t.Errorf("%.1f Mbit/s with a target of 10", r/mbit)
				}
				if err := w.dialer.SetRates(rapid.Rates{Target: 20 * mbit}); err != nil {
					t.Fatal(err)
				}
				if r := rate(t, c, way, 8<<20); r < 16*mbit || r > 20*mbit {
					t.Errorf("%.1f Mbit/s with a target of 20, set while running", r/mbit)
				}
				if err := w.dialer.SetRates(rapid.Rates{Policy: rapid.Fixed, Target: 40 * mbit}); err != nil {
					t.Fatal(err)
				}
				if r := rate(t, c, way, 8<<20); r < 30*mbit || r > 42*mbit {
					t.Errorf("%.1f Mbit/s fixed at 40", r/mbit)
				}
				if err := w.dialer.SetRates(rapid.Rates{Policy: rapid.Fixed}); err == nil {
					t.Error("fixed without a target is accepted")
				}
				st := w.dialer.Stats()
				if len(st) != 1 || st[0].Policy != rapid.Fixed || st[0].Target != 40*mbit {
					t.Errorf("stats: %+v", st)
				}
			})
		})
	}
}

func TestGrantBoundsRateAndPolicy(t *testing.T) {
	const mbit = 1e6
	inBubble(t, netsim.Link{Rate: 100 * mbit, Delay: 10 * time.Millisecond}, nil, func(t *testing.T, w *world) {
		w.dialer.Grants = rapid.GranterFunc(func(context.Context, string, string) (*rapid.Grant, error) {
			return w.listener.Grant(rapid.GrantOptions{Rate: 8 * mbit, Policies: []rapid.Policy{rapid.Low}})
		})
		w.dialer.Policy, w.dialer.TargetRate = rapid.Fixed, 50*mbit
		w.serve(t)
		c := w.client(t)
		for _, way := range []string{"get", "put"} {
			if r := rate(t, c, way, 4<<20); r > 8*mbit {
				t.Errorf("%s: %.1f Mbit/s with a grant for 8", way, r/mbit)
			}
		}
		if st := w.listener.Stats(); len(st) != 1 || st[0].Policy != rapid.Low {
			t.Errorf("the server's policy is not the one it granted: %+v", st)
		}
		if st := w.dialer.Stats(); len(st) != 1 || st[0].Policy != rapid.Low {
			t.Errorf("the client's policy is not the one granted: %+v", st)
		}
	})
}

func TestListenerRate(t *testing.T) {
	const mbit = 1e6
	inBubble(t, netsim.Link{Delay: 5 * time.Millisecond}, &rapid.ListenOptions{Rate: 20 * mbit}, func(t *testing.T, w *world) {
		w.dialer.Sessions = 3
		w.serve(t)
		c := w.client(t)
		began := time.Now()
		var group sync.WaitGroup
		for range 6 {
			group.Go(func() {
				if err := get(t.Context(), c, "http://example.com", 2<<20); err != nil {
					t.Error(err)
				}
			})
		}
		group.Wait()
		r := float64(6*2<<20) * 8 / time.Since(began).Seconds()
		if r < 15*mbit || r > 20*mbit {
			t.Errorf("%.1f Mbit/s over three sessions of a listener that sends 20", r/mbit)
		}
	})
}

func TestSeveralSessions(t *testing.T) {
	inBubble(t, netsim.Link{Rate: 100e6, Delay: 10 * time.Millisecond}, nil, func(t *testing.T, w *world) {
		w.dialer.Sessions = 4
		w.dialer.TargetRate = 40e6
		w.serve(t)
		c := w.client(t)
		var group sync.WaitGroup
		for range 16 {
			group.Go(func() {
				if err := get(t.Context(), c, "http://example.com", 1<<20); err != nil {
					t.Error(err)
				}
			})
		}
		group.Wait()
		st := w.dialer.Stats()
		if len(st) != 4 {
			t.Fatalf("%d sessions, want 4", len(st))
		}
		for i, s := range st {
			if s.StreamsReceived < 2<<20 {
				t.Errorf("session %d carried %d bytes of 16 MiB", i, s.StreamsReceived)
			}
			if s.Target != 10e6 {
				t.Errorf("session %d has a target of %d bit/s, want a quarter of 40,000,000", i, s.Target)
			}
		}
		for _, s := range w.listener.Stats() {
			if s.Target != 10e6 {
				t.Errorf("the server sends with a target of %d bit/s, want 10,000,000", s.Target)
			}
		}

		// One that fails is replaced, and the others share what is left.
		s, err := w.dialer.Session(t.Context(), "")
		if err != nil {
			t.Fatal(err)
		}
		_ = s.Close()
		if st := w.dialer.Stats(); len(st) != 3 || st[0].Target != 40_000_000/3 {
			t.Errorf("after one has ended: %d sessions, target %d", len(st), st[0].Target)
		}
		for range 4 {
			if _, err := w.dialer.Session(t.Context(), ""); err != nil {
				t.Fatal(err)
			}
		}
		if st := w.dialer.Stats(); len(st) != 4 {
			t.Errorf("%d sessions, want 4 again", len(st))
		}
	})
}

// A session knows how fast the one before was, in both directions.
func TestPathIsRemembered(t *testing.T) {
	for _, way := range []string{"get", "put"} {
		t.Run(way, func(t *testing.T) {
			inBubble(t, netsim.Link{Rate: 200e6, Delay: 50 * time.Millisecond}, nil, func(t *testing.T, w *world) {
				w.serve(t)
				var took [2]time.Duration
				for i := range took {
					c := w.client(t)
					if err := get(t.Context(), c, "http://example.com", 1); err != nil { // opens the session
						t.Fatal(err)
					}
					began := time.Now()
					_ = rate(t, c, way, 4<<20)
					took[i] = time.Since(began)
					_ = rate(t, c, way, 32<<20)
					c.CloseIdleConnections()
					s, err := w.dialer.Session(t.Context(), "")
					if err != nil {
						t.Fatal(err)
					}
					_ = s.Close()
					time.Sleep(10 * time.Second)
				}
				if took[1] > took[0]*3/4 {
					t.Errorf("4 MiB took %v in the first session and %v in the second", took[0], took[1])
				}
			})
		})
	}
}

func TestStatsAndTotals(t *testing.T) {
	inBubble(t, netsim.Link{Rate: 50e6, Delay: 20 * time.Millisecond, Loss: 0.01}, nil, func(t *testing.T, w *world) {
		a, b := w.pipe(t)
		const size = 4 << 20
		go func() {
			_, _ = io.Copy(a, content(size)) // the reader sees if it is short
			_ = a.CloseWrite()
		}()
		if n, err := io.Copy(io.Discard, b); n != size || err != nil {
			t.Fatalf("%d bytes, %v", n, err)
		}
		st := a.Session().Stats()
		if st.StreamsSent != size || st.Sent < size || st.PacketsSent < size/1472 || st.PacketsLost == 0 || st.Retransmitted == 0 {
			t.Errorf("client: %+v", st)
		}
		if st.RTT < 40*time.Millisecond || st.RTT > 80*time.Millisecond || st.MinRTT < 40*time.Millisecond || st.Rate == 0 || st.Streams != 1 {
			t.Errorf("client: %+v", st)
		}
		peer := b.Session().Stats()
		if peer.StreamsReceived != size || peer.Remote != st.Local || peer.ID != st.ID {
			t.Errorf("server: %+v", peer)
		}
		_ = a.Close()
		_ = b.Close()
		_ = a.Session().Close()
		<-b.Session().Done()
		time.Sleep(time.Second)
		total := w.listener.Totals()
		if total.Sessions != 1 || total.Streams != 1 || total.Live != 0 || total.Open != 0 || total.Received < size {
			t.Errorf("totals: %+v", total)
		}
	})
}
