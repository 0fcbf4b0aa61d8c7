package pace

import (
	"context"
	"net/http"
	"time"

	"github.com/icos-go/icos/s3"
)

// small is the size below which only some requests tell which connection they use: finding out costs as
// much as a tenth of a request.
const (
	small       = 1 << 20
	sampleEvery = 64
)

// Trace returns a context whose requests tell m how they fare. size is how many bytes one of them moves, to
// know how much looking at it may cost. If stall is positive, a connection that moves nothing for so
// long is given up and the request repeated on another; see [Tuner.Stall].
func (m *Meter) Trace(ctx context.Context, size int64, stall time.Duration) context.Context {
	t := &s3.Trace{Attempt: m.attempt, Stall: stall}
	if size >= small || m.paths.seen.Add(1)%sampleEvery == 1 {
		t.Conn = m.paths.add
	}
	return s3.WithTrace(ctx, t)
}

func (m *Meter) attempt(a s3.AttemptInfo) {
	if a.Cancelled {
		return // what it failed with is no news
	}
	m.answered()
	m.Service(a.Wait)
	if a.Number > 1 {
		m.Retried()
	}
	switch {
	case a.StatusCode == http.StatusServiceUnavailable, a.StatusCode == http.StatusTooManyRequests:
		m.Throttled()
	case a.StatusCode == 0:
		m.Broken()
	}
}
