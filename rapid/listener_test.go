package rapid_test

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http/httptrace"
	"net/netip"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/icos-go/icos/internal/netsim"
	"github.com/icos-go/icos/rapid"
)

func TestAllow(t *testing.T) {
	inBubble(t, netsim.Link{Delay: time.Millisecond}, nil, func(t *testing.T, w *world) {
		refusal := errors.New("only example.com is served here")
		w.dialer.Grants = rapid.GranterFunc(func(context.Context, string, string) (*rapid.Grant, error) {
			return w.listener.Grant(rapid.GrantOptions{Tag: "alice", Allow: func(destination string) error {
				if destination != "example.com:443" {
					return refusal
				}
				return nil
			}})
		})
		c, err := w.dialer.DialContext(t.Context(), "tcp", "169.254.169.254:80")
		if err != nil {
			t.Fatal(err)
		}
		_, err = c.Read(make([]byte, 1))
		if e, ok := errors.AsType[*rapid.ResetError](err); !ok || e.Code != rapid.CodeDenied || e.Reason != refusal.Error() {
			t.Errorf("read: %v, want the refusal", err)
		}
		good, err := w.dialer.DialContext(t.Context(), "tcp", "example.com:443")
		if err != nil {
			t.Fatal(err)
		}
		defer good.Close()
		got, err := w.listener.Accept()
		if err != nil {
			t.Fatal(err)
		}
		s := got.(*rapid.Conn)
		if s.Destination() != "example.com:443" || s.Session().Tag() != "alice" {
			t.Errorf("accepted a stream to %s of %v", s.Destination(), s.Session().Tag())
		}
	})
}

func TestGrantsAreBounded(t *testing.T) {
	inBubble(t, netsim.Link{}, &rapid.ListenOptions{MaxSessions: 2}, func(t *testing.T, w *world) {
		for range 2 {
			if _, err := w.listener.Grant(rapid.GrantOptions{Life: time.Minute}); err != nil {
				t.Fatal(err)
			}
		}
		if _, err := w.listener.Grant(rapid.GrantOptions{}); !errors.Is(err, rapid.ErrBusy) {
			t.Errorf("a third grant: %v, want ErrBusy", err)
		}
		time.Sleep(time.Minute)
		if _, err := w.listener.Grant(rapid.GrantOptions{}); err != nil {
			t.Errorf("after the first two have expired: %v", err)
		}
	})
	inBubble(t, netsim.Link{}, &rapid.ListenOptions{Memory: 20 << 20}, func(t *testing.T, w *world) {
		n := 0
		for ; n < 100; n++ {
			if _, err := w.listener.Grant(rapid.GrantOptions{}); err != nil {
				if !errors.Is(err, rapid.ErrBusy) {
					t.Fatal(err)
				}
				break
			}
		}
		if n != 2 {
			t.Errorf("%d grants with memory for 2", n)
		}
	})
}

func TestGrantOpensOneSession(t *testing.T) {
	inBubble(t, netsim.Link{Delay: time.Millisecond}, nil, func(t *testing.T, w *world) {
		g, err := w.listener.Grant(rapid.GrantOptions{})
		if err != nil {
			t.Fatal(err)
		}
		w.dialer.Grants = rapid.GranterFunc(func(context.Context, string, string) (*rapid.Grant, error) { return g, nil })
		s, err := w.dialer.Session(t.Context(), "")
		if err != nil {
			t.Fatal(err)
		}
		_ = s.Close()
		if _, err := w.dialer.Session(t.Context(), ""); err == nil || errors.Is(err, rapid.ErrBlocked) {
			t.Errorf("a second session with the same grant: %v, want it not to be tried", err)
		}
		other := &rapid.Dialer{Grants: w.dialer.Grants, ListenPacket: w.dialer.ListenPacket}
		defer other.Close()
		if _, err := other.Session(t.Context(), ""); !errors.Is(err, rapid.ErrBlocked) {
			t.Errorf("a second session with the same grant: %v, want silence", err)
		}
	})
}

// Who waits for a session has a context that tells somebody of the connections of his request. That for the grant
// is none of them.
func TestGrantIsNobodysRequest(t *testing.T) {
	inBubble(t, netsim.Link{Delay: time.Millisecond}, nil, func(t *testing.T, w *world) {
		ctx := httptrace.WithClientTrace(t.Context(), &httptrace.ClientTrace{})
		w.dialer.Grants = rapid.GranterFunc(func(ctx context.Context, network, address string) (*rapid.Grant, error) {
			if httptrace.ContextClientTrace(ctx) != nil {
				t.Error("the grant is asked for with the trace of a request")
			}
			return w.Grant(ctx, network, address)
		})
		if _, err := w.dialer.Session(ctx, ""); err != nil {
			t.Error(err)
		}
	})
}

func TestExpiredGrant(t *testing.T) {
	inBubble(t, netsim.Link{Delay: time.Millisecond}, nil, func(t *testing.T, w *world) {
		g, err := w.listener.Grant(rapid.GrantOptions{Life: time.Second})
		if err != nil {
			t.Fatal(err)
		}
		w.dialer.Grants = rapid.GranterFunc(func(context.Context, string, string) (*rapid.Grant, error) { return g, nil })
		time.Sleep(time.Second)
		if _, err := w.dialer.Session(t.Context(), ""); err == nil || errors.Is(err, rapid.ErrBlocked) {
			t.Errorf("with an expired grant: %v, want to hear of it", err)
		}
		g.Expires = time.Time{} // a client that does not care
		if _, err := w.dialer.Session(t.Context(), ""); !errors.Is(err, rapid.ErrBlocked) {
			t.Errorf("with an expired grant: %v, want silence", err)
		}
	})
}

// The address that answers first is used, also if it is not the best.
func TestSecondAddressAnswers(t *testing.T) {
	inBubble(t, netsim.Link{Delay: 20 * time.Millisecond}, nil, func(t *testing.T, w *world) {
		w.dialer.Grants = rapid.GranterFunc(func(context.Context, string, string) (*rapid.Grant, error) {
			g, err := w.listener.Grant(rapid.GrantOptions{})
			if err == nil {
				g.Addrs = append([]string{"10.0.0.9:1", "10.0.0.9:2"}, g.Addrs...)
			}
			return g, err
		})
		w.serve(t)
		began := time.Now()
		s, err := w.dialer.Session(t.Context(), "")
		if err != nil {
			t.Fatal(err)
		}
		if took := time.Since(began); took > time.Second {
			t.Errorf("took %v", took)
		}
		if got, want := s.RemoteAddr().String(), w.listener.Addr().String(); got != want {
			t.Errorf("remote address %s, want %s", got, want)
		}
		if err := get(t.Context(), w.client(t), "http://example.com", 1<<20); err != nil {
			t.Error(err)
		}
	})
}

// A listener on all addresses answers from the one it was asked at.
func TestManyAddresses(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("only Linux has 127.0.0.2")
	}
	for _, network := range []string{"udp4", "udp"} {
		l, err := rapid.Listen(network, ":0", nil)
		if err != nil {
			t.Fatal(err)
		}
		w := &world{listener: l}
		defer w.close(t)
		w.dialer = &rapid.Dialer{Grants: rapid.GranterFunc(func(context.Context, string, string) (*rapid.Grant, error) {
			g, err := l.Grant(rapid.GrantOptions{})
			if err == nil {
				g.Addrs = []string{"127.0.0.2" + g.Addrs[0]}
			}
			return g, err
		})}
		s, err := w.dialer.Session(t.Context(), "")
		if err != nil {
			t.Fatal(err)
		}
		if got := s.RemoteAddr().String(); !strings.HasPrefix(got, "127.0.0.2:") {
			t.Errorf("%s: the answer came from %s", network, got)
		}
	}
}

func TestShutdownWaitsForStreams(t *testing.T) {
	inBubble(t, netsim.Link{Delay: 5 * time.Millisecond}, nil, func(t *testing.T, w *world) {
		a, b := w.pipe(t)
		down := make(chan error, 1)
		go func() { down <- w.listener.Shutdown(t.Context()) }()
		time.Sleep(time.Minute)
		select {
		case err := <-down:
			t.Fatalf("Shutdown returned %v while a stream is open", err)
		default:
		}
		if _, err := w.listener.Accept(); !errors.Is(err, net.ErrClosed) {
			t.Errorf("Accept: %v, want net.ErrClosed", err)
		}
		if _, err := w.listener.Grant(rapid.GrantOptions{}); !errors.Is(err, net.ErrClosed) {
			t.Errorf("Grant: %v, want net.ErrClosed", err)
		}
		late, err := a.Session().OpenStream(t.Context(), "example.com:80")
		if err != nil {
			t.Fatal(err)
		}
		_, err = late.Read(make([]byte, 1))
		if e, ok := errors.AsType[*rapid.ResetError](err); !ok || e.Code != rapid.CodeGoingAway {
			t.Errorf("a stream opened late: %v, want to be told", err)
		}
		_ = late.Close()
		if _, err := a.Write([]byte("still here")); err != nil {
			t.Fatal(err)
		}
		_ = a.Close()
		if got, err := io.ReadAll(b); string(got) != "still here" || err != nil {
			t.Errorf("read %q, %v", got, err)
		}
		_ = b.Close()
		if err := <-down; err != nil {
			t.Errorf("Shutdown: %v", err)
		}
		<-a.Session().Done()
		if e, ok := errors.AsType[*rapid.CloseError](a.Session().Err()); !ok || e.Code != rapid.CodeGoingAway {
			t.Errorf("the client's session ended with %v, want to be told", a.Session().Err())
		}
	})
}

func TestShutdownEndsWithItsContext(t *testing.T) {
	inBubble(t, netsim.Link{Delay: 5 * time.Millisecond}, nil, func(t *testing.T, w *world) {
		a, _ := w.pipe(t)
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if err := w.listener.Shutdown(ctx); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("Shutdown: %v, want the context's error", err)
		}
		if _, err := a.Read(make([]byte, 1)); err == nil {
			t.Error("a stream outlived Shutdown")
		}
	})
}

func TestAdvertisedAddress(t *testing.T) {
	tests := []struct {
		listen string
		o      *rapid.ListenOptions
		want   func(port string) string
	}{
		{"127.0.0.1:0", nil, func(port string) string { return "127.0.0.1:" + port }},
		{":0", nil, func(port string) string { return ":" + port }},
		{"127.0.0.1:0", &rapid.ListenOptions{Advertise: []string{"relay.example:7"}}, func(string) string { return "relay.example:7" }},
	}
	for _, tt := range tests {
		l, err := rapid.Listen("udp", tt.listen, tt.o)
		if err != nil {
			t.Fatal(err)
		}
		defer l.Close()
		g, err := l.Grant(rapid.GrantOptions{Rate: 1e6, Policies: []rapid.Policy{rapid.Low}})
		if err != nil {
			t.Fatal(err)
		}
		_, port, err := net.SplitHostPort(l.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		if want := tt.want(port); len(g.Addrs) != 1 || g.Addrs[0] != want {
			t.Errorf("%s: addresses %v, want %s", tt.listen, g.Addrs, want)
		}
	}
}

// Who has no grant gets no answer.
func TestUnknownDatagrams(t *testing.T) {
	inBubble(t, netsim.Link{}, nil, func(t *testing.T, w *world) {
		pc, err := w.net.Listen(netsim.A, "")
		if err != nil {
			t.Fatal(err)
		}
		defer pc.Close()
		to := netip.MustParseAddrPort(w.listener.Addr().String())
		datagram := make([]byte, 1200)
		datagram[0] = 1 << 6
		for range 1000 {
			datagram[5]++
			if _, err := pc.WriteToUDPAddrPort(datagram, to); err != nil {
				t.Fatal(err)
			}
		}
		if err := pc.SetReadDeadline(time.Now().Add(time.Minute)); err != nil {
			t.Fatal(err)
		}
		if n, _, err := pc.ReadFrom(datagram); err == nil {
			t.Errorf("an answer of %d bytes", n)
		}
		if got := w.listener.Totals().Unknown; got != 1000 {
			t.Errorf("%d datagrams counted, want 1000", got)
		}
	})
}
