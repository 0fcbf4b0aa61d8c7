package cc

import "time"

// A delaySample is a round trip and the bytes that were in flight when its
// packet left: together they say what the path carried meanwhile, inflight/rtt.
type delaySample struct {
	rtt      time.Duration
	inflight int64
	idle     bool // the application had too little to send: the path may have carried more
}

// A delayFilter separates the round trip into what the path needs, base, and
// what waits in queues, standing.
//
// standing is the smallest sample of the last half or whole of an interval, as
// Copa does it (NSDI 2018, section 3.2: RTTstanding over srtt/2): hosts that
// wake up late and links that aggregate make samples larger, never smaller, so
// the smallest is the one that tells of the queue.
type delayFilter struct {
	srtt, rttvar time.Duration

	gap   time.Duration // between acknowledgements, smoothed
	gapAt time.Duration // the last one

	base     time.Duration // smallest round trip of this and the last window
	baseAt   time.Duration // when base was last seen, nearly
	nextBase time.Duration // smallest of the present window
	nextAt   time.Duration // when the present window began

	began     time.Duration // of the present bucket
	cur, prev delaySample
}

const (
	// standingMin is the least length of a bucket. It is longer than what a
	// busy host holds up its processes.
	standingMin = 10 * time.Millisecond
	// gapMax bounds what is taken for the acknowledgement interval on short
	// paths; on others it is half a round trip.
	gapMax = 4 * time.Millisecond
	// bunch is the time in which acknowledgements count as one.
	bunch = 200 * time.Microsecond
)

func (f *delayFilter) add(now time.Duration, s delaySample, window, bucket time.Duration) {
	if f.srtt == 0 {
		f.srtt, f.rttvar = s.rtt, s.rtt/2
		f.base, f.nextBase, f.baseAt, f.nextAt = s.rtt, s.rtt, now, now
		f.began, f.cur, f.prev = now, s, s
		return
	}
	if d := now - f.gapAt; d > bunch {
		f.gap += (min(d, max(f.srtt/2, gapMax)) - f.gap) / 8
		f.gapAt = now
	}
	f.rttvar += ((f.srtt - s.rtt).Abs() - f.rttvar) / 4
	f.srtt += (s.rtt - f.srtt) / 8

	if now-f.nextAt > window/2 {
		// The smallest of two half windows is never younger than half a
		// window and never older than a whole one.
		f.base = min(f.nextBase, s.rtt)
		f.nextBase, f.nextAt = s.rtt, now
	}
	f.nextBase = min(f.nextBase, s.rtt)
	if s.rtt <= f.base+f.base/128 {
		f.baseAt = now
	}
	f.base = min(f.base, s.rtt)

	if now-f.began > max(bucket, standingMin) {
		f.prev, f.cur, f.began = f.cur, s, now
	} else if s.rtt < f.cur.rtt {
		f.cur = s
	}
}

func (f *delayFilter) standing() delaySample {
	if f.prev.rtt < f.cur.rtt {
		return f.prev
	}
	return f.cur
}

// queue is the time that the standing sample spent waiting.
func (f *delayFilter) queue() time.Duration { return f.standing().rtt - f.base }

// slack is the time that a window has to cover beyond the round trip, because
// acknowledgements come in bunches: half of their interval on the average,
// nearly all of it where the interval is longer than the path.
func (f *delayFilter) slack() time.Duration { return max(f.gap/2, f.gap-f.base/8) }
