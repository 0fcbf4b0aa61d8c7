package rapid_test

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"runtime"
	"testing"
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
	return newTrapAt(t, serverAddr)
}

// newTrapAt makes a trap whose first answer comes from another address.
func newTrapAt(t *testing.T, first netip.AddrPort) *trap {
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
	tr.server.addr = first
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
