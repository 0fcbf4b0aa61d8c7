package pace

import (
	"context"
	"sync"
)

// A Gate bounds how many requests are under way at once. There are two kinds, with a limit each, so that neither
// keeps the other out: single requests, such as for small objects, whose lanes are served in turn, and
// bulk ones, for parts of large objects, of which one object after another is served, because what was
// begun and not finished is lost when a transfer stops. Its methods are safe for concurrent use.
type Gate struct {
	mu    sync.Mutex
	total int // of both kinds; 0: their limits alone count
	inUse int
	turn  kind // that comes first now
	kinds [2]class
}

// A Lane stands for one object at a Gate. The zero value is ready to use. It must not be
// copied after its first use, nor be used with two gates.
type Lane struct {
	kinds [2]place
}

// kind is single or bulk.
type kind int

const (
	single kind = iota
	bulk
)

// class is what a Gate knows of one kind of requests.
type class struct {
	limit, inUse int
	head, tail   *Lane  // lanes with waiters
	waits        uint64 // how often Enter had to wait
}

// place is where a Lane stands in a class.
type place struct {
	held        int
	first, last *waiter // those who wait, in order
	prev, next  *Lane   // in the class, while there are any
}

// waiter is one call of Enter that waits.
type waiter struct {
	lane       *Lane
	prev, next *waiter
	ready      chan struct{} // closed once the waiter is in
	in         bool
}

// NewGate returns a Gate that lets in limit single requests at once, and as many bulk ones; at least one.
func NewGate(limit int) *Gate {
	g := new(Gate)
	g.kinds[single].limit = max(limit, 1)
	g.kinds[bulk].limit = max(limit, 1)
	return g
}

// SetLimit changes how many single requests are let in at once; at least one. If it is raised, those who
// wait are let in at once; if it is lowered, those who are in stay until they leave.
func (g *Gate) SetLimit(n int) { g.setLimit(single, n) }

// SetBulk changes how many bulk requests are let in at once, as SetLimit does for single ones.
func (g *Gate) SetBulk(n int) { g.setLimit(bulk, n) }

func (g *Gate) setLimit(k kind, n int) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.kinds[k].limit = max(n, 1)
	g.admit()
}

// SetTotal bounds the requests of both kinds together; zero leaves it to their limits. Each kind then keeps half
// of the places free while the other waits.
func (g *Gate) SetTotal(n int) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.total = max(n, 0)
	g.admit()
}

// Limit returns how many single requests are let in at once.
func (g *Gate) Limit() int { return g.limitOf(single) }

// Bulk returns how many bulk requests are let in at once.
func (g *Gate) Bulk() int { return g.limitOf(bulk) }

func (g *Gate) limitOf(k kind) int {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.kinds[k].limit
}

// InUse returns how many requests of both kinds are in.
func (g *Gate) InUse() int {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.inUse
}

// Enter waits until a single request for l may start, or ctx ends, whose cause it then returns. Every
// Enter that returns nil is followed by a Leave of the same lane.
func (g *Gate) Enter(ctx context.Context, l *Lane) error { return g.enter(ctx, l, single) }

// Leave ends a single request of l.
func (g *Gate) Leave(l *Lane) { g.leave(l, single) }

// EnterBulk waits until a bulk request for l may start, as Enter does for a single one. LeaveBulk follows.
func (g *Gate) EnterBulk(ctx context.Context, l *Lane) error { return g.enter(ctx, l, bulk) }

// LeaveBulk ends a bulk request of l.
func (g *Gate) LeaveBulk(l *Lane) { g.leave(l, bulk) }

func (g *Gate) enter(ctx context.Context, l *Lane, k kind) error {
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	g.mu.Lock()
	if c := &g.kinds[k]; c.head == nil && g.room(k) {
		g.take(l, k)
		g.mu.Unlock()
		return nil
	}
	w := &waiter{lane: l, ready: make(chan struct{})}
	g.kinds[k].waits++
	g.kinds[k].add(w, k)
	g.mu.Unlock()
	select {
	case <-w.ready:
		return nil
	case <-ctx.Done():
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	if w.in { // at the same moment: the place goes to the next
		g.give(l, k)
	} else {
		g.kinds[k].forget(w, k)
	}
	return context.Cause(ctx)
}

func (g *Gate) leave(l *Lane, k kind) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.give(l, k)
}

// room says whether one more of kind k may come in.
func (g *Gate) room(k kind) bool {
	c := &g.kinds[k]
	if c.inUse >= c.limit {
		return false
	}
	if g.total == 0 {
		return true
	}
	if g.kinds[bulk-k].head != nil && c.inUse >= (g.total+1)/2 {
		return false
	}
	return g.inUse < g.total
}

func (g *Gate) take(l *Lane, k kind) {
	g.inUse++
	g.kinds[k].inUse++
	l.kinds[k].held++
}

func (g *Gate) give(l *Lane, k kind) {
	if l.kinds[k].held <= 0 {
		panic("pace: a Lane leaves the Gate that did not enter it")
	}
	g.inUse--
	g.kinds[k].inUse--
	l.kinds[k].held--
	g.admit()
}

// admit lets in as many as there is room for, of either kind in turn.
func (g *Gate) admit() {
	for again := true; again; {
		again = false
		for k := range g.kinds {
			k := kind(k) ^ g.turn
			c := &g.kinds[k]
			if c.head == nil || !g.room(k) {
				continue
			}
			l := c.next(k)
			w := l.kinds[k].first
			c.forget(w, k)
			g.take(l, k)
			if p := &l.kinds[k]; p.first != nil && k == single { // its next turn comes after all others
				c.remove(l, k)
				c.push(l, k)
			}
			w.in = true
			close(w.ready)
			again, g.turn = true, bulk-k
			break
		}
	}
}

// next returns the lane that is served next: the first one, and of bulk requests the first one of those that
// have some under way already.
func (c *class) next(k kind) *Lane {
	if k == bulk {
		for l := c.head; l != nil; l = l.kinds[k].next {
			if l.kinds[k].held > 0 {
				return l
			}
		}
	}
	return c.head
}

// pressure returns how many of kind k are in, and how often one had to wait so far.
func (g *Gate) pressure(k kind) (inUse int, waits uint64) {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.kinds[k].inUse, g.kinds[k].waits
}
