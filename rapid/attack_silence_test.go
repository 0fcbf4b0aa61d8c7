package rapid_test

import (
	"errors"
	"os"
	"testing"
	"testing/synctest"
	"time"

	"github.com/icos-go/icos/rapid"
	"github.com/icos-go/icos/rapid/internal/wire"
)

// TestSilentPeersAreForgotten covers docs/rapid.md R3.6, R8.7, R8.8 and R19.2:
// the memory that a listener has promised comes back.
func TestSilentPeersAreForgotten(t *testing.T) {
	for _, c := range []struct {
		name  string
		do    func(s *siege, p *rawPeer)
		after time.Duration
	}{
		{"the grant is never used", func(*siege, *rawPeer) {}, 31 * time.Second},
		{"nothing after the first packet", func(_ *siege, p *rawPeer) { p.hello() }, 40 * time.Second},
		{"nothing once content", func(s *siege, p *rawPeer) { p.hello(); s.settle(p) }, 150 * time.Second},
		{"a stream, and then nothing", func(s *siege, p *rawPeer) {
			p.hello()
			p.send(wire.AppendOpen(nil, 0, "host:443"))
			s.settle(p)
			c := <-s.accepted
			wrote := make(chan struct{})
			go func() {
				defer close(wrote)
				n, err := c.Write(make([]byte, 64<<20))
				if !errors.Is(err, rapid.ErrTimeout) || n > 16<<20 {
					s.t.Errorf("write to a silent peer: %d, %v; want %v", n, err, rapid.ErrTimeout)
				}
			}()
			if _, err := c.Read(make([]byte, 1)); !errors.Is(err, rapid.ErrTimeout) {
				s.t.Errorf("read from a silent peer: %v, want %v", err, rapid.ErrTimeout)
			}
			<-wrote
			_ = c.Close() // fails, as the session has
		}, 60 * time.Second},
		{"data of a stream whose OPEN does not come", func(s *siege, p *rawPeer) {
			p.hello()
			for i := range uint64(100) {
				p.send(wire.AppendStream(nil, 0, i*1000, make([]byte, 1000), false, false))
			}
			s.settle(p)
		}, 90 * time.Second},
		{"an end in order", func(s *siege, p *rawPeer) {
			p.hello()
			s.settle(p)
			p.send(wire.AppendClose(nil, wire.NoError, ""))
		}, 5 * time.Second},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				// There is room for the good one and for one more.
				s := newSiege(t, rapid.ListenOptions{Memory: 16 << 20})
				p := s.client(rapid.GrantOptions{})
				if _, err := s.listener.Grant(rapid.GrantOptions{}); !errors.Is(err, rapid.ErrBusy) {
					t.Fatalf("a third grant: %v, want %v", err, rapid.ErrBusy)
				}
				began := time.Now()
				c.do(s, p)
				for time.Since(began) < c.after {
					time.Sleep(10 * time.Second)
					s.alive(s.good)
				}
				if got := s.listener.Totals(); got.Live != 1 || got.Held != 0 || got.Open != 0 {
					t.Errorf("after %v: %+v, want one session that holds nothing", c.after, got)
				}
				next := s.client(rapid.GrantOptions{}) // fails while the memory is taken
				next.hello()
				s.settle(next)
				s.alive(next)
			})
		})
	}
}

// TestSlowReaderHoldsLittle has a client acknowledge all and take nothing: it
// is alive, and what it makes the server hold is bounded by the credit that it
// does not give. The application's deadline ends it, as with TCP.
func TestSlowReaderHoldsLittle(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newSiege(t, rapid.ListenOptions{})
		s.good.send(wire.AppendOpen(nil, 0, "host:443"))
		s.settle(s.good)
		c := <-s.accepted
		if err := c.SetWriteDeadline(time.Now().Add(10 * time.Minute)); err != nil {
			t.Fatal(err)
		}
		wrote := make(chan error, 1)
		go func() {
			_, err := c.Write(make([]byte, 256<<20))
			wrote <- err
		}()
		for range 60 {
			s.settle(s.good)
			time.Sleep(10 * time.Second)
		}
		s.alive(s.good)
		if held := s.listener.Totals().Held; held > 8<<20 {
			t.Errorf("holds %d bytes for a client that gave credit for %d", held, 4<<20)
		}
		if err := <-wrote; !errors.Is(err, os.ErrDeadlineExceeded) {
			t.Errorf("write: %v, want %v", err, os.ErrDeadlineExceeded)
		}
		if err := c.Close(); err != nil {
			t.Error(err)
		}
	})
}
