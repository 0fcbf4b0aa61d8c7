package rapid_test

import (
	"net"
	"net/netip"
	"sync"
	"testing"
	"time"

	"github.com/icos-go/icos/rapid"
	"github.com/icos-go/icos/rapid/internal/wire"
)

// Addresses of the attack tests, from the blocks for documentation.
var (
	serverAddr = netip.MustParseAddrPort("192.0.2.1:33001")
	clientAddr = netip.MustParseAddrPort("198.51.100.7:40000")
	evilAddr   = netip.MustParseAddrPort("203.0.113.66:666")
)

// A tapSocket is a net.PacketConn whose network is the test: it decides what
// arrives, and sees what is sent.
type tapSocket struct {
	local netip.AddrPort

	mu     sync.Mutex
	wait   sync.Cond
	queue  []sentDatagram                           // to be read
	storm  func(b []byte) (n int, a netip.AddrPort) // what is read instead while it lasts; n 0 ends it
	calm   chan struct{}                            // closed when the storm is over
	sent   []sentDatagram                           // what was written and not yet taken
	writes int                                      // datagrams written so far
	bytes  int
	closed bool
}

// sentDatagram is a datagram and the far address.
type sentDatagram struct {
	peer netip.AddrPort
	data []byte
}

func newTapSocket(local netip.AddrPort) *tapSocket {
	s := &tapSocket{local: local}
	s.wait.L = &s.mu
	return s
}

func (s *tapSocket) ReadFromUDPAddrPort(b []byte) (int, netip.AddrPort, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for {
		switch {
		case s.closed:
			return 0, netip.AddrPort{}, net.ErrClosed
		case s.storm != nil:
			if n, from := s.storm(b); n > 0 {
				return n, from, nil
			}
			s.storm = nil
			close(s.calm)
		case len(s.queue) > 0:
			d := s.queue[0]
			s.queue = s.queue[1:]
			return copy(b, d.data), d.peer, nil
		default:
			s.wait.Wait()
		}
	}
}

func (s *tapSocket) WriteToUDPAddrPort(b []byte, to netip.AddrPort) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return 0, net.ErrClosed
	}
	s.sent = append(s.sent, sentDatagram{to, append([]byte(nil), b...)})
	s.writes++
	s.bytes += len(b)
	return len(b), nil
}

func (s *tapSocket) ReadFrom(b []byte) (int, net.Addr, error) {
	n, from, err := s.ReadFromUDPAddrPort(b)
	return n, net.UDPAddrFromAddrPort(from), err
}

func (s *tapSocket) WriteTo(b []byte, to net.Addr) (int, error) {
	return s.WriteToUDPAddrPort(b, to.(*net.UDPAddr).AddrPort())
}

func (s *tapSocket) Close() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.closed = true
	s.wait.Broadcast()
	return nil
}

func (s *tapSocket) LocalAddr() net.Addr { return net.UDPAddrFromAddrPort(s.local) }

// deliver has a datagram arrive from an address.
func (s *tapSocket) deliver(from netip.AddrPort, data []byte) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.queue = append(s.queue, sentDatagram{from, data})
	s.wait.Broadcast()
}

// blow has the datagrams that next writes arrive, as fast as they are read,
// until it returns 0; then it returns.
func (s *tapSocket) blow(next func(b []byte) (int, netip.AddrPort)) {
	s.mu.Lock()
	s.storm, s.calm = next, make(chan struct{})
	calm := s.calm
	s.wait.Broadcast()
	s.mu.Unlock()
	<-calm
}

// take returns what was written for a session since it was last called.
func (s *tapSocket) take(id wire.ID) []sentDatagram {
	s.mu.Lock()
	defer s.mu.Unlock()
	var of, others []sentDatagram
	for _, d := range s.sent {
		if got, _ := wire.PeekID(d.data); got == id {
			of = append(of, d)
		} else {
			others = append(others, d)
		}
	}
	s.sent = others
	return of
}

// count returns how many datagrams and bytes were written so far.
func (s *tapSocket) count() (datagrams, bytes int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.writes, s.bytes
}

// A rawPeer is one end of a session that says what it is told to, right or
// wrong. What it sends arrives at a tapSocket.
type rawPeer struct {
	t      testing.TB
	socket *tapSocket // of the other end
	addr   netip.AddrPort
	id     wire.ID
	sealer *wire.Sealer
	opener *wire.Opener
	next   uint64   // packet number
	past   [][]byte // what was sent
}

// rawClient is the holder of a grant, at clientAddr.
func rawClient(t testing.TB, server *tapSocket, g *rapid.Grant) *rawPeer {
	return &rawPeer{
		t: t, socket: server, addr: clientAddr, id: wire.ID(g.ID),
		sealer: wire.NewSealer(g.Key, wire.ClientToServer),
		opener: wire.NewOpener(g.Key, wire.ServerToClient),
	}
}

// seal makes the next packet, from frames, of at least size bytes.
func (p *rawPeer) seal(frames []byte, size int) []byte {
	b := append(make([]byte, wire.HeaderLen, 1500), wire.AppendPadding(nil, max(0, size-wire.Overhead-len(frames)))...)
	b = p.sealer.Seal(append(b, frames...), p.id, p.next)
	p.next++
	p.past = append(p.past, append([]byte(nil), b...))
	return b
}

// send sends one packet of frames.
func (p *rawPeer) send(frames []byte) { p.socket.deliver(p.addr, p.seal(frames, 0)) }

// hello sends the first packet.
func (p *rawPeer) hello() {
	h := wire.Hello{MaxDatagram: 1472, MaxData: 1 << 24, MaxStreamData: 1 << 22}
	p.socket.deliver(p.addr, p.seal(wire.AppendHello(nil, &h), wire.MinFirst))
}

// answers returns the frames that the other end has sent since it was last
// called, ACKs reduced to their largest.
func (p *rawPeer) answers() []answer {
	p.t.Helper()
	var all []answer
	for _, d := range p.socket.take(p.id) {
		pn, payload, err := p.opener.Open(d.data)
		if err != nil {
			p.t.Errorf("the other end sent what does not open: %v", err)
			continue
		}
		q := wire.Parse(payload)
		for q.Next() {
			f := q.Frame
			f.Data, f.Text = append([]byte(nil), f.Data...), append([]byte(nil), f.Text...)
			if f.Type != wire.Padding {
				all = append(all, answer{f, pn, d.peer})
			}
		}
		if q.Err() != nil {
			p.t.Errorf("the other end sent a malformed packet: %v", q.Err())
		}
	}
	return all
}

// answer is a frame, the packet it was in, and where that went.
type answer struct {
	wire.Frame
	pn uint64
	to netip.AddrPort
}

// has returns the first frame of a type.
func has(answers []answer, t wire.FrameType) (answer, bool) {
	for _, a := range answers {
		if a.Type == t {
			return a, true
		}
	}
	return answer{}, false
}

// acknowledge answers all that the other end has sent, so that it is content.
func (p *rawPeer) acknowledge(answers []answer) {
	top, any := uint64(0), false
	for _, a := range answers {
		if a.Type.Eliciting() {
			top, any = max(top, a.pn), true
		}
	}
	if any {
		p.send(ackOf(0, top))
	}
}

// bytes is how many bytes the peer has sent.
func (p *rawPeer) bytes() (n int) {
	for _, b := range p.past {
		n += len(b)
	}
	return n
}

// ackOf is an ACK of the packets low to high.
func ackOf(low, high uint64) []byte {
	w, _ := wire.StartAck(nil, 100, wire.Range{Low: low, High: high}, 0, 0)
	return w.Finish()
}

func (s *tapSocket) SetDeadline(time.Time) error      { return nil }
func (s *tapSocket) SetReadDeadline(time.Time) error  { return nil }
func (s *tapSocket) SetWriteDeadline(time.Time) error { return nil }
