package pace

import (
	"context"
	"sync"
)

// A Gate bounds how many requests are under way at once. Those who wait are served by lane, in turn; a
// lane with many requests under way yields to others, so that one huge object does not
// starve small ones, nor they it. Its methods are safe for concurrent use.
type Gate struct {
	mu    sync.Mutex
	limit int
	inUse int
	wide  int    // lanes with two or more requests, waiting or under way
	queue lanes  // those with waiters, in the order of their turn
	waits uint64 // how often Enter had to wait
}

// A Lane stands for one object at a Gate. The zero value is ready to use. It must not be
// copied after its first use, nor be used with two gates.
type Lane struct {
	held, waiting int
	first, last   *waiter // those of the lane who wait, in order
	prev, next    *Lane   // in the queue, while waiting > 0
}

// lanes is a list of lanes.
type lanes struct{ head, tail *Lane }

// waiter is one call of Enter that waits.
type waiter struct {
	lane       *Lane
	prev, next *waiter
	ready      chan struct{} // holds one element once the waiter was let in
	in         bool
}

// NewGate returns a Gate that lets limit requests in at once; at least one.
func NewGate(limit int) *Gate { return &Gate{limit: max(limit, 1)} }

// SetLimit changes how many are let in at once; at least one. If it is raised, those who wait are
// let in at once; if it is lowered, those who are in stay until they leave.
func (g *Gate) SetLimit(n int) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.limit = max(n, 1)
	g.admit()
}

// Limit returns how many are let in at once.
func (g *Gate) Limit() int {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.limit
}

// InUse returns how many are in.
func (g *Gate) InUse() int {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.inUse
}

// Enter waits until a request for l may start, or ctx ends, whose cause it then returns. Every Enter that
// returns nil is followed by a Leave of the same lane.
func (g *Gate) Enter(ctx context.Context, l *Lane) error {
	g.mu.Lock()
	if g.inUse < g.limit && g.queue.head == nil {
		g.inUse++
		g.hold(l)
		g.mu.Unlock()
		return nil
	}
	if ctx.Err() != nil {
		g.mu.Unlock()
		return context.Cause(ctx)
	}
	w := &waiter{ready: make(chan struct{}, 1)}
	g.wait(l, w)
	g.mu.Unlock()
	select {
	case <-w.ready:
		return nil
	case <-ctx.Done():
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	if w.in {
		g.leave(l) // let in at the same moment: the place goes to the next
	} else {
		g.forget(w)
	}
	return context.Cause(ctx)
}

// Leave ends a request of l.
func (g *Gate) Leave(l *Lane) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.leave(l)
}

func (g *Gate) leave(l *Lane) {
	if l.held <= 0 {
		panic("pace: Leave without Enter")
	}
	g.inUse--
	if l.held--; l.held+l.waiting == 1 {
		g.wide--
	}
	g.admit()
}

func (g *Gate) hold(l *Lane) {
	if l.held++; l.held+l.waiting == 2 {
		g.wide++
	}
}

// wait puts w at the end of l, and l at the end of the queue if it is not in it.
func (g *Gate) wait(l *Lane, w *waiter) {
	g.waits++
	w.lane = l
	if l.waiting++; l.held+l.waiting == 2 {
		g.wide++
	}
	if w.prev = l.last; w.prev == nil {
		l.first = w
		g.queue.push(l)
	} else {
		w.prev.next = w
	}
	l.last = w
}

// forget takes w, which still waits, out of its lane.
func (g *Gate) forget(w *waiter) {
	l := w.lane
	if w.prev == nil {
		l.first = w.next
	} else {
		w.prev.next = w.next
	}
	if w.next == nil {
		l.last = w.prev
	} else {
		w.next.prev = w.prev
	}
	w.prev, w.next = nil, nil
	if l.waiting--; l.held+l.waiting == 1 {
		g.wide--
	}
	if l.waiting == 0 {
		g.queue.remove(l)
	}
}

// admit lets in as many as there is room for.
func (g *Gate) admit() {
	for g.inUse < g.limit && g.queue.head != nil {
		l := g.turn()
		w := l.first
		g.forget(w)
		g.inUse++
		g.hold(l)
		if l.waiting > 0 { // to the end of the queue
			g.queue.remove(l)
			g.queue.push(l)
		}
		w.in = true
		w.ready <- struct{}{}
	}
}

// turn returns the lane that is served next: the first in the queue that does not hold more than its
// share. Lanes with several requests share half of the places as long as others wait, since each place
// is theirs for the seconds that a part takes, and not the milliseconds of a small object.
func (g *Gate) turn() *Lane {
	if g.wide == 0 {
		return g.queue.head
	}
	share := max(1, g.limit/2/g.wide)
	for l := g.queue.head; l != nil; l = l.next {
		if l.held < share {
			return l
		}
	}
	return g.queue.head
}

func (q *lanes) push(l *Lane) {
	if l.prev = q.tail; l.prev == nil {
		q.head = l
	} else {
		l.prev.next = l
	}
	q.tail = l
}

func (q *lanes) remove(l *Lane) {
	if l.prev == nil {
		q.head = l.next
	} else {
		l.prev.next = l.next
	}
	if l.next == nil {
		q.tail = l.prev
	} else {
		l.next.prev = l.prev
	}
	l.prev, l.next = nil, nil
}

// pressure returns how many are in, and how often Enter had to wait so far.
func (g *Gate) pressure() (inUse int, waits uint64) {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.inUse, g.waits
}
