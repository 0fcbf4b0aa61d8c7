// Package clock is the clock that a local COS dates its objects by, and that can be moved.
//
// Objects, retention, lifecycle rules and restored copies go by a [Clock], so that years pass in a test as soon as somebody says
// so. Tokens and signatures do not: clients keep the real time.
package clock

import (
	"errors"
	"sync"
	"time"
)

// Clock is a clock that can be moved forwards and back. It goes on running at the pace of the clock it is based on. It may be
// used by several goroutines; use [New] to make one.
type Clock struct {
	base func() time.Time

	mu     sync.RWMutex
	offset time.Duration
}

// New returns a clock that shows what base shows until it is moved. A nil base means time.Now.
func New(base func() time.Time) *Clock {
	if base == nil {
		base = time.Now
	}
	return &Clock{base: base}
}

// Now returns the time on the clock.
func (c *Clock) Now() time.Time {
	c.mu.RLock()
	defer c.mu.RUnlock()
	return c.base().Add(c.offset)
}

// ErrRange is returned for a time that is more than 292 years, which is all of time.Duration, from the one that the clock is based on.
var ErrRange = errors.New("the clock can be moved by at most 292 years from the real time")

// Advance moves the clock by d, back if d is negative. It fails with ErrRange, and leaves the clock as it is.
func (c *Clock) Advance(d time.Duration) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	sum := c.offset + d
	if (sum > c.offset) != (d > 0) && d != 0 {
		return ErrRange
	}
	c.offset = sum
	return nil
}

// Set moves the clock to t, from where it goes on running. It fails with ErrRange, and leaves the clock as it is.
func (c *Clock) Set(t time.Time) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	base := c.base()
	offset := t.Sub(base) // as much as there is, if it is more
	if !base.Add(offset).Equal(t) {
		return ErrRange
	}
	c.offset = offset
	return nil
}

// Offset returns how far the clock is ahead of the one it is based on.
func (c *Clock) Offset() time.Duration {
	c.mu.RLock()
	defer c.mu.RUnlock()
	return c.offset
}
