// Package backoff says how long to wait before a request is made again.
package backoff

import (
	"context"
	"math/rand/v2"
	"net/http"
	"strconv"
	"time"
)

// Jitter draws the wait before the attempt that follows the given number of them: full jitter,
// [0, min(most, base·2ⁿ⁻¹)).
func Jitter(base, most time.Duration, attempts int) time.Duration {
	if n := attempts - 1; n < 30 && base<<n < most {
		most = base << n
	}
	return rand.N(most)
}

// Asked reads a Retry-After: seconds, or a date. That is a date by the clock of the service, which
// the Date of the same answer shows. What cannot be read asks for nothing.
func Asked(retryAfter, date string) time.Duration {
	if retryAfter == "" {
		return 0
	}
	if n, err := strconv.ParseUint(retryAfter, 10, 31); err == nil {
		return time.Duration(n) * time.Second
	}
	until, err := http.ParseTime(retryAfter)
	if err != nil {
		return 0
	}
	now, err := http.ParseTime(date)
	if err != nil {
		now = time.Now()
	}
	return max(0, until.Sub(now))
}

// Sleep waits, and returns an error at once when ctx ends.
func Sleep(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
