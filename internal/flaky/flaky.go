// Package flaky wraps an S3 server so that it misbehaves, and so that it tells
// what it was asked.
//
//	var net *flaky.Handler
//	cos := icostest.NewServer(t, &icostest.Options{Wrap: func(h http.Handler) http.Handler {
//		net = flaky.New(h, flaky.Faults{Seed: 1, SlowDown: 0.05})
//		return net
//	}})
//
// What goes wrong follows from the seed, from what is asked, and from how often
// it was asked before; not from the order in which requests that run side by
// side happen to arrive. So a failure comes again with its seed.
package flaky

import (
	"net/http"
	"time"
)

// Faults says how often what goes wrong. Rates are shares of requests, from 0 to
// 1; a request suffers at most one fault besides a delay. The zero value is a server that works.
type Faults struct {
	Seed uint64

	SlowDown float64 // answered 503 SlowDown, before anything is done
	Reset    float64 // the connection is reset before anything is done
	Lost     float64 // the request is carried out, and the connection is reset instead of an answer

	TruncateUp   float64 // the body of a PUT ends early, with a reset
	TruncateDown float64 // the body of an answer ends early, with a reset
	CorruptUp    float64 // one bit of the body of a PUT is flipped
	CorruptDown  float64 // one bit of the data of an object is flipped on its way to the client

	Delay    float64       // answered late
	DelayFor time.Duration // by how much

	// Only, if not nil, says which requests suffer at all.
	Only func(*http.Request) bool
}

// A Handler is the server. It is safe for concurrent use.
type Handler struct {
	next   http.Handler
	faults Faults
}

// New wraps a server, which is asked for objects as /bucket/key.
func New(next http.Handler, f Faults) *Handler { return &Handler{next: next, faults: f} }

// SetFaults changes what goes wrong from the next request on.
func (h *Handler) SetFaults(f Faults) {}

// ServeHTTP serves one request, or fails at it.
func (h *Handler) ServeHTTP(w http.ResponseWriter, r *http.Request) { h.next.ServeHTTP(w, r) }
