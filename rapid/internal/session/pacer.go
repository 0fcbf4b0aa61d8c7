package session

import "time"

// pacer spreads what is sent by the rate of the congestion controller: a
// token bucket, kept as the time when it is empty.
type pacer struct {
	next time.Duration // nothing may be sent before
}

// slack returns for how long the bucket fills: how much later than its time a
// sender may wake without sending less. A timer that is late by a millisecond or,
// on a busy machine, more, should not cost throughput; a burst should stay
// short beside the round trip.
func (p *pacer) slack(s *Session) time.Duration {
	return min(max(s.rtt.Min/8, time.Millisecond), 10*time.Millisecond)
}

// budget returns how many bytes may be sent now.
func (p *pacer) budget(now time.Duration, s *Session) int {
	if now < p.next {
		return 0
	}
	behind := now - max(p.next, now-p.slack(s))
	return max(s.cc.Quantum(), int(behind.Seconds()*s.cc.Rate()))
}

// sent takes n bytes off the budget.
func (p *pacer) sent(now time.Duration, n int, s *Session) {
	if n == 0 {
		return
	}
	p.next = max(p.next, now-p.slack(s)) + time.Duration(float64(n)/s.cc.Rate()*float64(time.Second))
}
