package rapid

import (
	"sync"
	"time"

	"github.com/icos-go/icos/rapid/internal/session"
)

// limiter bounds what several sessions send together. It is a bucket that
// fills at the rate and may be overdrawn by one batch: who finds it empty waits
// until it is not. A nil limiter bounds nothing.
type limiter struct {
	mu    sync.Mutex
	rate  float64 // bytes a second
	level float64 // bytes that may be sent at once
	at    time.Time
}

// minBatch is room for a datagram of any size that is in use.
const minBatch = 4 << 10

// depth is how many bytes may be sent at once after a pause: some milliseconds
// worth, so that a timer that fires late takes nothing away.
func (l *limiter) depth() float64 { return max(l.rate*0.004, minBatch) }

// batch returns how many bytes to send at once: 2 ms worth, so that at low
// rates acknowledgements need not wait long for data sent before them.
func (l *limiter) batch() int {
	if l == nil {
		return session.MaxBatch
	}
	return min(max(int(l.rate*0.002), minBatch), session.MaxBatch)
}

// newLimiter makes a limiter for a rate in bit/s; nil for 0.
func newLimiter(rate int64) *limiter {
	if rate <= 0 {
		return nil
	}
	return &limiter{rate: float64(rate) / 8, at: time.Now()}
}

// wait returns how long to wait before sending; 0 means go on.
func (l *limiter) wait(now time.Time) time.Duration {
	if l == nil {
		return 0
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if passed := now.Sub(l.at); passed > 0 {
		l.level = min(l.level+passed.Seconds()*l.rate, l.depth())
		l.at = now
	}
	if l.level > 0 {
		return 0
	}
	return max(time.Duration(-l.level/l.rate*float64(time.Second)), minSleep)
}

// spend takes n bytes away that are sent now.
func (l *limiter) spend(n int) {
	if l == nil {
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.level -= float64(n)
}
