package rapid_test

import (
	"context"
	"errors"
	"net"
	"net/http"
	"sync"
	"testing"
	"time"

	"github.com/icos-go/icos/internal/netsim"
	"github.com/icos-go/icos/rapid"
)

// direct is another way to the server: pipes in memory.
type direct struct {
	mu      sync.Mutex
	conns   chan net.Conn
	closed  chan struct{}
	dials   int
	notices []error
}

func (d *direct) Accept() (net.Conn, error) {
	select {
	case c := <-d.conns:
		return c, nil
	case <-d.closed:
		return nil, net.ErrClosed
	}
}

func (d *direct) Close() error   { close(d.closed); return nil }
func (d *direct) Addr() net.Addr { return &net.TCPAddr{} }

func (d *direct) dial(context.Context, string, string) (net.Conn, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.dials++
	a, b := net.Pipe()
	d.conns <- a
	return b, nil
}

func (d *direct) notice(reason error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.notices = append(d.notices, reason)
}

func (d *direct) state() (dials int, notices []error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.dials, d.notices
}

// withFallback gives the dialer another way to the same server.
func (w *world) withFallback(t *testing.T) *direct {
	w.serve(t)
	d := &direct{conns: make(chan net.Conn, 100), closed: make(chan struct{})}
	server := &http.Server{Handler: objects()}
	done := make(chan error, 1)
	go func() { done <- server.Serve(d) }()
	t.Cleanup(func() {
		_ = server.Close()
		<-done
	})
	w.dialer.Fallback, w.dialer.Notice = d.dial, d.notice
	return d
}

func TestBlockedFromTheStart(t *testing.T) {
	link := netsim.Link{Rate: 20e6, Delay: 25 * time.Millisecond}
	blocked := link
	blocked.Blocked = true
	inBubble(t, blocked, nil, func(t *testing.T, w *world) {
		d := w.withFallback(t)
		c := w.client(t)
		began := time.Now()
		for range 3 {
			if err := get(t.Context(), c, "http://example.com", 100_000); err != nil {
				t.Fatal(err)
			}
			c.CloseIdleConnections()
		}
		if took := time.Since(began); took > 4*time.Second {
			t.Errorf("took %v, want 3 s to find out, once", took)
		}
		dials, notices := d.state()
		if dials != 3 {
			t.Errorf("%d connections fell back, want 3", dials)
		}
		if len(notices) != 1 || !errors.Is(notices[0], rapid.ErrBlocked) {
			t.Errorf("notices: %v, want ErrBlocked once", notices)
		}

		// After a minute UDP is tried again, beside what goes on.
		time.Sleep(2 * time.Minute)
		if err := get(t.Context(), c, "http://example.com", 1000); err != nil {
			t.Fatal(err)
		}
		time.Sleep(10 * time.Second)
		w.net.SetLink(link)
		time.Sleep(5 * time.Minute)
		for range 2 {
			c.CloseIdleConnections()
			if err := get(t.Context(), c, "http://example.com", 1000); err != nil {
				t.Fatal(err)
			}
			time.Sleep(time.Second)
		}
		dials, notices = d.state()
		if dials != 5 || len(notices) != 2 || notices[1] != nil {
			t.Errorf("after UDP passes again: %d connections fell back, notices %v; want 5 and the last nil", dials, notices)
		}
	})
}

func TestBlockedInMidTransfer(t *testing.T) {
	link := netsim.Link{Rate: 20e6, Delay: 25 * time.Millisecond}
	blocked := link
	blocked.Blocked = true
	for _, way := range []string{"get", "put"} {
		t.Run(way, func(t *testing.T) {
			inBubble(t, link, nil, func(t *testing.T, w *world) {
				d := w.withFallback(t)
				time.AfterFunc(time.Second, func() { w.net.SetLink(blocked) })
				began := time.Now()
				if err := insist(t.Context(), w.client(t), way, 10<<20); err != nil {
					t.Fatal(err)
				}
				if took := time.Since(began); took > 30*time.Second {
					t.Errorf("took %v, want less than 30 s", took)
				}
				if dials, notices := d.state(); dials == 0 || len(notices) != 1 || !errors.Is(notices[0], rapid.ErrBlocked) {
					t.Errorf("%d connections fell back, notices %v; want ErrBlocked once", dials, notices)
				}
			})
		})
	}
}

// Who has no patience for the three seconds it takes to find out gets the
// other way when he comes again.
func TestBlockedAndImpatient(t *testing.T) {
	inBubble(t, netsim.Link{Blocked: true}, nil, func(t *testing.T, w *world) {
		w.withFallback(t)
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if _, err := w.dialer.DialContext(ctx, "tcp", "example.com:80"); !errors.Is(err, context.DeadlineExceeded) {
			t.Fatalf("dial: %v, want the context's error", err)
		}
		time.Sleep(5 * time.Second)
		began := time.Now()
		if err := get(t.Context(), w.client(t), "http://example.com", 1000); err != nil {
			t.Fatal(err)
		}
		if took := time.Since(began); took > 0 {
			t.Errorf("took %v, want to know by now", took)
		}
	})
}

func TestBlockedWithoutFallback(t *testing.T) {
	inBubble(t, netsim.Link{Blocked: true}, nil, func(t *testing.T, w *world) {
		began := time.Now()
		_, err := w.dialer.DialContext(t.Context(), "tcp", "example.com:443")
		if e, ok := errors.AsType[*net.OpError](err); !ok || !errors.Is(err, rapid.ErrBlocked) || e.Op != "dial" {
			t.Errorf("dial: %v, want a net.OpError with ErrBlocked", err)
		}
		if took := time.Since(began); took != 3*time.Second {
			t.Errorf("took %v, want 3 s", took)
		}
	})
}

func TestRefusedGrantFallsBack(t *testing.T) {
	inBubble(t, netsim.Link{}, nil, func(t *testing.T, w *world) {
		d := w.withFallback(t)
		w.unreachable.Store(true)
		if err := get(t.Context(), w.client(t), "http://example.com", 1000); err != nil {
			t.Fatal(err)
		}
		if dials, notices := d.state(); dials != 1 || len(notices) != 1 {
			t.Errorf("%d connections fell back, notices %v; want one of each", dials, notices)
		}
	})
}
