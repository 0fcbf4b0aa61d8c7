package session

import (
	"time"

	"github.com/icos-go/icos/rapid/internal/flow"
	"github.com/icos-go/icos/rapid/internal/wire"
)

// onAck takes in an ACK: what it says for the first time is acknowledged, what
// that overtakes may be lost. The work is that of what is new, and a look at 64
// packets at a time at what is not.
func (s *Session) onAck(now time.Duration, a *wire.Acks) {
	if a.Largest >= s.hist.Next() {
		s.violate("acknowledged a packet that was not sent")
		return
	}
	s.cc.Ack(now)
	var rtt time.Duration
	if !s.anyAcked || a.Largest > s.largest {
		s.anyAcked, s.largest = true, a.Largest
		if _, ok := s.hist.Awaited(a.Largest, a.Largest+1); ok {
			at := s.hist.At(a.Largest).At
			rtt = s.rtt.Sample(now-at, min(a.Delay, s.peerDelay))
		}
	}
	if a.Dropped > s.count.PeerDropped {
		s.cc.HostDropped(int(min(a.Dropped-s.count.PeerDropped, 1<<20)))
		s.count.PeerDropped = a.Dropped
	}
	acked := false
	for it := a.Ranges(); ; {
		r, ok := it.Next()
		if !ok || r.High < s.hist.First() {
			break
		}
		for pn, ok := s.hist.Awaited(r.Low, r.High+1); ok; pn, ok = s.hist.Awaited(pn+1, r.High+1) {
			s.acked(pn)
			acked = true
		}
		for pn, ok := s.hist.Missed(r.Low, r.High+1); ok; pn, ok = s.hist.Missed(pn+1, r.High+1) {
			s.late(now, pn)
		}
	}
	if acked {
		s.timers.tries, s.timers.silent = 0, now
	}
	s.detectLost(now)
	s.cc.Done(now, rtt)
	s.settle(now)
	s.growSendBuffer()
}

// acked settles packet pn, which came.
func (s *Session) acked(pn uint64) {
	rec := &s.hist.At(pn).Data
	s.hist.Ack(pn)
	if rec.probe {
		s.mtu.passed(int(rec.size))
		s.cc.SetDatagram(s.mtu.size)
	} else {
		s.inFlight -= int(rec.size)
		s.cc.Acked(&rec.cc)
		s.parity.loss.add(1, 0)
		s.mtu.acked(pn, int(rec.size))
	}
	s.ackRefs(rec)
}

// late settles packet pn, which came after it was declared lost.
func (s *Session) late(now time.Duration, pn uint64) {
	p := s.hist.At(pn)
	s.hist.Ack(pn)
	s.count.SpuriousPackets++
	if p.Data.probe {
		s.mtu.passed(int(p.Data.size))
		s.cc.SetDatagram(s.mtu.size)
	} else {
		s.cc.Late(&p.Data.cc)
		s.parity.loss.add(1, -1)
		s.reorder.Wrong(now, now-p.At-s.rtt.Smoothed, s.rtt.Smoothed)
	}
	s.ackRefs(&p.Data)
}

func (s *Session) ackRefs(rec *sent) {
	for i := range uint32(rec.n) {
		switch f := s.refs.at(rec.refs + i); f.kind {
		case refData:
			f.st.acked(f)
		case refStream:
			f.st.controlAcked(streamPending(f.n))
		case refSession:
		}
	}
}

// detectLost declares lost what was overtaken for long enough, and sets the time to look again.
// It belongs between Ack and Done of the congestion controller.
func (s *Session) detectLost(now time.Duration) {
	s.timers.loss = 0
	if !s.anyAcked {
		return
	}
	for pn, ok := s.hist.Awaited(0, s.largest); ok; pn, ok = s.hist.Awaited(pn+1, s.largest) {
		lost, until := s.reorder.Lost(now, s.hist.At(pn).At, s.largest-pn, &s.rtt)
		if !lost {
			s.timers.loss = until
			return
		}
		s.lost(now, pn)
	}
}

// lost declares packet pn lost, and queues again what was in it.
func (s *Session) lost(now time.Duration, pn uint64) {
	rec := &s.hist.At(pn).Data
	s.hist.Lose(now, pn)
	if rec.probe {
		s.mtu.failed(now, int(rec.size), s.rtt.Estimate())
		return
	}
	s.inFlight -= int(rec.size)
	s.cc.Lost(&rec.cc)
	s.parity.loss.add(0, 1)
	s.count.LostPackets++
	s.count.LostBytes += uint64(rec.size)
	s.again(rec)
	if s.mtu.lost(now, pn, int(rec.size), s.largest) {
		s.cc.SetDatagram(s.mtu.size)
	}
}

// again queues what was in a packet to be sent again.
func (s *Session) again(rec *sent) {
	for i := range uint32(rec.n) {
		switch f := s.refs.at(rec.refs + i); f.kind {
		case refData:
			f.st.lost(f)
		case refStream:
			f.st.controlLost(streamPending(f.n))
		case refSession:
			s.pending |= pending(f.n)
		}
	}
}

// settle forgets what needs no memory any more.
func (s *Session) settle(now time.Duration) {
	first := s.hist.Settle(now - s.rtt.Estimate()/4)
	if s.hist.Span() == 0 {
		s.refs.release(s.refs.tail)
	} else {
		s.refs.release(s.hist.At(first).Data.refs)
	}
}

// floorState is what the peer was told that needs no acknowledgement any more.
type floorState struct {
	sent uint64
	at   time.Duration
}

// floorStep is how many packet numbers make it worth to tell the peer.
const floorStep = 64

func (s *Session) floorDue(now time.Duration) bool {
	return s.hist.First() >= s.floor.sent+floorStep && now-s.floor.at >= ackDelay(&s.rtt)
}

// ackDelay returns how long to wait for more packets before acknowledging: an eighth
// of a round trip, between 1 and 10 ms.
func ackDelay(r *flow.RTT) time.Duration {
	return min(max(r.Smoothed/8, time.Millisecond), maxAckDelay)
}

// ackEvery returns after how many packets an acknowledgement does not wait longer. On short paths,
// where all that is in flight comes within the time that it would wait, they are about what one batch holds.
func ackEvery(r *flow.RTT) int {
	if r.Smoothed < 8*time.Millisecond {
		return 64
	}
	return 256
}

// prompt is how many packets are acknowledged at once in the beginning, when the sender knows
// nothing yet.
const prompt = 32
