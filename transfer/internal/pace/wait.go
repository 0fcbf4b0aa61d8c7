package pace

import (
	"context"
	"time"
)

// Wait waits for all of the limiters, nil ones left out, and counts the time as Limited.
func (m *Meter) Wait(ctx context.Context, limiters []*Limiter, n int) error {
	for _, l := range limiters {
		if l.Rate() == 0 {
			continue
		}
		start := time.Now()
		err := l.Wait(ctx, n)
		if d := time.Since(start); d > 100*time.Microsecond { // less is not waiting
			m.Limited(d)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// Chunk returns how many of n bytes to move with one Wait for all of the limiters.
func Chunk(limiters []*Limiter, n int) int {
	for _, l := range limiters {
		n = l.Chunk(n)
	}
	return n
}
