package session

import (
	"crypto/rand"
	"math"
	"net/netip"
	"time"

	"github.com/icos-go/icos/rapid/internal/wire"
)

// path is where packets go. Until the peer has proved that it is there, no
// more than three times what came from there is sent (RFC 9000 §8.1).
type path struct {
	addr           netip.AddrPort
	valid          bool
	received, sent uint64 // bytes, since it was new
	cramped        bool   // what is due does not fit into the budget

	token        [8]byte
	challengeDue bool
	challengeAt  time.Duration // of the next; 0: none
	tries        int
}

// maxChallenges is after how many challenges without an answer a new address is given up for the
// old one.
const maxChallenges = 4

func (p *path) budget() int {
	if p.valid {
		return math.MaxInt
	}
	return int(max(3*p.received, p.sent) - p.sent)
}

func (p *path) challenge() {
	p.challengeDue = true
	rand.Read(p.token[:]) // never fails
}

func (p *path) challenged(now, wait time.Duration) {
	p.challengeDue = false
	p.tries++
	p.challengeAt = now + wait
}

// response is the answer to a challenge of the peer. There is room for one.
type response struct {
	to    netip.AddrPort
	token [8]byte
	due   bool
}

// arrivedFrom notes where a packet came from. The newest packet of a client says
// where the client is now; it may be another than it was if a NAT has
// forgotten it.
func (s *Session) arrivedFrom(from netip.AddrPort, pk Packet) {
	if s.cfg.Client {
		return
	}
	if from == s.path.addr {
		s.path.received += uint64(pk.Size)
		s.path.cramped = false
		return
	}
	if newest, any := s.acks.Largest(); any && pk.Number < newest {
		return // overtaken by one from the new address
	}
	if s.old != nil && s.old.addr == from { // back again
		s.path, s.old = *s.old, nil
		return
	}
	if was := s.path; was.valid {
		s.old = &was
	}
	s.path = path{addr: from, received: uint64(pk.Size)}
	s.path.challenge()
}

// onPathResponse validates the address that packets go to. What is known of the
// path is forgotten only now, as anybody who forwards a packet can make the address
// look new, and not if only the port is new.
func (s *Session) onPathResponse(now time.Duration, token [8]byte) {
	if s.path.valid || s.path.tries == 0 || token != s.path.token {
		return
	}
	s.path.valid, s.path.cramped, s.path.challengeDue, s.path.challengeAt = true, false, false, 0
	if s.old != nil && s.old.addr.Addr() != s.path.addr.Addr() {
		s.cc.PathChanged(now)
		s.mtu.restart(now)
		s.cc.SetDatagram(s.mtu.size)
	}
	s.old = nil
}

// putPath adds challenges and answers to them.
func (s *Session) putPath(p *packet) {
	if s.path.challengeDue && p.room() >= 9 {
		p.b = wire.AppendPathChallenge(p.b, s.path.token)
		p.eliciting = true
		s.path.challenged(p.now, s.rtt.PTO(s.peerDelay))
	}
	if s.response.due && s.response.to == s.path.addr && p.room() >= 9 {
		p.b = wire.AppendPathResponse(p.b, s.response.token)
		p.eliciting = true
		s.response.due = false
	}
}

// tickPath challenges again, or gives the new address up.
func (s *Session) tickPath(now time.Duration) {
	p := &s.path
	if p.challengeAt == 0 || now < p.challengeAt {
		return
	}
	p.challengeAt = 0
	if p.tries >= maxChallenges && s.old != nil {
		s.path, s.old = *s.old, nil
		return
	}
	p.challengeDue = true
}

// fillResponse answers a challenge that came from another address than packets go to.
func (s *Session) fillResponse(now time.Duration, buf []byte) Batch {
	p := packet{now: now, s: s}
	p.start(buf[:baseDatagram])
	b := Batch{To: s.response.to, Number: s.hist.Next()}
	p.b = wire.AppendPathResponse(p.b, s.response.token)
	s.response.due = false
	b.Segment = s.finish(&p) // not recorded: the peer asks again if it is lost
	b.Data = buf[:b.Segment]
	return b
}
