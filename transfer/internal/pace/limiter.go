package pace

import (
	"context"
	"sync"
	"time"
)

const (
	// burst is how much time's worth of bytes a Limiter that was not used lets pass at once. It makes up
	// for timers that are late.
	burst = 50 * time.Millisecond

	// slice is how much time's worth of bytes one caller gets before it is the next one's turn.
	slice = 20 * time.Millisecond

	// minSlice keeps slow limits from waking their callers for a few bytes.
	minSlice = 512
)

// A Limiter bounds bytes a second. Those who wait get their bytes in turn and in small slices, so that each
// has the same share. Its methods are safe for concurrent use. A nil Limiter does not limit.
type Limiter struct {
	mu     sync.Mutex
	rate   int64     // bytes a second; 0: no limit
	credit float64   // bytes that may pass now; negative: owed
	at     time.Time // when credit was right
	queue  []*demand // those who wait, in turn
	timer  *time.Timer
}

// demand is one call of Wait that waits.
type demand struct {
	left  int64
	ready chan struct{} // closed when left is 0
}

// NewLimiter returns a Limiter for rate bytes a second; zero or less is no limit.
func NewLimiter(rate int64) *Limiter {
	l := &Limiter{at: time.Now()}
	l.SetRate(rate)
	return l
}

// SetRate changes the bytes a second, at once also for those who wait; zero or less is no limit.
func (l *Limiter) SetRate(rate int64) {
	l.mu.Lock()
	defer l.mu.Unlock()
	now := time.Now()
	l.refill(now)
	l.rate = max(rate, 0)
	l.credit = min(l.credit, l.burst())
	l.serve()
}

// Rate returns the bytes a second; zero is no limit.
func (l *Limiter) Rate() int64 {
	if l == nil {
		return 0
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.rate
}

// Chunk returns how many of n bytes to move with one Wait, so that a slow limit does not become a
// sequence of bursts: at most n, and about a slice.
func (l *Limiter) Chunk(n int) int {
	if l == nil {
		return n
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.rate == 0 {
		return n
	}
	return int(min(int64(n), max(l.slice(), 4<<10)))
}

// Wait returns when n bytes may be moved, or ctx ends, whose cause it then returns.
func (l *Limiter) Wait(ctx context.Context, n int) error {
	if l == nil || n <= 0 {
		return nil
	}
	l.mu.Lock()
	if l.rate == 0 {
		l.mu.Unlock()
		return nil
	}
	now := time.Now()
	l.refill(now)
	if len(l.queue) == 0 && l.credit >= float64(min(int64(n), l.slice())) {
		l.credit -= float64(n)
		l.mu.Unlock()
		return nil
	}
	d := &demand{left: int64(n), ready: make(chan struct{})}
	l.queue = append(l.queue, d)
	l.serve()
	l.mu.Unlock()
	select {
	case <-d.ready:
		return nil
	case <-ctx.Done():
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	for i, q := range l.queue {
		if q == d {
			l.credit += float64(int64(n) - d.left) // what it was given already
			l.queue = append(l.queue[:i], l.queue[i+1:]...)
			l.serve()
			return context.Cause(ctx)
		}
	}
	return nil // served at the same moment
}

// burst is at least a slice, or a slow limit would never let one pass.
func (l *Limiter) burst() float64 { return max(float64(l.rate)*burst.Seconds(), minSlice) }

func (l *Limiter) slice() int64 { return max(l.rate*int64(slice/time.Millisecond)/1000, minSlice) }

// refill adds what has come free until now.
func (l *Limiter) refill(now time.Time) {
	if d := now.Sub(l.at); d > 0 {
		l.credit = min(l.credit+float64(l.rate)*d.Seconds(), l.burst())
	}
	l.at = now
}

// serve gives slices to those who wait, in turn, while there is credit, and has the timer
// call for the rest.
func (l *Limiter) serve() {
	for len(l.queue) > 0 {
		d := l.queue[0]
		part := min(d.left, l.slice())
		if l.rate == 0 {
			part = d.left
		} else if missing := float64(part) - l.credit; missing > 0 {
			l.callIn(time.Duration(missing / float64(l.rate) * float64(time.Second)))
			return
		} else {
			l.credit -= float64(part)
		}
		l.queue = l.queue[1:]
		if d.left -= part; d.left > 0 {
			l.queue = append(l.queue, d)
		} else {
			close(d.ready)
		}
	}
}

// callIn has serve called in d.
func (l *Limiter) callIn(d time.Duration) {
	d = max(d, time.Millisecond) // finer is not to be had from every system, and burst covers it
	if l.timer != nil {
		l.timer.Reset(d)
		return
	}
	l.timer = time.AfterFunc(d, func() {
		l.mu.Lock()
		defer l.mu.Unlock()
		now := time.Now()
		l.refill(now)
		l.serve()
	})
}
