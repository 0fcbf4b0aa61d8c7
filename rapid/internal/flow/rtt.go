package flow

import "time"

// InitialRTT is taken for the round trip time before it is known. RFC 9002 has
// 333 ms; what is lost by guessing low is one packet sent twice.
const InitialRTT = 200 * time.Millisecond

// Granularity is the shortest time that timers tell apart (RFC 9002 §6.1.2).
const Granularity = time.Millisecond

// RTT estimates the round trip time as RFC 9002 §5 does. The zero value has
// no sample yet.
type RTT struct {
	Latest, Smoothed, Var, Min time.Duration // 0 without a sample
}

// Known reports whether there was a sample.
func (r *RTT) Known() bool { return r.Smoothed > 0 }

// Sample takes in that a packet was acknowledged after rtt, of which the peer
// says that it waited delay. It returns the sample less this delay, as far as it is plausible.
func (r *RTT) Sample(rtt, delay time.Duration) time.Duration {
	rtt = max(rtt, time.Microsecond)
	r.Latest = rtt
	if !r.Known() {
		r.Min, r.Smoothed, r.Var = rtt, rtt, rtt/2
		return rtt
	}
	r.Min = min(r.Min, rtt)
	if rtt-delay >= r.Min {
		rtt -= delay
	}
	r.Var += ((r.Smoothed - rtt).Abs() - r.Var) / 4
	r.Smoothed += (rtt - r.Smoothed) / 8
	return rtt
}

// PTO returns after which time without an answer it is to be asked for, if the peer waits for
// up to delay (RFC 9002 §6.2.1).
func (r *RTT) PTO(delay time.Duration) time.Duration {
	if !r.Known() {
		return 3*InitialRTT + delay
	}
	return r.Smoothed + max(4*r.Var, Granularity) + delay
}

// Estimate returns the smoothed round trip time, or a guess.
func (r *RTT) Estimate() time.Duration {
	if !r.Known() {
		return InitialRTT
	}
	return r.Smoothed
}
