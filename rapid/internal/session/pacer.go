package session

import "time"

// pacer spreads what is sent by the rate of the congestion controller: a
// token bucket, kept as the time when it is empty.
type pacer struct {
	next time.Duration // nothing may be sent before
}

// Bounds of slack.
const (
	minSlack    = 5 * time.Millisecond
	maxSlack    = 10 * time.Millisecond
	targetSlack = 25 * time.Millisecond
)

// slack returns for how long the bucket fills: how much later than its time a sender
// may wake without sending less. Timers are late by a millisecond and, on a busy machine,
// by many; that should not cost throughput. What is sent then in one burst is small beside the
// round trip, or bounded by the window; and where the user has set a rate, it has to be
// held, and the path can mostly do more.
func (p *pacer) slack(s *Session) time.Duration {
	if s.rates.now.Target > 0 {
		return targetSlack
	}
	return min(max(s.rtt.Min/8, minSlack), maxSlack)
}

// quantum returns how many bytes go out at once, if they are there: those of a
// millisecond, as the congestion controller says, or of up to four on long paths, on which
// they are no more. Waking up is most of what it costs to send slowly.
func (p *pacer) quantum(s *Session) int {
	times := min(max(s.rtt.Min/(25*time.Millisecond), 1), 4)
	return min(s.cc.Quantum()*int(times), max(s.cc.Quantum(), MaxBatch))
}

// budget returns how many bytes may be sent now.
func (p *pacer) budget(now time.Duration, s *Session) int {
	if now < p.next {
		return 0
	}
	behind := now - max(p.next, now-p.slack(s))
	return max(p.quantum(s), int(behind.Seconds()*s.cc.Rate()))
}

// sent takes n bytes off the budget.
func (p *pacer) sent(now time.Duration, n int, s *Session) {
	if n == 0 {
		return
	}
	p.next = max(p.next, now-p.slack(s)) + time.Duration(float64(n)/s.cc.Rate()*float64(time.Second))
}

// changed notes that the rate was raised: what is still to be waited for was sent at the rate before, and is worth less
// time now.
func (p *pacer) changed(now time.Duration, before, after float64) {
	if left := p.next - now; left > 0 && before < after {
		p.next = now + time.Duration(float64(left)*before/after)
	}
}
