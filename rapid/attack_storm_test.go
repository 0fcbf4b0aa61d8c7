package rapid_test

import (
	"bytes"
	"io"
	"math/rand/v2"
	"net/netip"
	"runtime"
	"testing"
	"testing/synctest"
	"time"

	"github.com/icos-go/icos/rapid"
	"github.com/icos-go/icos/rapid/internal/wire"
)

// TestStormsChangeNothing covers docs/rapid.md R4.1, R4.3, R5.2, R6.1 and
// §19.1: whatever does not authenticate, or did before, has no effect.
func TestStormsChangeNothing(t *testing.T) {
	for _, c := range []struct {
		name  string
		storm func(s *siege, rng *rand.Rand) func(b []byte) (int, netip.AddrPort)
	}{
		{"random", func(_ *siege, rng *rand.Rand) func(b []byte) (int, netip.AddrPort) {
			return func(b []byte) (int, netip.AddrPort) {
				n := 1 + rng.IntN(1500)
				fill(rng, b[:n])
				return n, evilAddr
			}
		}},
		{"random with the id of a session", func(s *siege, rng *rand.Rand) func(b []byte) (int, netip.AddrPort) {
			head := s.good.past[0][:9]
			return func(b []byte) (int, netip.AddrPort) {
				n := 9 + rng.IntN(1491)
				fill(rng, b[:n])
				copy(b, head)
				if rng.IntN(4) > 0 && n > 17 { // a number that may be, mostly
					clear(b[9:14])
				}
				return n, evilAddr
			}
		}},
		{"random with the id of a grant", func(s *siege, rng *rand.Rand) func(b []byte) (int, netip.AddrPort) {
			head := s.client(rapid.GrantOptions{Life: time.Hour}).seal(wire.AppendPing(nil), 0)[:9]
			return func(b []byte) (int, netip.AddrPort) {
				n := 17 + rng.IntN(1483)
				fill(rng, b[:n])
				copy(b, head)
				clear(b[9:16])
				return n, evilAddr
			}
		}},
		{"forged", func(s *siege, rng *rand.Rand) func(b []byte) (int, netip.AddrPort) {
			packet := s.good.seal(wire.AppendPing(nil), 1200) // which never comes
			return func(b []byte) (int, netip.AddrPort) {
				n := copy(b, packet)
				b[9+rng.IntN(n-9)] ^= 1 << rng.IntN(8)
				return n, s.good.addr
			}
		}},
		{"truncated", func(s *siege, rng *rand.Rand) func(b []byte) (int, netip.AddrPort) {
			packet := s.good.seal(wire.AppendPing(nil), 1200)
			return func(b []byte) (int, netip.AddrPort) {
				return copy(b, packet[:1+rng.IntN(len(packet)-1)]), s.good.addr
			}
		}},
		{"lengthened", func(s *siege, rng *rand.Rand) func(b []byte) (int, netip.AddrPort) {
			packet := s.good.seal(wire.AppendPing(nil), 100)
			return func(b []byte) (int, netip.AddrPort) {
				n := copy(b, packet)
				return n + 1 + rng.IntN(1300), s.good.addr
			}
		}},
		{"replayed", func(s *siege, rng *rand.Rand) func(b []byte) (int, netip.AddrPort) {
			for range 100 {
				s.good.send(wire.AppendPing(nil))
			}
			s.settle(s.good)
			past := s.good.past
			return func(b []byte) (int, netip.AddrPort) {
				n := copy(b, past[rng.IntN(len(past))])
				if rng.IntN(2) == 0 {
					return n, s.good.addr
				}
				return n, evilAddr
			}
		}},
		{"reflected", func(s *siege, rng *rand.Rand) func(b []byte) (int, netip.AddrPort) {
			// The server has to send more packets than the client, or their
			// numbers alone would make them replays.
			s.good.send(wire.AppendOpen(nil, 0, "host:443"))
			c := <-s.accepted
			if _, err := c.Write(make([]byte, 200_000)); err != nil {
				s.t.Fatal(err)
			}
			time.Sleep(time.Second)
			sent := s.socket.take(s.good.id)
			if uint64(len(sent)) < s.good.next+10 {
				s.t.Errorf("the server has sent %d packets, want more than %d", len(sent), s.good.next+10)
			}
			_ = c.(*rapid.Conn).Reset(rapid.CodeCanceled, "")
			for range 5 {
				time.Sleep(time.Second)
				s.settle(s.good) // until the stream is gone
			}
			return func(b []byte) (int, netip.AddrPort) {
				d := sent[rng.IntN(len(sent))]
				return copy(b, d.data), d.peer
			}
		}},
		{"of a grant of another server", func(s *siege, rng *rand.Rand) func(b []byte) (int, netip.AddrPort) {
			foreign := rawClient(s.t, s.socket, &rapid.Grant{ID: rapid.ID(s.good.id), Key: rapid.Key{1}})
			for range 1000 {
				foreign.seal(wire.AppendPing(nil), rng.IntN(1400))
			}
			return func(b []byte) (int, netip.AddrPort) {
				return copy(b, foreign.past[rng.IntN(len(foreign.past))]), evilAddr
			}
		}},
		{"of a grant that is used up", func(s *siege, rng *rand.Rand) func(b []byte) (int, netip.AddrPort) {
			used := s.client(rapid.GrantOptions{Life: time.Hour})
			used.hello()
			s.settle(used)
			used.send(wire.AppendClose(nil, wire.NoError, ""))
			time.Sleep(10 * time.Second)
			for range 20 {
				used.seal(wire.AppendPing(nil), 0) // new ones, after the end
			}
			return func(b []byte) (int, netip.AddrPort) {
				return copy(b, used.past[rng.IntN(len(used.past))]), used.addr
			}
		}},
		{"of a grant that has expired", func(s *siege, _ *rand.Rand) func(b []byte) (int, netip.AddrPort) {
			late := s.client(rapid.GrantOptions{Life: time.Second})
			late.seal(wire.AppendHello(nil, &wire.Hello{MaxStreams: 1}), wire.MinFirst)
			time.Sleep(time.Second)
			return func(b []byte) (int, netip.AddrPort) {
				return copy(b, late.past[0]), late.addr
			}
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := newSiege(t, rapid.ListenOptions{})
				s.blow(stormSize(), c.storm(s, rand.New(rand.NewPCG(7, 8))))
				s.alive(s.good)
				next := s.client(rapid.GrantOptions{})
				next.hello()
				s.settle(next)
				s.alive(next)
			})
		})
	}
}

// fill makes b random.
func fill(rng *rand.Rand, b []byte) {
	for ; len(b) >= 8; b = b[8:] {
		v := rng.Uint64()
		for i := range 8 {
			b[i] = byte(v >> (8 * i))
		}
	}
	for i := range b {
		b[i] = byte(rng.Uint32())
	}
}

// TestStormsAtClient is TestStormsChangeNothing for the other end: what the
// client itself has sent comes back to it, or anything else.
func TestStormsAtClient(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		tr := newTrap(t)
		server, socket := tr.server, tr.socket
		rng := rand.New(rand.NewPCG(9, 10))
		forged := server.seal(wire.AppendStream(nil, 0, 0, []byte("evil"), false, false), 300)
		storm := func(b []byte) (int, netip.AddrPort) {
			switch rng.IntN(4) {
			case 0:
				d := tr.heard[rng.IntN(len(tr.heard))]
				return copy(b, d.data), serverAddr
			case 1:
				n := copy(b, forged)
				b[9+rng.IntN(n-9)] ^= 1 << rng.IntN(8)
				return n, serverAddr
			case 2:
				return copy(b, server.past[rng.IntN(len(server.past)-1)]), evilAddr // replayed
			}
			n := 1 + rng.IntN(1500)
			fill(rng, b[:n])
			return n, evilAddr
		}
		socket.blow(once(storm))
		writes, _ := socket.count()
		var start, end runtime.MemStats
		runtime.ReadMemStats(&start)
		left := stormSize()
		socket.blow(func(b []byte) (int, netip.AddrPort) {
			if left--; left < 0 {
				return 0, netip.AddrPort{}
			}
			return storm(b)
		})
		runtime.ReadMemStats(&end)
		time.Sleep(100 * time.Millisecond) // for answers; later it asks for life itself
		if after, _ := socket.count(); after != writes {
			t.Errorf("the storm was answered with %d datagrams", after-writes)
		}
		if a := end.Mallocs - start.Mallocs; a > uint64(stormSize())/1000 {
			t.Errorf("the storm caused %d allocations", a)
		}

		// The true packet, of which the forged ones were made, is not lost by it.
		server.send(wire.AppendStream(nil, 0, 0, []byte("good"), true, false))
		served := make(chan struct{})
		go func() {
			defer close(served)
			tr.serve()
		}()
		got, err := io.ReadAll(tr.conn)
		if err != nil || string(got) != "good" {
			t.Errorf("read %q, %v; want good", got, err)
		}
		<-served
	})
}

// TestStolenPackets has an attacker pass on a client's packet, from his own
// address, before the client's copy comes: docs/rapid.md §16 and §19.1.
func TestStolenPackets(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newSiege(t, rapid.ListenOptions{})
		s.good.send(wire.AppendOpen(nil, 0, "host:443"))
		s.settle(s.good)
		c := <-s.accepted
		defer c.Close()

		for range 5 {
			stolen := s.good.seal(wire.AppendPing(nil), 0)
			s.socket.deliver(evilAddr, bytes.Clone(stolen))
			if _, err := c.Write(make([]byte, 10_000)); err != nil { // there is something to send
				t.Fatal(err)
			}
			time.Sleep(50 * time.Millisecond)
			s.socket.deliver(clientAddr, stolen)
			time.Sleep(50 * time.Millisecond)
			to := map[netip.AddrPort]int{}
			now := s.good.answers()
			challenged := false
			for _, a := range now {
				to[a.to] += len(a.Data)
				challenged = challenged || a.Type == wire.PathChallenge && a.to == evilAddr
			}
			if !challenged {
				t.Error("the new address was not challenged")
			}
			if most := 3 * len(stolen); to[evilAddr] > most {
				t.Errorf("the attacker got %d bytes for %d", to[evilAddr], len(stolen))
			}
			// The client goes on, and the server returns to it.
			s.good.acknowledge(now)
			s.settle(s.good)
			s.alive(s.good)
		}
		if remote := s.listener.Stats()[0].Remote; remote != clientAddr {
			t.Errorf("the session is with %v, want %v", remote, clientAddr)
		}
	})
}

// TestStolenAnswer has an attacker pass on the server's first answer before it
// comes itself: the client sends to no address but those of the grant.
func TestStolenAnswer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		tr := newTrapAt(t, evilAddr)
		tr.server.addr = serverAddr
		if _, err := tr.conn.Write(make([]byte, 100_000)); err != nil {
			t.Error(err)
		}
		for _, a := range tr.serve() {
			if a.to != serverAddr {
				t.Fatalf("the client sent %v to %v, which is not in its grant", a.Type, a.to)
			}
		}
		if got := tr.conn.RemoteAddr().String(); got != serverAddr.String() {
			t.Errorf("the client says that it talks to %v, want %v", got, serverAddr)
		}
	})
}
