package session

import (
	"net/netip"
	"time"

	"github.com/icos-go/icos/rapid/internal/wire"
)

// Packet is an authentic packet. Its payload is in the buffer of its datagram.
type Packet struct {
	Number  uint64
	Payload []byte
	Size    int // of the datagram
}

// Decrypt opens datagram in place. It may run beside any other method, but not
// beside itself. An error says only that the datagram is to be ignored.
func (s *Session) Decrypt(datagram []byte) (Packet, error) {
	pn, payload, err := s.opener.Open(datagram)
	return Packet{Number: pn, Payload: payload, Size: len(datagram)}, err
}

// Handle takes in a packet of Decrypt. It copies what it keeps. It reports whether the packet had not come before.
func (s *Session) Handle(now time.Duration, from netip.AddrPort, pk Packet) (fresh bool) {
	s.now = now
	if s.replay.Seen(pk.Number) {
		s.count.Replayed++
		return false
	}
	s.take(now, from, pk)
	return true
}

// take takes in a packet that has not come before.
func (s *Session) take(now time.Duration, from netip.AddrPort, pk Packet) {
	s.count.ReceivedPackets++
	s.count.ReceivedBytes += uint64(pk.Size)
	if s.err != nil {
		s.closing.heard(now, pk.Payload)
		return
	}
	s.timers.received = now
	s.arrivedFrom(from, pk)
	eliciting, urgent := false, false
	p := wire.Parse(pk.Payload)
	for p.Next() {
		f := &p.Frame
		eliciting = eliciting || f.Type.Eliciting()
		urgent = urgent || f.Type == wire.Ping
		s.onFrame(now, from, f)
		if s.err != nil {
			return
		}
	}
	if err := p.Err(); err != nil {
		s.violate(err.Error())
		return
	}
	s.acks.Receive(now, pk.Number, eliciting, ackDelay(&s.rtt), ackEvery(&s.rtt))
	if eliciting {
		s.elicited++
		s.timers.pings = 0
	}
	if urgent || s.elicited < prompt {
		s.acks.Now()
	}
}

func (s *Session) onFrame(now time.Duration, from netip.AddrPort, f *wire.Frame) {
	switch f.Type {
	case wire.Stream:
		s.onStream(now, f)
	case wire.Ack:
		s.onAck(now, &f.Ack)
	case wire.Floor:
		s.acks.Floor(f.PN)
	case wire.Greeting:
		s.onHello(&f.Hello)
	case wire.Open:
		s.onOpen(f)
	case wire.Parity:
		s.onParity(now, f)
	case wire.Repaired:
		s.onRepaired(f)
	case wire.Reset:
		s.onReset(now, f)
	case wire.Stop:
		s.onStop(f)
	case wire.MaxData:
		if f.Max > s.sendLimit {
			s.sendLimit = f.Max
			s.sched.unblock()
		}
	case wire.MaxStreamData:
		if st := s.find(f.Stream); st != nil && f.Max > st.outLimit {
			st.outLimit = f.Max
			s.activate(st)
		}
	case wire.MaxStreams:
		if !s.cfg.Client {
			s.violate("client allowed streams")
			return
		}
		s.mayOpen = max(s.mayOpen, f.Max)
	case wire.Rates:
		s.onRates(f)
	case wire.PathChallenge:
		s.response = response{to: from, token: f.Token, due: true}
	case wire.PathResponse:
		s.onPathResponse(now, f.Token)
	case wire.Close:
		s.fail(&PeerError{Code: f.Code, Reason: string(f.Text)})
	case wire.Padding, wire.Ping:
	}
}

// minIdle bounds what a peer can say of its idle timeout.
const minIdle = 5 * time.Second

func (s *Session) onHello(h *wire.Hello) {
	if s.greeted {
		return // sent again
	}
	s.greeted = true
	if h.MaxDatagram != 0 {
		s.mtu.allow(int(min(h.MaxDatagram, uint64(s.cfg.MaxDatagram))))
	}
	if h.MaxAckDelay != 0 {
		s.peerDelay = min(h.MaxAckDelay, time.Second)
	}
	if h.IdleTimeout != 0 {
		s.peerIdle = max(h.IdleTimeout, minIdle)
	}
	if r := float64(h.MaxRate); r > 0 && (s.cfg.CC.Cap == 0 || r < s.cfg.CC.Cap) {
		s.cc.SetCap(r)
	}
	s.parity.most = int(min(h.MaxParity, maxParity))
	if h.MaxData > s.sendLimit {
		s.sendLimit = h.MaxData
		s.sched.unblock()
	}
	s.mayOpen = max(s.mayOpen, h.MaxStreams)
	if h.MaxStreamData > s.outLimit {
		s.outLimit = h.MaxStreamData
		for _, st := range s.streams { // once in a session
			st.outLimit = max(st.outLimit, s.outLimit)
			s.activate(st)
		}
	}
}

func (s *Session) onOpen(f *wire.Frame) {
	if s.cfg.Client {
		s.violate("server opened a stream")
		return
	}
	st := s.find(f.Stream)
	if st == nil || st.announced {
		return
	}
	st.announced = true
	if st.peerErr != nil { // broken off before it was known
		return
	}
	st.dest = string(f.Text)
	s.accepted.push(st)
	if st.in.Ready() > 0 || st.finalKnown {
		st.wake(Readable)
	}
}

// arrive checks that the peer may have sent up to end of st, and, if final, that
// this is where the stream ends.
func (s *Session) arrive(now time.Duration, st *Stream, end uint64, final bool) bool {
	if st.finalKnown && (end > st.final || final && end != st.final) || final && end < st.credit.Arrived() {
		s.violate("stream has two ends")
		return false
	}
	if final {
		st.final, st.finalKnown = end, true
	}
	if n := end - min(end, st.credit.Arrived()); n > 0 {
		rtt := s.rtt.Estimate()
		if !st.credit.Arrive(now, n, rtt) || !s.credit.Arrive(now, n, rtt) {
			s.violate("more data than allowed")
			return false
		}
		s.growWindows(st)
		if st.discard {
			s.consume(n)
		}
	}
	return true
}

// bulky is how much has to come over a stream for its window to be widened without need.
const bulky = 32 << 10

// growWindows gives more credit if what there is would limit the peer. A stream has half of the session's
// at most, so that one that nobody reads does not stop the others. What many streams leave unread does not keep the
// session's window small: each of theirs does not grow.
func (s *Session) growWindows(st *Stream) {
	short := st.credit.Short(uint64(st.in.Ready())) && !st.discard && !st.finalKnown
	narrow := short && s.credit.Window() < 4*st.credit.Window()
	if (narrow || s.credit.Short(0)) && s.credit.Grow(s.cfg.Limits.More) {
		s.consume(0)
	}
	switch {
	case short && s.credit.Window() >= 4*st.credit.Window() && st.credit.Grow(nil),
		!st.discard && !st.finalKnown && st.credit.Arrived() >= bulky && uint64(st.in.Ready()) < st.credit.Window()/4 && st.credit.Widen(s.usualWindow()):
		st.tellCredit()
	}
}

func (s *Session) onStream(now time.Duration, f *wire.Frame) {
	st := s.find(f.Stream)
	if st == nil || !s.arrive(now, st, f.Offset+uint64(len(f.Data)), f.Fin) {
		return
	}
	st.cameAt = now
	if st.discard {
		st.discarded()
		return
	}
	before, gaps := st.in.Ready(), st.in.Gaps()
	fresh, err := st.in.Write(f.Offset, f.Data, &s.pool)
	s.gaps += st.in.Gaps() - gaps
	if err != nil || s.gaps > maxGaps {
		s.violate("too many gaps")
		return
	}
	s.count.Received += uint64(fresh)
	s.count.DuplicateBytes += uint64(len(f.Data) - fresh)
	more := st.in.Ready() - before
	s.unread += more
	if st.announced && (more > 0 || f.Fin && st.in.Complete() == st.final) {
		st.wake(Readable)
	}
	if fresh > 0 && len(st.repairs) > 0 {
		s.arrived(st, f.Offset, f.Offset+uint64(len(f.Data)))
	}
}

// discarded notes that something came that nobody will read.
func (st *Stream) discarded() {
	if st.finalKnown && !st.recvOver {
		st.recvOver = true
		st.retire()
	}
}

func (s *Session) onReset(now time.Duration, f *wire.Frame) {
	st := s.find(f.Stream)
	if st == nil || !s.arrive(now, st, f.Size, true) || st.peerErr != nil || st.recvOver {
		return
	}
	err := &ResetError{Code: f.Code, Reason: string(f.Text)}
	st.peerErr = err
	if !st.discard {
		st.giveUp()
		st.readErr = err
	}
	if !st.announced { // nobody will ever send on it
		st.resetSend(wire.Canceled, "", err)
	}
	if st.fin == finReset && st.sendErr != ErrWriteClosed {
		st.sendErr = err // its STOP was here before and gave no reason
	}
	st.recvOver = true
	st.wake(Readable)
	st.retire()
}

func (s *Session) onStop(f *wire.Frame) {
	st := s.find(f.Stream)
	if st == nil || st.sendOver || st.fin == finReset {
		return
	}
	err := st.peerErr
	if err == nil {
		err = &ResetError{Code: f.Code}
	}
	st.resetSend(f.Code, "", err)
	st.wake(Writable)
}
