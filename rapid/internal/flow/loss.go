package flow

import "time"

// Reordering decides when a packet that was overtaken is lost. It starts with the
// thresholds of RFC 9002 §6.1, and as RACK (RFC 8985 §6.2) does, gives
// packets more time, and no longer counts them, once it has been wrong.
type Reordering struct {
	extra  int           // eighths of a round trip beyond the first
	seen   time.Duration // when it was last wrong
	raised time.Duration // when extra was last changed
	Seen   bool          // packets do come in another order than they were sent
}

// Thresholds of Reordering.
const (
	packetThreshold = 3                // packets sent later and acknowledged
	maxExtra        = 8                // eighths
	forget          = 30 * time.Second // after which the path may be another
)

// Wrong notes that a packet declared lost came after all, late by so much: more than a round trip rtt.
func (r *Reordering) Wrong(now, late, rtt time.Duration) {
	r.seen = now
	if r.Seen && now-r.raised < rtt {
		return // the same event
	}
	r.Seen, r.raised = true, now
	need := int(8*late/max(rtt, 1)) + 1
	r.extra = min(max(r.extra+1, need), maxExtra)
}

// Lost reports whether a packet is lost that was sent at a time and overtaken by packets acknowledged up to ahead numbers later. If
// it is not, until is when it will be.
func (r *Reordering) Lost(now, sent time.Duration, ahead uint64, rtt *RTT) (lost bool, until time.Duration) {
	if r.Seen && now-r.seen > forget {
		*r = Reordering{}
	}
	if !r.Seen && ahead >= packetThreshold {
		return true, 0
	}
	trip := max(rtt.Smoothed, rtt.Latest)
	until = sent + max(trip+trip/8*time.Duration(1+r.extra), Granularity)
	return now >= until, until
}
