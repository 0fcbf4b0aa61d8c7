package netsim

import "time"

// Link says how packets travel in one direction: they wait in the queue, are
// sent at the rate, may then be lost, and arrive after the delay. The zero Link
// is perfect: no delay, no limit, no loss.
//
// A blackout is a Loss of 1; a path on which UDP does not pass is Blocked.
type Link struct {
	Rate      int64         // bits per second of IP packets, headers included; if zero, unlimited
	Delay     time.Duration // one way
	Jitter    time.Duration // added to Delay, uniform between zero and this; keeps the order
	Loss      float64       // share of the packets lost at random, after they were sent: they use the rate
	Queue     int           // bytes that may wait, the packet being sent included; if zero, Rate × 2 × Delay, at least 64 KiB; drop-tail
	Reorder   float64       // share of the packets that come late, by up to a quarter of Delay or a millisecond, whichever is more
	Duplicate float64       // share of the packets that come twice
	MTU       int           // bytes of the largest IP packet; larger ones vanish in silence; if zero, 1500
	Blocked   bool          // nothing passes
	Seed      uint64        // of everything random; the same seed and the same packets give the same losses
}

// minQueue is the smallest queue chosen by default.
const minQueue = 64 << 10

// queue is the size of the queue in bytes.
func (l *Link) queue() int {
	if l.Queue > 0 {
		return l.Queue
	}
	return max(minQueue, int(float64(l.Rate)/8*(2*l.Delay).Seconds()))
}

func (l *Link) mtu() int {
	if l.MTU > 0 {
		return l.MTU
	}
	return 1500
}

// sending is how long a packet of size bytes takes to send.
func (l *Link) sending(size int) time.Duration {
	if l.Rate <= 0 {
		return 0
	}
	return time.Duration(float64(size) * 8 / float64(l.Rate) * float64(time.Second))
}

// late is the most by which a reordered packet is held back.
func (l *Link) late() time.Duration { return max(l.Delay/4, time.Millisecond) }

// Stats counts what happened to the packets of one direction. Bytes are those
// of IP packets.
type Stats struct {
	Sent           int64 // given to the network
	SentBytes      int64
	Delivered      int64 // taken by a receiving connection, duplicates included
	DeliveredBytes int64
	QueueDrops     int64 // found the queue full
	RandomDrops    int64 // lost by Link.Loss
	Blocked        int64 // stopped by Link.Blocked
	TooBig         int64 // over the MTU
	Duplicated     int64 // sent twice by Link.Duplicate
	Unreachable    int64 // nobody has the address
	Overflow       int64 // the receiver's buffer was full
	PeakQueue      int   // most bytes that waited at once
}
