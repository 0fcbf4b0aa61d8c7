package cc

import "time"

// roundMin is the least length of a round. On paths of microseconds a round
// of one round trip would have too few packets to count losses in.
const roundMin = 2 * time.Millisecond

// A round is the time until a packet that was sent after its start is
// acknowledged: one round trip, counted in packets, so that it needs no timer
// (draft-ietf-ccwg-bbr, section 5.5.1).
type round struct {
	began      time.Duration
	until      int64 // delivered count that ends it
	acked      int   // packets
	lost       int
	host       int // packets that the receiving host dropped
	appLimited bool
}

func (r *round) start(now time.Duration, delivered int64) {
	*r = round{began: now, until: delivered}
}

// bwRounds is how many rounds a maxFilter remembers at least.
const bwRounds = 10

// A maxFilter is the largest value of the last bwRounds to 2*bwRounds rounds.
type maxFilter struct {
	rounds    int
	cur, prev float64
	last      float64 // newest
}

func (f *maxFilter) add(v float64) { f.cur, f.last = max(f.cur, v), v }

func (f *maxFilter) get() float64 { return max(f.cur, f.prev) }

func (f *maxFilter) next() {
	if f.rounds++; f.rounds >= bwRounds && f.cur > 0 {
		f.rounds, f.prev, f.cur = 0, f.cur, 0
	}
}

// mostTime is how long a timeMax remembers at least.
const mostTime = 30 * time.Second

// A timeMax is the largest value of the last mostTime to 2*mostTime.
type timeMax struct {
	at        time.Duration
	cur, prev float64
}

func (f *timeMax) add(now time.Duration, v float64) {
	if now-f.at > mostTime {
		f.at, f.prev, f.cur = now, f.cur, 0
	}
	f.cur = max(f.cur, v)
}

func (f *timeMax) get() float64 { return max(f.cur, f.prev) }
