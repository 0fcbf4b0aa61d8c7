package server

import (
	"context"
	"errors"
	"math"
	"net/http"
	"sync/atomic"

	"github.com/icos-go/icos/server/journal"
)

// errRestoring tells a caller to come back when a restore is over.
var errRestoring = errors.New("server: a snapshot is being restored; try again")

// A gate lets in everybody who uses the data until somebody wants to replace it. Passing it costs as much as an uncontended
// read lock; a read lock could not be waited for with a bound.
type gate struct {
	users   atomic.Int64  // how many are inside, less shut while nobody is let in
	drained chan struct{} // of one element: look at users again
}

const shut = math.MinInt64 / 2

func newGate() gate { return gate{drained: make(chan struct{}, 1)} }

// enter reports whether the caller may use the data; it then calls leave.
func (g *gate) enter() bool {
	if g.users.Add(1) > 0 {
		return true
	}
	g.leave()
	return false
}

func (g *gate) leave() {
	if g.users.Add(-1) == shut {
		select {
		case g.drained <- struct{}{}:
		default: // it has been told
		}
	}
}

// close lets nobody in any more and waits until nobody is inside. If ctx ends first, the gate is open again. One caller at a time.
func (g *gate) close(ctx context.Context) error {
	g.users.Add(shut)
	for g.users.Load() != shut {
		select {
		case <-g.drained:
		case <-ctx.Done():
			g.open()
			return ctx.Err()
		}
	}
	return nil
}

func (g *gate) open() { g.users.Add(-shut) }

// refuseForNow answers a request that came during a restore, in a form that clients of S3 understand; those of the other
// services go by the status. Name is that of the service, for the journal; empty for the S3 API, which has not looked at the request.
func (s *Server) refuseForNow(name string, w http.ResponseWriter, r *http.Request) {
	if s.journal != nil {
		var watch *journal.Watch
		w, r, watch = s.journal.Begin(w, r)
		watch.Entry().Operation, watch.Entry().Code = name, "ServiceUnavailable"
		defer watch.End()
	}
	const body = `<?xml version="1.0" encoding="UTF-8"?>` + "\n" +
		`<Error><Code>ServiceUnavailable</Code><Message>A snapshot is being restored. Please try again.</Message></Error>`
	w.Header().Set("Content-Type", "application/xml")
	w.Header().Set("Retry-After", "1")
	w.WriteHeader(http.StatusServiceUnavailable)
	if r.Method != http.MethodHead {
		_, _ = w.Write([]byte(body)) // the client that does not read it has gone
	}
}
