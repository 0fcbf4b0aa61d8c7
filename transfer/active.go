package transfer

import (
	"sync"
	"sync/atomic"
)

// An active is an object on its way.
type active struct {
	t     *Transfer
	name  string
	sole  bool         // there is no other in the Transfer
	total int64        // bytes, -1 if unknown; guarded by the lock of the list
	bytes atomic.Int64 // moved, or found to be there
	kept  int64        // of those, what a checkpoint knows when the moving has ended before its end

	prev, next *active // in the list, whose lock guards them
}

// add counts bytes that moved, here and in the sums of the Transfer.
func (a *active) add(n int64) {
	a.bytes.Add(n)
	a.t.tally.bytes.Add(n)
}

// resume counts bytes that need not move. Those that this Transfer itself moved,
// before it was paused, are not counted as resumed.
func (a *active) resume(n int64) {
	a.t.tally.credited.Add(n)
	a.add(n)
	if a.t.runs.Load() == 1 {
		a.t.tally.resumed.Add(n)
	}
}

// resize corrects the size of the object and the sum of sizes.
func (a *active) resize(total int64) {
	l := &a.t.active
	l.mu.Lock()
	was := a.total
	a.total = total
	l.mu.Unlock()
	switch {
	case a.sole:
		a.t.tally.total.Store(total)
	case was != total:
		a.t.tally.total.Add(total - was)
	}
}

// actives are the objects on their way, in the order in which they began: a
// doubly linked list, because a tree of small objects adds and removes some ten
// thousand a second.
type actives struct {
	mu    sync.Mutex
	first *active
	last  *active
	n     int
}

func (l *actives) add(a *active) {
	l.mu.Lock()
	defer l.mu.Unlock()
	a.prev, a.next = l.last, nil
	if l.last == nil {
		l.first = a
	} else {
		l.last.next = a
	}
	l.last = a
	l.n++
}

func (l *actives) remove(a *active) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if a.prev == nil {
		l.first = a.next
	} else {
		a.prev.next = a.next
	}
	if a.next == nil {
		l.last = a.prev
	} else {
		a.next.prev = a.prev
	}
	l.n--
}

func (l *actives) list() []Active {
	l.mu.Lock()
	defer l.mu.Unlock()
	list := make([]Active, 0, l.n)
	for a := l.first; a != nil; a = a.next {
		list = append(list, Active{Name: a.name, Bytes: max(0, a.bytes.Load()), Total: a.total})
	}
	return list
}
