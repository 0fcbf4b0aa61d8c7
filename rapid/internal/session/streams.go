package session

import (
	"github.com/icos-go/icos/rapid/internal/wire"
)

// Open opens a stream to destination, of which the peer is told with the next packet;
// data may follow at once. It fails with ErrStreamLimit, ErrDestination or the
// session's error. Only clients open streams.
func (s *Session) Open(destination string) (*Stream, error) {
	switch {
	case s.err != nil:
		return nil, s.err
	case !s.cfg.Client || s.nextStream >= s.mayOpen:
		return nil, ErrStreamLimit
	case len(destination) == 0 || len(destination) > wire.MaxDestination:
		return nil, ErrDestination
	}
	st := s.newStream(s.nextStream)
	s.nextStream++
	st.dest, st.announced = destination, true
	st.pend(pendOpen)
	if st.credit.Widen(s.usualWindow()) {
		st.tellCredit()
	}
	return st, nil
}

// Openable returns how many more streams the peer allows to be opened now.
func (s *Session) Openable() int {
	if !s.cfg.Client || s.err != nil {
		return 0
	}
	return int(s.mayOpen - s.nextStream)
}

// Accept returns the next stream that the peer has opened, or nil.
func (s *Session) Accept() *Stream {
	for !s.accepted.empty() {
		if st := s.accepted.pop(); !st.gone {
			return st
		}
	}
	return nil
}

// Woken returns a stream with its news since it was last returned, or nil when there
// are no more. A session that fails or ends wakes all its streams.
func (s *Session) Woken() (*Stream, Events) {
	if s.woken.empty() {
		return nil, 0
	}
	st := s.woken.pop()
	ev := st.events
	st.events = 0
	return st, ev
}

func (st *Stream) wake(ev Events) {
	if st.events == 0 {
		st.s.woken.push(st)
	}
	st.events |= ev
}

// find returns the stream that a frame of the peer is for; nil if it is over, or
// if the frame breaks the protocol, which ends the session.
func (s *Session) find(id uint64) *Stream {
	if s.last != nil && s.last.id == id {
		return s.last
	}
	if st := s.streams[id]; st != nil {
		s.last = st
		return st
	}
	switch {
	case s.cfg.Client:
		if id >= s.nextStream {
			s.violate("frame for a stream that was not opened")
		}
		return nil
	case id >= s.peerLimit:
		s.violate("more streams than allowed")
		return nil
	case s.peerOpened.Add(id, id+1) == 0:
		return nil // it was, and is gone
	}
	s.last = s.newStream(id)
	s.allowStreams()
	return s.last
}

// retire lets go of the stream if both its ways are over.
func (st *Stream) retire() {
	if !st.sendOver || !st.recvOver || st.gone {
		return
	}
	s := st.s
	st.gone = true
	s.sched.remove(st)
	s.unread -= st.in.Ready()
	st.dropAll()
	st.in.Drop(&s.pool)
	delete(s.streams, st.id)
	if s.last == st {
		s.last = nil
	}
	st.wake(Gone | Readable | Writable)
	if s.cfg.Client {
		return
	}
	s.peerGone++
	s.allowStreams()
}

// allowStreams tells the client that it may open as many streams more as are gone, when they are
// many or when it has few left.
func (s *Session) allowStreams() {
	most := uint64(max(s.cfg.Limits.Streams, firstStreams))
	limit := s.peerGone + most
	if limit == s.peerLimit {
		return
	}
	left := s.peerLimit
	if n := s.peerOpened.Len(); n > 0 {
		left -= s.peerOpened.At(n - 1).End
	}
	if limit-s.peerLimit >= most/8 || left <= most/8 {
		s.peerLimit = limit
		s.pending |= pendMaxStreams
	}
}

// consume gives the peer credit for n bytes that hold no memory any more.
func (s *Session) consume(n uint64) {
	s.credit.Consume(n)
	if _, worth := s.credit.Update(); worth {
		s.pending |= pendMaxData
	}
}

// Bounds of how much a stream holds that was never sent: enough for the
// sender not to run dry until the writer has been woken.
const (
	minUnsent  = 32 << 10
	someUnsent = 256 << 10
	mostUnsent = 2 << 20
)

// unsentLimit returns how much st may hold that was never sent. The senior needs most, however much the others hold.
func (s *Session) unsentLimit(st *Stream) int {
	if s.unsent > 4*mostUnsent && st != s.sched.senior {
		return minUnsent
	}
	return min(max(someUnsent, s.cc.Window()/2), mostUnsent)
}

// room returns how much may be written to st now.
func (s *Session) room(st *Stream) int {
	return max(0, min(s.unsentLimit(st)-st.out.Unsent(), s.sendBuffer-s.sendHeld))
}

// growSendBuffer makes room for what the congestion window lets be in flight, and
// half as much to be written meanwhile, up to the limit.
func (s *Session) growSendBuffer() {
	for s.sendBuffer < s.cfg.Limits.SendBuffer && s.sendBuffer < 2*s.cc.Window() {
		more := min(s.sendBuffer, s.cfg.Limits.SendBuffer-s.sendBuffer)
		if s.cfg.Limits.More != nil && !s.cfg.Limits.More(more) {
			return
		}
		s.sendBuffer += more
	}
}

// activate lets st take turns if it has something to send that flow control allows.
func (s *Session) activate(st *Stream) {
	switch {
	case !st.sendable():
	case st.slot.list != &s.sched.blocked:
		s.sched.add(st)
	case st.out.HasLost(): // needs no credit; and there may be none before it is there
		s.sched.remove(st)
		s.sched.add(st)
	}
}

// sendable reports whether st could send something, as far as its own flow control goes.
func (st *Stream) sendable() bool {
	if st.out.HasLost() || st.needFin && st.out.Unsent() == 0 {
		return true
	}
	return st.out.Unsent() > 0 && st.out.Next() < st.outLimit
}

// wakeWriter tells the writer of st, which had to wait, when a good deal of room is free. If there is none in
// the buffer of all streams, st is asked again when there is; if it is its own, when it has sent something.
func (s *Session) wakeWriter(st *Stream) {
	if !st.wantWrite || st.starved {
		return
	}
	limit := s.unsentLimit(st)
	switch deal := min(limit/2, someUnsent, max(s.sendBuffer/4, 1)); {
	case limit-st.out.Unsent() < deal:
	case s.sendBuffer-s.sendHeld < deal:
		st.starved = true
		s.starved = append(s.starved, st)
	default:
		st.wantWrite = false
		st.wake(Writable)
	}
}

// freed notes that n bytes are held no more.
func (s *Session) freed(n int) {
	s.sendHeld -= n
	if len(s.starved) == 0 || s.sendHeld > s.sendBuffer/4*3 {
		return
	}
	for i, st := range s.starved {
		st.starved = false
		s.wakeWriter(st) // there is a quarter: it does not starve again
		s.starved[i] = nil
	}
	s.starved = s.starved[:0]
}

// acked notes that the peer has what f stands for.
func (st *Stream) acked(f *ref) {
	if st.sendOver || st.fin == finReset {
		return
	}
	st.has(f.off, f.off+uint64(f.n), f.fin)
}

// has notes that the peer has [start, end), and with fin the end of the stream.
func (st *Stream) has(start, end uint64, fin bool) {
	s := st.s
	if start < end {
		before := st.out.Held()
		st.out.Ack(start, end, &s.pool)
		s.freed(before - st.out.Held())
	}
	if fin {
		st.fin, st.needFin = finAcked, false
	}
	if st.fin == finAcked && st.out.Done() {
		st.sendOver = true
		s.sched.remove(st)
		st.retire()
	}
}

// lost queues again what f stands for.
func (st *Stream) lost(f *ref) {
	if st.sendOver || st.fin == finReset {
		return
	}
	// What is lost for the second time, or is the last that a stream has and not covered by parity, holds up the
	// reader: it is sent twice, within bounds. So is what startup loses, since then most comes meanwhile,
	// for which the receiver has to find room.
	end := f.off + uint64(f.n)
	last := st.out.Unsent() == 0 && st.fin != finOpen && end > st.covered
	st.out.Lose(f.off, end, f.again || last || st.s.cc.Starting())
	if f.fin && st.fin != finAcked {
		st.needFin = true
	}
	st.s.activate(st)
}

func (st *Stream) controlAcked(p streamPending) {
	if p&pendReset != 0 && !st.sendOver {
		st.sendOver = true
		st.retire()
	}
}

func (st *Stream) controlLost(p streamPending) {
	if st.gone {
		return
	}
	if st.fin == finReset {
		p &^= pendOpen
	}
	if st.finalKnown || st.recvOver {
		p &^= pendCredit | pendStop
	}
	if st.discard {
		p &^= pendCredit
	}
	if p != 0 {
		st.pend(p)
	}
}
