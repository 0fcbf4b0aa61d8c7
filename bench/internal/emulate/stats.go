package emulate

import (
	"maps"
	"slices"
	"time"
)

// Slot is the grain of timelines.
const Slot = 10 * time.Millisecond

// Stats counts what happened in one direction. Packets are the segments of
// batches, bytes those of IP packets unless said otherwise.
type Stats struct {
	Sent        int64 // packets put on the link
	Bytes       int64
	Delivered   int64
	RandomDrops int64
	QueueDrops  int64
	Blocked     int64 // by Down, BlockUDP, MTU or NAT
	Refused     int64 // the receiving device did not take them: the machine was too slow
	Overrun     int64 // found no memory here: the measurement is void
	PeakQueue   int64 // bytes
	Late        int64 // delivered more than a millisecond after they were due
	TCP, UDP    Flow
	Flows       map[FlowKey]*Flow

	waits [waitSlots]int64 // packets by how long they waited for the rate
	start int64            // of the timelines, nanoseconds of the monotonic clock
}

// FlowKey names a flow by protocol (6 TCP, 17 UDP) and ports.
type FlowKey struct {
	Protocol uint8
	From, To uint16
}

// Flow is what one flow, or all of a protocol, did.
type Flow struct {
	First, Last time.Duration // when the first and the last packet was put on the link, since the last Reset; -1 if none was
	Payload     int64         // bytes that were delivered inside TCP or UDP
	Sent        int64         // packets put on the link
	Slots       []uint32      // bytes of IP packets delivered, by Slot since the last Reset
}

const (
	maxFlows  = 256 // beyond it flows are only counted by protocol
	maxSlots  = 100 * 60 * 20
	waitGrain = 250 * time.Microsecond
	waitSlots = 8000 // two seconds
)

func (s *Stats) reset() {
	*s = Stats{start: now(), TCP: newFlow(), UDP: newFlow(), Flows: make(map[FlowKey]*Flow)}
}

func newFlow() Flow { return Flow{First: -1, Last: -1} }

func (s *Stats) clone() *Stats {
	c := *s
	c.TCP.Slots = slices.Clone(s.TCP.Slots)
	c.UDP.Slots = slices.Clone(s.UDP.Slots)
	c.Flows = maps.Clone(s.Flows)
	for k, f := range c.Flows {
		d := *f
		d.Slots = slices.Clone(f.Slots)
		c.Flows[k] = &d
	}
	return &c
}

// flow returns the account of a flow, nil if there are too many.
func (s *Stats) flow(k FlowKey) *Flow {
	f := s.Flows[k]
	if f == nil && len(s.Flows) < maxFlows {
		fresh := newFlow()
		f = &fresh
		s.Flows[k] = f
	}
	return f
}

func (s *Stats) protocol(p uint8) *Flow {
	if p == protoUDP {
		return &s.UDP
	}
	return &s.TCP
}

func (f *Flow) sent(at time.Duration, packets int64) {
	if f == nil {
		return
	}
	if f.First < 0 {
		f.First = at
	}
	f.Last = at
	f.Sent += packets
}

func (f *Flow) delivered(at time.Duration, payload, bytes int64) {
	if f == nil {
		return
	}
	f.Payload += payload
	slot := int(at / Slot)
	if slot >= maxSlots {
		return
	}
	for len(f.Slots) <= slot {
		f.Slots = append(f.Slots, 0)
	}
	f.Slots[slot] += uint32(bytes)
}

// Wait returns how long the share q of the packets waited for the rate at most,
// to a quarter of a millisecond.
func (s *Stats) Wait(q float64) time.Duration {
	var all int64
	for _, n := range s.waits {
		all += n
	}
	var sum int64
	for i, n := range s.waits {
		if sum += n; sum > 0 && float64(sum) >= q*float64(all) {
			return time.Duration(i+1) * waitGrain
		}
	}
	return 0
}

// Rate is the mean of what was delivered between two times, in bits per second.
func (f *Flow) Rate(from, to time.Duration) float64 {
	var sum int64
	a, b := int(from/Slot), int(to/Slot)
	for i := a; i < min(b, len(f.Slots)); i++ {
		sum += int64(f.Slots[i])
	}
	if b <= a {
		return 0
	}
	return float64(sum) * 8 / (time.Duration(b-a) * Slot).Seconds()
}

// Reaches returns how long after the flow's first packet the first stretch of
// length window began that delivered at least rate bits a second on average;
// false if none did.
func (f *Flow) Reaches(rate float64, window time.Duration) (time.Duration, bool) {
	n := max(1, int(window/Slot))
	want := rate / 8 * (time.Duration(n) * Slot).Seconds()
	var sum float64
	for i, b := range f.Slots {
		sum += float64(b)
		if i >= n {
			sum -= float64(f.Slots[i-n])
		}
		if i >= n-1 && sum >= want {
			return max(0, time.Duration(i-n+1)*Slot-f.First), true
		}
	}
	return 0, false
}

// Since takes what was counted before away again, the timelines excepted.
func (s *Stats) Since(before *Stats) {
	s.Sent -= before.Sent
	s.Bytes -= before.Bytes
	s.Delivered -= before.Delivered
	s.RandomDrops -= before.RandomDrops
	s.QueueDrops -= before.QueueDrops
	s.Blocked -= before.Blocked
	s.Refused -= before.Refused
	s.Overrun -= before.Overrun
	s.Late -= before.Late
	for i := range s.waits {
		s.waits[i] -= before.waits[i]
	}
}
