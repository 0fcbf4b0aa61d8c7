package relay

import (
	"context"
	"sync"
	"time"
)

// A limit is a rate at which bytes may pass, shared by all who wait on it. The
// zero limit lets everything pass. It is safe for concurrent use.
//
// It is a schedule rather than a bucket: next is when the bytes that were
// admitted so far will have passed, and who comes waits until then. Whoever
// comes after a pause finds it in the past, by no more than burst.
type limit struct {
	rate float64 // bytes a second; 0 for no limit

	mu   sync.Mutex
	next time.Time
}

// limitBurst is how much of an idle time may be made up for.
const limitBurst = 100 * time.Millisecond

// newLimit returns a limit of so many bits a second, or none for 0.
func newLimit(bits int64) *limit { return &limit{rate: float64(bits) / 8} }

// wait returns when n bytes may pass, or when ctx ends.
func (l *limit) wait(ctx context.Context, n int) error {
	if l == nil || l.rate <= 0 || n <= 0 {
		return nil
	}
	now := time.Now()
	l.mu.Lock()
	if earliest := now.Add(-limitBurst); l.next.Before(earliest) {
		l.next = earliest
	}
	l.next = l.next.Add(time.Duration(float64(n) / l.rate * float64(time.Second)))
	pause := l.next.Sub(now)
	l.mu.Unlock()
	if pause <= 0 {
		return nil
	}
	t := time.NewTimer(pause)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}
