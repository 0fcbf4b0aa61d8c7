package cc

import "time"

// A Packet is what a Controller remembers of a packet in flight. The owner
// embeds it in its own record, so that nothing is allocated for it, and leaves
// its contents alone.
type Packet struct {
	sent          time.Duration
	firstSent     time.Duration // when the newest packet delivered by then was sent
	deliveredTime time.Duration
	delivered     int64 // bytes delivered when this one was sent
	inflight      int64 // bytes in flight with this one
	size          int32
	appLimited    bool
}

// A sampler measures the delivery rate as
// draft-ietf-ccwg-bbr, section 4.1 does: what was delivered between the sending
// and the acknowledgement of a packet, divided by the longer of the times that
// sending and acknowledging took. The longer, because acknowledgements that
// arrive compressed would show more than the path carries.
type sampler struct {
	delivered     int64
	deliveredTime time.Duration
	firstSent     time.Duration
	inflight      int64
	appLimited    int64 // delivered count at which the last bubble has left; 0 none

	newest Packet // of the packets acknowledged in this event, the last one sent
	any    bool
	acked  int64 // bytes acknowledged in this event
}

func (s *sampler) sent(now time.Duration, p *Packet, size int) {
	if s.inflight == 0 {
		s.firstSent, s.deliveredTime = now, now
	}
	s.inflight += int64(size)
	*p = Packet{
		sent: now, firstSent: s.firstSent, deliveredTime: s.deliveredTime,
		delivered: s.delivered, inflight: s.inflight, size: int32(size),
		appLimited: s.appLimited != 0,
	}
}

func (s *sampler) begin() { s.any, s.acked = false, 0 }

func (s *sampler) ack(p *Packet, now time.Duration) {
	s.delivered += int64(p.size)
	s.acked += int64(p.size)
	s.deliveredTime = now
	if !s.any || p.sent > s.newest.sent || p.sent == s.newest.sent && p.delivered >= s.newest.delivered {
		s.newest, s.any = *p, true
	}
}

// sample returns the delivery rate in bytes a second, zero if this event
// shows none.
func (s *sampler) sample() float64 {
	if !s.any {
		return 0
	}
	p := &s.newest
	elapsed := max(p.sent-p.firstSent, s.deliveredTime-p.deliveredTime)
	s.firstSent = p.sent
	if s.appLimited != 0 && s.delivered > s.appLimited {
		s.appLimited = 0
	}
	if elapsed <= 0 {
		return 0
	}
	return float64(s.delivered-p.delivered) / elapsed.Seconds()
}

func (s *sampler) limited() { s.appLimited = max(s.delivered+s.inflight, 1) }
