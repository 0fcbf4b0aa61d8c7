package rapid_test

import (
	"context"
	"math/rand/v2"
	"net"
	"net/netip"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/icos-go/icos/internal/netsim"
)

// spy is a socket of a client that remembers the newest packets either way.
type spy struct {
	*netsim.Conn

	mu   sync.Mutex
	seen [64][]byte
	n    int
}

func (s *spy) note(b []byte) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.seen[s.n%len(s.seen)] = append(s.seen[s.n%len(s.seen)][:0], b...)
	s.n++
}

// any returns one of the packets seen.
func (s *spy) any(rng *rand.Rand) []byte {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.n == 0 {
		return nil
	}
	return append([]byte(nil), s.seen[rng.IntN(min(s.n, len(s.seen)))]...)
}

func (s *spy) ReadFromUDPAddrPort(b []byte) (int, netip.AddrPort, error) {
	n, from, err := s.Conn.ReadFromUDPAddrPort(b)
	if err == nil {
		s.note(b[:n])
	}
	return n, from, err
}

func (s *spy) WriteToUDPAddrPort(b []byte, to netip.AddrPort) (int, error) {
	s.note(b)
	return s.Conn.WriteToUDPAddrPort(b, to)
}

// TestTransferUnderAttack moves data while somebody who sees all packets sends
// thousands of others: replays, reflections, forgeries and pieces. The data is
// right, and takes as long as without.
func TestTransferUnderAttack(t *testing.T) {
	const size = 16 << 20
	move := func(t *testing.T, attacked bool) (took time.Duration) {
		synctest.Test(t, func(t *testing.T) {
			w := simulated(t, netsim.Link{Rate: 100e6, Delay: 20 * time.Millisecond, Loss: 0.01, Seed: 3}, nil)
			w.serve(t)
			spies := make(chan *spy, 1)
			w.dialer.ListenPacket = func(context.Context, string, string) (net.PacketConn, error) {
				pc, err := w.net.Listen(netsim.A, "")
				if err != nil {
					return nil, err
				}
				s := &spy{Conn: pc}
				spies <- s
				return s, nil
			}
			stop := make(chan struct{})
			over := make(chan struct{})
			go func() {
				defer close(over)
				s := <-spies
				if attacked {
					harass(t, w, s, stop)
				}
			}()
			began := time.Now()
			c := w.client(t)
			if err := put(within(t, time.Minute), c, "http://example.com", size); err != nil {
				t.Error(err)
			}
			if err := get(within(t, time.Minute), c, "http://example.com", size); err != nil {
				t.Error(err)
			}
			took = time.Since(began)
			close(stop)
			<-over
			if attacked {
				if f := w.listener.Totals().Forged; f < 1000 {
					t.Errorf("the attack reached the server with %d forged packets, want thousands", f)
				}
			}
		})
		return took
	}
	calm, attacked := move(t, false), move(t, true)
	t.Logf("%v in calm, %v under attack", calm, attacked)
	// The attack's own packets take a few percent of the link.
	if attacked > calm*3/2 {
		t.Errorf("took %v under attack, %v in calm", attacked, calm)
	}
}

// harass sends to both ends until told to stop.
func harass(t *testing.T, w *world, s *spy, stop chan struct{}) {
	server := w.listener.Addr().(*net.UDPAddr).AddrPort()
	if !server.Addr().IsValid() || server.Addr().IsUnspecified() {
		server = netip.AddrPortFrom(netip.MustParseAddr("10.0.0.2"), server.Port())
	}
	far, err := w.net.Listen(netsim.A, "10.9.9.9:666") // beside the client
	if err != nil {
		t.Error(err)
		return
	}
	near, err := w.net.Listen(netsim.B, "10.8.8.8:666") // beside the server
	if err != nil {
		t.Error(err)
		return
	}
	rng := rand.New(rand.NewPCG(15, 16))
	for {
		select {
		case <-stop:
			return
		case <-time.After(time.Millisecond):
		}
		for range 3 {
			p := s.any(rng)
			if len(p) < 40 {
				continue
			}
			switch rng.IntN(4) {
			case 0: // as it is, at both ends: a replay or a reflection
			case 1:
				p[9+rng.IntN(len(p)-9)] ^= 1 << rng.IntN(8)
			case 2:
				p = p[:34+rng.IntN(len(p)-34)]
			case 3:
				fill(rng, p[17:])
			}
			p = p[:min(len(p), 100)]
			_, _ = far.WriteToUDPAddrPort(p, server) // may be lost as any packet
			_, _ = near.WriteToUDPAddrPort(p, s.Public())
		}
	}
}
