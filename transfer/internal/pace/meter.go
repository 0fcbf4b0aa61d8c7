package pace

import (
	"sync/atomic"
	"time"
)

// A Meter learns where time and bytes go. What a child is told, its parents learn too. Its
// methods are safe for concurrent use and cost a few nanoseconds; those of a nil Meter do nothing.
//
// Who calls what: the code that moves bytes calls Disk, Send, Moved and Repeated and waits for its limiters by
// [Meter.Wait]; a context of [Meter.Trace] makes the requests call Service, Throttled, Retried and Broken.
type Meter struct {
	parent *Meter
	paths  *paths // shared with the parents
	sums   counters
}

// Sums are the totals of a Meter since it was made.
type Sums struct {
	Disk    time.Duration // reading and writing files
	Send    time.Duration // handing bytes to connections and taking them from there
	Service time.Duration // waiting for answers: round trips, and the work of the service
	Limited time.Duration // waiting for limiters, which the user has set

	Moved    int64 // bytes that were moved, repetitions included
	Repeated int64 // bytes of those that were in vain

	Requests  int64 // attempts that were answered or failed
	Throttled int64 // answers that asked to slow down: 503 and 429
	Retried   int64 // attempts that repeated another
	Broken    int64 // attempts without an answer: resets and stalls
}

// Useful returns the bytes that were moved and not in vain.
func (s Sums) Useful() int64 { return s.Moved - s.Repeated }

type counters struct {
	disk, send, service, limited         atomic.Int64
	moved, repeated                      atomic.Int64
	requests, throttled, retried, broken atomic.Int64
}

// NewMeter returns a Meter whose parent may be nil.
func NewMeter(parent *Meter) *Meter {
	m := &Meter{parent: parent}
	if parent != nil {
		m.paths = parent.paths
	} else {
		m.paths = new(paths)
	}
	return m
}

// Disk is told of time that went into reading or writing files.
func (m *Meter) Disk(d time.Duration) {
	for ; m != nil; m = m.parent {
		m.sums.disk.Add(int64(d))
	}
}

// Send is told of time in which a connection took or gave bytes.
func (m *Meter) Send(d time.Duration) {
	for ; m != nil; m = m.parent {
		m.sums.send.Add(int64(d))
	}
}

// Service is told of time in which an answer was waited for.
func (m *Meter) Service(d time.Duration) {
	for ; m != nil; m = m.parent {
		m.sums.service.Add(int64(d))
	}
}

// Limited is told of time in which a limit of the user was waited for.
func (m *Meter) Limited(d time.Duration) {
	for ; m != nil; m = m.parent {
		m.sums.limited.Add(int64(d))
	}
}

// Moved is told of n bytes when they went out or came in.
func (m *Meter) Moved(n int64) {
	for ; m != nil; m = m.parent {
		m.sums.moved.Add(n)
	}
}

// Repeated is told that n of the bytes that Moved was told of have to be moved again.
func (m *Meter) Repeated(n int64) {
	for ; m != nil; m = m.parent {
		m.sums.repeated.Add(n)
	}
}

// Throttled is told of an answer that asked to slow down.
func (m *Meter) Throttled() {
	for ; m != nil; m = m.parent {
		m.sums.throttled.Add(1)
	}
}

// Retried is told of a request that was sent again.
func (m *Meter) Retried() {
	for ; m != nil; m = m.parent {
		m.sums.retried.Add(1)
	}
}

// Broken is told of a request that got no answer.
func (m *Meter) Broken() {
	for ; m != nil; m = m.parent {
		m.sums.broken.Add(1)
	}
}

// answered is told of the end of a request.
func (m *Meter) answered() {
	for ; m != nil; m = m.parent {
		m.sums.requests.Add(1)
	}
}

// Sum returns the totals so far.
func (m *Meter) Sum() Sums {
	if m == nil {
		return Sums{}
	}
	c := &m.sums
	return Sums{
		Disk:      time.Duration(c.disk.Load()),
		Send:      time.Duration(c.send.Load()),
		Service:   time.Duration(c.service.Load()),
		Limited:   time.Duration(c.limited.Load()),
		Moved:     c.moved.Load(),
		Repeated:  c.repeated.Load(),
		Requests:  c.requests.Load(),
		Throttled: c.throttled.Load(),
		Retried:   c.retried.Load(),
		Broken:    c.broken.Load(),
	}
}
