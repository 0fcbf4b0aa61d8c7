package rapid

import (
	"net/netip"
	"slices"

	"github.com/icos-go/icos/rapid/internal/session"
)

// inbox collects the packets of one session that came in one read, so that
// they are decrypted without its lock and taken in with one turn at it.
type inbox struct {
	packets []session.Packet
	opened  []*Conn
}

// deliver hands the packets to their session, and returns the streams that
// came with them, in a slice that is good until the next call.
func (in *inbox) deliver(s *Session, from netip.AddrPort) []*Conn {
	in.opened = in.opened[:0]
	if len(in.packets) == 0 {
		return nil
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.hear(from)
	if s.client {
		from = s.machine.Remote() // to the machine there is one address only
	}
	s.machine.Dropped(s.socket.Drops())
	now := s.now()
	fresh := false
	for i := range in.packets {
		fresh = s.machine.Handle(now, from, in.packets[i]) || fresh
	}
	in.packets = in.packets[:0]
	if !s.client {
		s.peer = s.machine.Remote()
		if fresh && s.peer == from { // else anybody could change it by sending a packet again
			s.source = s.socket.Source()
		}
	}
	for st := s.machine.Accept(); st != nil; st = s.machine.Accept() {
		in.opened = append(in.opened, newConn(s, st))
	}
	s.settle()
	return in.opened
}

// hear takes note that an authentic packet came, and at a client settles
// which of the addresses is used.
func (s *Session) hear(from netip.AddrPort) {
	select {
	case <-s.heard:
		return
	default:
	}
	if s.client {
		// Only an address of the grant: who passes an answer on from
		// elsewhere must not become the one we send to.
		if !slices.Contains(s.trying, from) {
			from = s.trying[len(s.trying)-1]
		}
		s.peer, s.trying = from, nil
	}
	close(s.heard)
}
