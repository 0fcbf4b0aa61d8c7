package relay

import (
	"container/list"
	"sync"
	"time"
)

// A throttle bounds how often each of many callers may do something: burst times
// at once, and rate times a second in the long run. It remembers the latest
// callers, up to a number, and forgets whoever has not come for longest; one who
// is forgotten starts with a full burst. It is safe for concurrent use.
type throttle struct {
	rate  float64 // a second
	burst float64
	size  int // callers remembered

	mu     sync.Mutex
	byName map[string]*list.Element // of *allowance
	order  *list.List               // latest first
}

type allowance struct {
	name string
	left float64
	at   time.Time
}

func newThrottle(rate, burst float64, size int) *throttle {
	return &throttle{rate: rate, burst: burst, size: size, byName: map[string]*list.Element{}, order: list.New()}
}

// take takes one of what name has left. If there is none, it returns how long
// to wait for the next.
func (t *throttle) take(name string, now time.Time) (wait time.Duration, ok bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	a := t.of(name, now)
	if a.left < 1 {
		return t.until(a), false
	}
	a.left--
	return 0, true
}

// empty reports whether name has nothing left, and how long to wait. It takes nothing.
func (t *throttle) empty(name string, now time.Time) (wait time.Duration, yes bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.byName[name] == nil { // nobody is remembered for having been asked about
		return 0, false
	}
	if a := t.of(name, now); a.left < 1 {
		return t.until(a), true
	}
	return 0, false
}

// of returns what name has left at now. It needs mu.
func (t *throttle) of(name string, now time.Time) *allowance {
	if e := t.byName[name]; e != nil {
		t.order.MoveToFront(e)
		a := e.Value.(*allowance)
		a.left = min(t.burst, a.left+max(0, now.Sub(a.at).Seconds())*t.rate)
		a.at = now
		return a
	}
	if t.order.Len() >= t.size {
		oldest := t.order.Back()
		delete(t.byName, t.order.Remove(oldest).(*allowance).name)
	}
	a := &allowance{name: name, left: t.burst, at: now}
	t.byName[name] = t.order.PushFront(a)
	return a
}

func (t *throttle) until(a *allowance) time.Duration {
	return time.Duration((1 - a.left) / t.rate * float64(time.Second))
}
