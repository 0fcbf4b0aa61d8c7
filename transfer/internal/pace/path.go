package pace

import (
	"slices"
	"time"
)

// PathInfo is what the system knows about one connection, or about several.
type PathInfo struct {
	RTT        time.Duration // smoothed round trip
	MinRTT     time.Duration // the shortest round trip; 0 if unknown
	Loss       float64       // share of the segments sent that were sent again, 0 to 1; of uploads only
	Rate       float64       // bytes/s that arrived at the other side lately; of uploads only
	Congestion string        // congestion control of our side, such as "bbr"
	Loopback   bool          // the other side is this machine
	Shared     bool          // all connections have one congestion control among them

	// Buffers is the share of the time with something to send in which the send buffer or the window of
	// the receiver held it back, and not the network, 0 to 1. More connections help then.
	Buffers float64

	Sent   int64 // segments with data that were sent, repetitions included
	Resent int64 // segments that were sent again
	Conns  int   // connections that this is about
}

// minSegments is how many have to be sent before the share that was lost means something.
const minSegments = 200

func (p *PathInfo) setLoss() {
	if p.Loss = 0; p.Sent >= minSegments {
		p.Loss = min(1, float64(p.Resent)/float64(p.Sent))
	}
}

// combine makes one of infos, of which there is at least one: the medians of times and shares, the sums of
// rates and segments.
func combine(infos []PathInfo) PathInfo {
	all := infos[0]
	all.RTT = median(infos, func(p PathInfo) time.Duration { return p.RTT })
	all.MinRTT = median(infos, func(p PathInfo) time.Duration { return p.MinRTT })
	all.Buffers = median(infos, func(p PathInfo) float64 { return p.Buffers })
	for _, p := range infos[1:] {
		all.Rate += p.Rate
		all.Sent += p.Sent
		all.Resent += p.Resent
		all.Conns += p.Conns
		all.Loopback = all.Loopback && p.Loopback
		all.Shared = all.Shared && p.Shared
	}
	all.setLoss()
	return all
}

func median[T time.Duration | float64](infos []PathInfo, of func(PathInfo) T) T {
	values := make([]T, len(infos))
	for i, p := range infos {
		values[i] = of(p)
	}
	slices.Sort(values)
	return values[len(values)/2]
}
