package rapid_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"math/rand/v2"
	"net"
	"net/netip"
	"runtime"
	"testing"
	"testing/synctest"
	"time"

	"github.com/icos-go/icos/rapid"
	"github.com/icos-go/icos/rapid/internal/wire"
)

// stormSize is how many datagrams a storm has.
func stormSize() int {
	switch {
	case underRace:
		return 20_000
	case testing.Short():
		return 100_000
	}
	return 1_000_000
}

// siege is a listener under attack, with a session that has nothing to do
// with the attack and that has to stay as it is.
type siege struct {
	t        *testing.T
	socket   *tapSocket
	listener *rapid.Listener
	good     *rawPeer
	accepted chan net.Conn
}

func newSiege(t *testing.T, o rapid.ListenOptions) *siege {
	t.Helper()
	s := &siege{t: t, socket: newTapSocket(serverAddr), accepted: make(chan net.Conn, 4096)}
	var err error
	s.listener, err = rapid.NewListener(s.socket, &o)
	if err != nil {
		t.Fatal(err)
	}
	go func() {
		defer close(s.accepted)
		for {
			c, err := s.listener.Accept()
			if err != nil {
				return
			}
			s.accepted <- c
		}
	}()
	t.Cleanup(func() {
		ctx, cancel := context.WithCancel(context.Background())
		cancel()
		if err := s.listener.Shutdown(ctx); err != nil && !errors.Is(err, context.Canceled) {
			t.Errorf("shut down: %v", err)
		}
	})
	s.good = s.client(rapid.GrantOptions{})
	s.good.hello()
	s.settle(s.good)
	return s
}

// client returns the holder of a new grant, who has not said anything yet.
func (s *siege) client(o rapid.GrantOptions) *rawPeer {
	s.t.Helper()
	g, err := s.listener.Grant(o)
	if err != nil {
		s.t.Fatal(err)
	}
	return rawClient(s.t, s.socket, g)
}

// settle lets both ends say what they have to say, until they are content. It
// returns what the server has said.
func (s *siege) settle(p *rawPeer) []answer {
	s.t.Helper()
	var all []answer
	for range 50 {
		time.Sleep(20 * time.Millisecond)
		now := p.answers()
		all = append(all, now...)
		if len(now) == 0 {
			return all
		}
		if c, ok := has(now, wire.PathChallenge); ok {
			p.send(wire.AppendPathResponse(nil, c.Token))
		}
		p.acknowledge(now)
	}
	s.t.Error("the server has no end of things to say")
	return all
}

// alive checks that a session answers.
func (s *siege) alive(p *rawPeer) {
	s.t.Helper()
	p.send(wire.AppendPing(nil))
	pn := p.next - 1
	a, ok := has(s.settle(p), wire.Ack)
	if !ok || a.Ack.Largest < pn {
		s.t.Errorf("session does not answer a PING")
	}
	if a.to != p.addr {
		s.t.Errorf("session answers to %v, want %v", a.to, p.addr)
	}
}

// blow has a storm of n datagrams arrive, and checks that it changes nothing,
// allocates nothing and gets no answer.
func (s *siege) blow(n int, next func(b []byte) (int, netip.AddrPort)) {
	s.t.Helper()
	s.socket.blow(once(next)) // what is made at the first time, as a session for a grant
	before, writes := s.listener.Totals(), s.socket.writes
	var start, end runtime.MemStats
	runtime.ReadMemStats(&start)
	left := n
	s.socket.blow(func(b []byte) (int, netip.AddrPort) {
		if left--; left < 0 {
			return 0, netip.AddrPort{}
		}
		return next(b)
	})
	runtime.ReadMemStats(&end)
	time.Sleep(time.Second) // for answers, had there been any
	after, _ := s.socket.count()
	if after != writes {
		s.t.Errorf("%d datagrams were answered with %d", n, after-writes)
	}
	if a := end.Mallocs - start.Mallocs; a > uint64(n)/1000 {
		s.t.Errorf("%d datagrams caused %d allocations", n, a)
	}
	got := s.listener.Totals()
	if refused := got.Unknown + got.Forged - before.Unknown - before.Forged; refused != int64(n) && refused != 0 {
		s.t.Errorf("%d datagrams of %d counted as refused, want all, or none if they did authenticate", refused, n)
	}
	before.Unknown, before.Forged = got.Unknown, got.Forged
	if got != before {
		s.t.Errorf("totals became %+v, want %+v", got, before)
	}
}

// once makes a storm of a hundred datagrams.
func once(next func(b []byte) (int, netip.AddrPort)) func(b []byte) (int, netip.AddrPort) {
	left := 100
	return func(b []byte) (int, netip.AddrPort) {
		if left--; left < 0 {
			return 0, netip.AddrPort{}
		}
		return next(b)
	}
}

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

// trap is a server that is none, and the stream a client has opened there.
type trap struct {
	t      *testing.T
	socket *tapSocket // the client's
	server *rawPeer
	conn   net.Conn
	heard  []sentDatagram // from the client
}

func newTrap(t *testing.T) *trap {
	t.Helper()
	socket := newTapSocket(clientAddr)
	g := &rapid.Grant{Addrs: []string{serverAddr.String()}, ID: 0x1234, Key: rapid.Key{5, 6, 7}}
	d := &rapid.Dialer{
		Grants:       rapid.GranterFunc(func(context.Context, string, string) (*rapid.Grant, error) { return g, nil }),
		ListenPacket: func(context.Context, string, string) (net.PacketConn, error) { return socket, nil },
	}
	tr := &trap{t: t, socket: socket, server: &rawPeer{
		t: t, socket: socket, addr: serverAddr, id: wire.ID(g.ID),
		sealer: wire.NewSealer(g.Key, wire.ServerToClient),
		opener: wire.NewOpener(g.Key, wire.ClientToServer),
	}}
	opened := make(chan net.Conn, 1)
	go func() {
		c, err := d.DialContext(t.Context(), "tcp", "example.com:443")
		if err != nil {
			t.Error(err)
		}
		opened <- c
	}()
	time.Sleep(10 * time.Millisecond)
	tr.server.hello()
	tr.serve()
	tr.conn = <-opened
	t.Cleanup(func() { _ = d.Close() })
	if tr.conn == nil {
		t.FailNow()
	}
	return tr
}

// serve acknowledges what the client says for a while, and returns it.
func (tr *trap) serve() (all []answer) {
	for range 20 {
		time.Sleep(20 * time.Millisecond)
		tr.socket.mu.Lock()
		tr.heard = append(tr.heard, tr.socket.sent...)
		tr.socket.mu.Unlock()
		if a := tr.server.answers(); len(a) > 0 {
			tr.server.acknowledge(a)
			all = append(all, a...)
		}
	}
	return all
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

// TestHostileServers is TestHostileClients for the other end.
func TestHostileServers(t *testing.T) {
	const (
		dies  = true
		lives = false
	)
	for _, c := range []struct {
		name   string
		fate   bool
		frames []byte
	}{
		{"unknown frame", dies, []byte{0x3e}},
		{"OPEN", dies, wire.AppendOpen(nil, 0, "host:443")},
		{"STREAM not opened", dies, wire.AppendStream(nil, 7, 0, []byte("x"), false, false)},
		{"RESET not opened", dies, wire.AppendReset(nil, 7, 0, 0, "")},
		{"STOP not opened", dies, wire.AppendStop(nil, 7, 0)},
		{"credit for a stream not opened", dies, wire.AppendMaxStreamData(nil, 7, 1)},
		{"STREAM beyond its credit", dies, wire.AppendStream(nil, 0, 1<<30, []byte("x"), false, false)},
		{"STREAM at a giant offset", dies, wire.AppendStream(nil, 0, wire.MaxVarint-1, []byte("x"), true, false)},
		{"RESET of a giant size", dies, wire.AppendReset(nil, 0, 0, wire.MaxVarint, "")},
		{"ACK of packets not sent", dies, ackOf(0, 1<<30)},
		{"MAX_STREAMS of extremes", lives, wire.AppendMaxStreams(nil, wire.MaxStreamID)},
		{"a reason of control characters", lives, wire.AppendReset(nil, 0, 99, 0, "\x1b[2J\xff\x00\r\n")},
		{"STOP of the stream", lives, wire.AppendStop(nil, 0, wire.Busy)},
		{"PATH_CHALLENGE", lives, wire.AppendPathChallenge(nil, [8]byte{1})},
		{"RATES of extremes", lives, wire.AppendRates(nil, wire.MaxVarint, 3, 255, wire.MaxVarint, wire.MaxVarint)},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				tr := newTrap(t)
				tr.server.send(c.frames)
				end, died := has(tr.serve(), wire.Close)
				if died != c.fate || died && end.Code != wire.Violation {
					t.Errorf("session closed: %v, %v %q; want %v", died, end.Code, end.Text, c.fate)
				}
				s := tr.conn.(*rapid.Conn).Session()
				if err := s.Err(); (err != nil) != c.fate {
					t.Errorf("session ended by %v", err)
				}
				_, err := tr.conn.Write([]byte("x"))
				if died && err == nil {
					t.Error("a write succeeds although the session is over")
				}
				if err != nil {
					for _, r := range err.Error() {
						if r < ' ' || r == 0x7f || r == 0xfffd {
							t.Errorf("error %q shows what the server wrote as it is", err)
							break
						}
					}
				}
			})
		})
	}
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

// TestSilentPeersAreForgotten covers docs/rapid.md R3.6, R8.6, R8.7 and R19.2:
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
			go func() {
				n, err := c.Write(make([]byte, 64<<20))
				if !errors.Is(err, rapid.ErrTimeout) || n > 16<<20 {
					s.t.Errorf("write to a silent peer: %d, %v; want %v", n, err, rapid.ErrTimeout)
				}
			}()
			if _, err := c.Read(make([]byte, 1)); !errors.Is(err, rapid.ErrTimeout) {
				s.t.Errorf("read from a silent peer: %v, want %v", err, rapid.ErrTimeout)
			}
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

// flood sends as much of the same kind as a client may try to send.
const flood = 3000

// TestHostileClients has holders of a grant say what breaks the protocol, or
// strains it: the first are told off and forgotten, the others change nothing
// for themselves and for others.
func TestHostileClients(t *testing.T) {
	data := bytes.Repeat([]byte("data "), 200)
	open := func(id uint64) []byte { return wire.AppendOpen(nil, id, "host:443") }
	one := func(frames ...[]byte) func(*rawPeer) {
		return func(p *rawPeer) { p.send(bytes.Join(frames, nil)) }
	}
	const (
		dies  = true
		lives = false
	)
	for _, c := range []struct {
		name string
		fate bool
		do   func(p *rawPeer)
	}{
		{"unknown frame", dies, one([]byte{0x3f})},
		{"frame cut short", dies, one([]byte{byte(wire.MaxData), 0xff})},
		{"OPEN without destination", dies, one([]byte{byte(wire.Open), 0, 0})},
		{"OPEN beyond the limit", dies, one(open(1 << 20))},
		{"OPEN of the greatest id", dies, one(open(wire.MaxStreamID))},
		{"STREAM of an id beyond the limit", dies, one(wire.AppendStream(nil, 1<<30, 0, data, false, false))},
		{"STREAM at a giant offset", dies, one(open(0), wire.AppendStream(nil, 0, 1<<61, data, false, false))},
		{"STREAM one byte beyond its credit", dies, one(open(0), wire.AppendStream(nil, 0, 4<<20, []byte{1}, false, false))},
		{"STREAM up to its credit", lives, one(open(0), wire.AppendStream(nil, 0, 4<<20-1, []byte{1}, false, false))},
		{"FIN at a giant offset", dies, one(open(0), wire.AppendStream(nil, 0, wire.MaxVarint, nil, true, false))},
		{"streams beyond the credit of the session", dies, func(p *rawPeer) {
			for i := range uint64(5) {
				p.send(bytes.Join([][]byte{open(i), wire.AppendStream(nil, i, 1<<20-1, []byte{1}, false, false)}, nil))
			}
		}},
		{"RESET of a giant size", dies, one(open(0), wire.AppendReset(nil, 0, 0, wire.MaxVarint, ""))},
		{"RESET below what came", dies, one(open(0), wire.AppendStream(nil, 0, 0, data, false, false), wire.AppendReset(nil, 0, 0, 1, ""))},
		{"data beyond the end", dies, one(open(0), wire.AppendStream(nil, 0, 0, data, true, false), wire.AppendStream(nil, 0, 1000, []byte{1}, false, false))},
		{"an end that moves", dies, one(open(0), wire.AppendStream(nil, 0, 10, nil, true, false), wire.AppendStream(nil, 0, 11, nil, true, false))},
		{"an end that moves by RESET", dies, one(open(0), wire.AppendStream(nil, 0, 10, nil, true, false), wire.AppendReset(nil, 0, 0, 11, ""))},
		{"ACK of packets not sent", dies, one(ackOf(0, 1<<40))},
		{"ACK of the greatest number", dies, one(ackOf(0, wire.MaxPacketNumber))},
		{"MAX_STREAMS from a client", dies, one(wire.AppendMaxStreams(nil, 1))},
		{"RATES of no policy", dies, one([]byte{byte(wire.Rates), 1, 200, 1, 0, 0})},

		{"the same HELLO again and again", lives, repeat(flood, func(int) []byte {
			return wire.AppendHello(nil, &wire.Hello{MaxDatagram: 1472, MaxData: 1 << 24, MaxStreamData: 1 << 22})
		})},
		{"HELLO of extremes", lives, one(wire.AppendHello(nil, &wire.Hello{
			MaxDatagram: wire.MaxVarint, MaxData: wire.MaxVarint, MaxStreamData: wire.MaxVarint,
			MaxStreams: wire.MaxVarint, MaxAckDelay: 1 << 60, IdleTimeout: 1 << 60,
		}))},
		{"all the credit there is", lives, one(wire.AppendMaxData(nil, wire.MaxVarint), open(0), wire.AppendMaxStreamData(nil, 0, wire.MaxVarint))},
		{"PING", lives, repeat(flood, func(int) []byte { return wire.AppendPing(nil) })},
		{"nothing but PADDING", lives, repeat(flood, func(int) []byte { return wire.AppendPadding(nil, 1000) })},
		{"PATH_CHALLENGE", lives, repeat(flood, func(i int) []byte { return wire.AppendPathChallenge(nil, [8]byte{byte(i), byte(i >> 8)}) })},
		{"PATH_RESPONSE nobody asked for", lives, repeat(flood, func(i int) []byte { return wire.AppendPathResponse(nil, [8]byte{byte(i), byte(i >> 8)}) })},
		{"RATES", lives, repeat(flood, func(i int) []byte { return wire.AppendRates(nil, uint64(i), uint8(i%4), 1, uint64(i), 0) })},
		{"OPEN of the same stream", lives, repeat(flood, func(i int) []byte { return open(uint64(i % 10)) })},
		{"OPEN and RESET", lives, func(p *rawPeer) {
			for i := range uint64(100) {
				p.send(bytes.Join([][]byte{open(i), wire.AppendReset(nil, i, wire.Canceled, 0, "")}, nil))
			}
		}},
		{"RESET before OPEN", lives, func(p *rawPeer) {
			for i := range uint64(100) {
				p.send(bytes.Join([][]byte{wire.AppendReset(nil, i, wire.Canceled, 0, ""), open(i)}, nil))
			}
		}},
		{"STOP of streams not opened", lives, func(p *rawPeer) {
			for i := range uint64(100) {
				p.send(wire.AppendStop(nil, i, wire.Canceled))
			}
		}},
		{"credit for streams not opened", lives, func(p *rawPeer) {
			for i := range uint64(100) {
				p.send(wire.AppendMaxStreamData(nil, i, 1<<40))
			}
		}},
		{"the same data", lives, repeat(flood, func(int) []byte { return append(open(0), wire.AppendStream(nil, 0, 0, data, false, false)...) })},
		{"bytes with too many gaps between", dies, repeat(flood, func(i int) []byte {
			var b []byte
			for j := range 100 {
				b = wire.AppendStream(b, 0, uint64(i*200+2*j), []byte{1}, false, false)
			}
			return b
		})},
		{"bytes with gaps between", lives, repeat(100, func(i int) []byte {
			var b []byte
			for j := range 100 {
				b = wire.AppendStream(b, 0, uint64(i*200+2*j), []byte{1}, false, false)
			}
			return b
		})},
		{"packet numbers with gaps between", lives, func(p *rawPeer) {
			for range flood * 5 {
				p.next++
				p.send(wire.AppendPing(nil))
			}
		}},
		{"packet numbers far ahead", lives, func(p *rawPeer) {
			for range 10 {
				p.next += 1 << 21
				p.send(wire.AppendPing(nil))
			}
		}},
		{"FLOOR above all", lives, one(wire.AppendFloor(nil, wire.MaxPacketNumber))},
		{"ACK of the same", lives, repeat(flood, func(int) []byte { return ackOf(0, 0) })},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := newSiege(t, rapid.ListenOptions{})
				p := s.client(rapid.GrantOptions{})
				p.hello()
				s.settle(p)
				var start, end runtime.MemStats
				runtime.GC()
				runtime.ReadMemStats(&start)
				writes, sent := s.socket.count()
				came := p.bytes()
				c.do(p)
				time.Sleep(50 * time.Millisecond)
				answers := p.answers()
				p.acknowledge(answers)
				answers = append(answers, s.settle(p)...)
				runtime.GC()
				runtime.ReadMemStats(&end)
				if grown := int64(end.HeapAlloc) - int64(start.HeapAlloc); grown > 24<<20 {
					t.Errorf("%d bytes of memory more", grown)
				}
				if w, b := s.socket.count(); b-sent > 3*(p.bytes()-came)+20_000 {
					t.Errorf("%d bytes were answered with %d in %d datagrams", p.bytes()-came, b-sent, w-writes)
				}
				end1, died := has(answers, wire.Close)
				if died != c.fate {
					t.Errorf("session closed: %v (%v %q), want %v", died, end1.Code, end1.Text, c.fate)
				}
				if died && (end1.Code != wire.Violation || len(end1.Text) == 0) {
					t.Errorf("closed with %v, %q; want %v and a reason", end1.Code, end1.Text, wire.Violation)
				}
				s.alive(s.good)
				if died {
					time.Sleep(10 * time.Second)
					if got := s.listener.Totals().Live; got != 1 {
						t.Errorf("%d sessions live, want 1", got)
					}
				} else if c.name != "FLOOR above all" { // it asked not to be answered
					s.alive(p)
				}
			})
		})
	}
}

// repeat sends n packets.
func repeat(n int, frames func(i int) []byte) func(*rawPeer) {
	return func(p *rawPeer) {
		for i := range n {
			p.send(frames(i))
		}
	}
}
