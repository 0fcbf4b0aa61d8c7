package session

import (
	"net/netip"
	"time"

	"github.com/icos-go/icos/rapid/internal/wire"
)

// Batch is datagrams to send to one address, one after the other in Data.
type Batch struct {
	To      netip.AddrPort
	Data    []byte // in the buffer given to Fill
	Segment int    // size of each datagram; the last may be shorter
	Number  uint64 // packet number of the first; those of the others follow
}

// Seal encrypts the datagrams of b in place. It may run beside any other method,
// but not beside itself, and batches have to come in the order of Fill; leaving
// some out is allowed.
func (s *Session) Seal(b Batch) {
	for pn, rest := b.Number, b.Data; len(rest) > 0; pn++ {
		n := min(b.Segment, len(rest))
		s.sealer.Seal(rest[:n-wire.TagLen:n], s.cfg.ID, pn)
		rest = rest[n:]
	}
}

// Fill lets time pass until now, and then builds the datagrams that may go out now in
// buf, which should have MaxBatch bytes and at least MaxDatagram. They have to
// be given to Seal and then sent. An empty batch means that there is nothing to do
// before the Deadline.
func (s *Session) Fill(now time.Duration, buf []byte) Batch {
	s.now = now
	s.tick(now)
	s.boundSpan(now)
	switch {
	case s.err != nil:
		return s.fillClose(now, buf)
	case !s.path.addr.IsValid():
		return Batch{}
	case s.response.due && s.response.to != s.path.addr:
		return s.fillResponse(now, buf)
	case s.mtu.due(now, s):
		return s.fillProbe(now, buf)
	}
	return s.fillOrdinary(now, buf)
}

// boundSpan ends the session with a peer that has packets acknowledged without end and acknowledges none: what is
// remembered of those would grow. What data there is in flight has but half of the numbers.
func (s *Session) boundSpan(now time.Duration) {
	if s.hist.Span() < 2*maxSpan {
		return
	}
	if s.settle(now); s.hist.Span() >= 2*maxSpan {
		s.violate("packets are not acknowledged")
	}
}

// allowance says how much may be sent now, in bytes of datagrams that are to be acknowledged.
type allowance struct {
	bytes int
	limit Limit // why not more
}

func (s *Session) allowance(now time.Duration) allowance {
	a := allowance{bytes: s.pacer.budget(now, s), limit: LimitPacing}
	if w := s.cc.Window() - s.inFlight; w < a.bytes {
		a = allowance{bytes: w, limit: LimitWindow}
	}
	if s.hist.Span() >= maxSpan {
		a = allowance{limit: LimitWindow}
	}
	return a
}

func (s *Session) fillOrdinary(now time.Duration, buf []byte) Batch {
	size := s.mtu.size
	if s.timers.small() {
		size = baseDatagram
	}
	may := s.allowance(now)
	b := Batch{To: s.path.addr, Segment: size, Number: s.hist.Next()}
	p := packet{now: now, s: s}
	sent := 0 // of may
	for len(buf)-len(b.Data) >= size {
		room := min(size, s.path.budget())
		if room < minRoom {
			may.limit = LimitPath
			break
		}
		p.start(buf[len(b.Data) : len(b.Data)+room])
		probing := s.timers.probes > 0
		more := probing || sent+size <= may.bytes && s.wants()
		s.build(&p, more, len(b.Data) == 0)
		if p.empty() {
			ack, due := s.acks.Due()
			s.path.cramped = room < size && (more || due && ack <= now)
			break
		}
		n := s.finish(&p)
		if p.eliciting {
			sent += n
			if probing {
				s.timers.probes--
			}
		}
		b.Data = buf[:len(b.Data)+n]
		if n < size {
			break
		}
	}
	s.pacer.sent(now, sent, s)
	switch {
	case s.wants():
		s.limit = may.limit
	case s.sched.blocked.first != nil || s.unsent > 0:
		s.limit = LimitReceiver
	default:
		s.limit = LimitApp
	}
	// With a full window, it is not for want of data that no more is sent.
	if idle := s.limit == LimitApp || s.limit == LimitReceiver; idle && s.cc.Window()-s.inFlight >= size {
		s.cc.AppLimited()
	}
	if len(b.Data) < b.Segment {
		b.Segment = len(b.Data)
	}
	return b
}

// minRoom is the smallest packet that is worth to be sent to an address that is not
// validated: there is room for a challenge.
const minRoom = 64

// wants reports whether there is something to send that is to be acknowledged.
func (s *Session) wants() bool {
	return s.pending != 0 || !s.control.empty() || s.sched.next() != nil || s.parityAt() <= s.now
}

// packet is one being built.
type packet struct {
	s         *Session
	now       time.Duration
	b         []byte // header room and frames; its capacity is what the frames may take
	refs      uint32
	n         uint16
	eliciting bool
	full      bool // a STREAM without length ends it
	least     int  // size of the datagram
}

func (p *packet) start(room []byte) {
	p.b = room[: wire.HeaderLen : len(room)-wire.TagLen]
	p.refs, p.n, p.eliciting, p.full, p.least = p.s.refs.tail, 0, false, false, 0
}

func (p *packet) empty() bool { return len(p.b) == wire.HeaderLen }

// room returns how many bytes of frames still fit.
func (p *packet) room() int {
	if p.full {
		return 0
	}
	return cap(p.b) - len(p.b)
}

// ref notes what has to be sent again if the packet is lost.
func (p *packet) ref(f ref) {
	p.s.refs.add(f)
	p.n++
	p.eliciting = true
}

// build puts into p what is to go out: an acknowledgement if it is due or costs no packet of its own, and, if
// more is true, frames that are to be acknowledged.
func (s *Session) build(p *packet, more, first bool) {
	due, waiting := s.acks.Due()
	switch due := waiting && due <= p.now; {
	case due && s.acks.Ranges().Len() > inlineRanges:
		s.putAck(p) // of a good size: by itself, so that the packets after it are full
		return
	case due, waiting && first && more && s.acks.Ranges().Len() <= inlineRanges:
		s.putAck(p)
	}
	if s.floorDue(p.now) && (more || !p.empty()) && p.room() > 9 {
		s.floor.sent, s.floor.at = s.hist.First(), p.now
		p.b = wire.AppendFloor(p.b, s.floor.sent)
	}
	s.putPath(p) // by itself it is small, and not to be held up
	if !more {
		return
	}
	s.putSession(p)
	s.putControl(p)
	s.putStreams(p)
	s.putParity(p)
	if s.timers.probes > 0 && !p.eliciting && p.room() > 0 {
		p.b = wire.AppendPing(p.b)
		p.eliciting = true
	}
	// A packet that is nearly full is made full, as the next has to be of the same size.
	if r := p.room(); p.eliciting && r > 0 && r < minFrame && s.wants() {
		p.least = max(p.least, cap(p.b)+wire.TagLen)
	}
}

// inlineRanges is how many ranges an acknowledgement has at most to share a packet with data.
const inlineRanges = 32

// minFrame is how much room is worth to begin a STREAM frame in.
const minFrame = 48

// finish completes the packet and records it. It returns the size of the datagram.
func (s *Session) finish(p *packet) int {
	if pad := min(p.least-wire.TagLen, cap(p.b)) - len(p.b); pad > 0 {
		p.b = wire.AppendPadding(p.b, pad)
	}
	size := len(p.b) + wire.TagLen
	s.count.SentPackets++
	s.count.SentBytes += uint64(size)
	s.path.sent += uint64(size)
	if !p.eliciting {
		s.hist.Skip()
		return size
	}
	_, rec := s.hist.Add(p.now)
	rec.Data.refs, rec.Data.n, rec.Data.size = p.refs, p.n, uint16(size)
	s.cc.Sent(p.now, &rec.Data.cc, size)
	if s.inFlight == 0 {
		s.timers.silent = p.now
	}
	s.inFlight += size
	s.timers.eliciting = p.now
	return size
}

func (s *Session) putAck(p *packet) {
	r := s.acks.Ranges()
	i := r.Len() - 1
	if i < 0 { // the peer has said that it needs no acknowledgement any more
		s.acks.Sent()
		return
	}
	top := r.At(i)
	w, ok := wire.StartAck(p.b, p.room(), wire.Range{Low: top.Start, High: top.End - 1}, s.acks.Age(p.now), s.count.HostDropped)
	if !ok {
		return
	}
	for i--; i >= 0; i-- {
		g := r.At(i)
		if !w.Add(wire.Range{Low: g.Start, High: g.End - 1}) {
			break
		}
	}
	p.b = w.Finish()
	s.acks.Sent()
}

// putStreams adds data of streams, whoever's turn it is.
func (s *Session) putStreams(p *packet) {
	for p.room() >= minFrame {
		st := s.sched.next()
		if st == nil {
			return
		}
		n := s.putStream(p, st)
		switch {
		case st.sendable() && n == 0:
			s.sched.block(st)
		case st.sendable():
			s.sched.used(st, n)
		default:
			s.sched.rest(st)
		}
		s.wakeWriter(st)
	}
}

// putStream adds one STREAM frame of st, of what was lost if there is any. It returns how much
// it took, 0 if it is not allowed to send.
func (s *Session) putStream(p *packet, st *Stream) int {
	off, avail, again := st.out.Next(), uint64(0), false
	r, from := st.out.Resend()
	if from != nil {
		off, avail, again = r.Start, r.Len(), true
	} else if allowed := min(st.outLimit, st.out.End()); allowed > off {
		avail = min(allowed-off, s.sendLimit-s.sendTotal)
	}
	room := p.room()
	head := wire.StreamOverhead(st.id, off)
	n := int(min(avail, uint64(room-head)))
	fin := st.needFin && off+uint64(n) == st.out.End()
	if n == 0 && !fin {
		return 0
	}
	last := true
	if n < room-head {
		// The length is left out only if the data then ends with the packet.
		if head = wire.StreamOverheadLen(st.id, off, n); head+n <= room {
			last = false
		} else {
			pad := room - n - wire.StreamOverhead(st.id, off)
			p.b = wire.AppendPadding(p.b, pad)
		}
	}
	copied := false
	p.b = wire.AppendStreamHead(p.b, st.id, off, n, fin, last)
	data := p.b[len(p.b) : len(p.b)+n]
	if again {
		if st.out.TakeAgain(from, data) && s.mayCopy(n) {
			st.out.Copy(off, off+uint64(n))
			copied = true
		}
		s.count.RetransmittedBytes += uint64(n)
	} else {
		st.out.TakeNew(data)
		s.sendTotal += uint64(n)
		s.unsent -= n
		s.count.Sent += uint64(n)
		if st.out.Unsent() == 0 {
			s.dry(st)
		}
	}
	p.b = p.b[:len(p.b)+n]
	p.full = last || copied // the copy goes into another packet
	if fin {
		st.needFin = false
	}
	p.ref(ref{st: st, off: off, n: uint32(n), kind: refData, fin: fin, again: again})
	return n + head
}

// mayCopy reports whether n bytes may be sent twice, and counts them: of all that is
// sent, no more than one part in 100, apart from a beginning.
func (s *Session) mayCopy(n int) bool {
	if s.copies+uint64(n) > s.count.Sent/100+firstCopies {
		return false
	}
	s.copies += uint64(n)
	return true
}

const firstCopies = 32 << 10
