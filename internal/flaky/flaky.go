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
// the same was asked before; not from the order in which requests that run side
// by side happen to arrive. So a failure comes again with its seed.
package flaky

import (
	"net/http"
	"sync"
	"time"
)

// Faults says what goes wrong, and how often. Rates are shares of the requests
// to which the fault can happen, from 0 to 1, and their sum is at most 1: a
// request suffers one fault, and perhaps a delay. The zero value is a server that works.
type Faults struct {
	Seed uint64

	SlowDown float64 // answered 503 SlowDown, before anything is done
	Reset    float64 // the connection is reset before anything is done
	Lost     float64 // the request is carried out, and the connection is reset instead of an answer

	TruncateUp   float64 // the body of a PUT ends early, and the connection is reset
	TruncateDown float64 // the answer to a GET ends early
	CorruptUp    float64 // one bit of the body of a PUT is flipped
	CorruptDown  float64 // one bit of an object's data is flipped on its way to the client

	Delay    float64       // answered late
	DelayFor time.Duration // by how much

	// Only, if not nil, says which requests suffer at all.
	Only func(*http.Request) bool
}

// A Handler is the server. It is safe for concurrent use.
type Handler struct {
	next http.Handler

	mu     sync.Mutex // guards all below
	faults Faults
	asked  map[string]uint64 // how often, by what

	parts    map[Part]PartCount
	ranges   []*Range
	slices   []Slice
	uploads  map[string]bool // by id
	requests int64
	running  int
	most     int // of running
	resets   int
}

// New wraps a server, which is asked for objects as /bucket/key.
func New(next http.Handler, f Faults) *Handler {
	return &Handler{next: next, faults: f, asked: map[string]uint64{}, parts: map[Part]PartCount{}, uploads: map[string]bool{}}
}

// SetFaults changes what goes wrong from the next request on.
func (h *Handler) SetFaults(f Faults) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.faults = f
}

// ServeHTTP serves one request, or fails at it.
func (h *Handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	q := parse(r)
	f, wait := h.enter(q, r)
	defer h.leave()
	if wait > 0 {
		timer := time.NewTimer(wait)
		select {
		case <-timer.C:
		case <-r.Context().Done():
		}
		timer.Stop()
	}
	body := &requestBody{ReadCloser: r.Body, h: h, call: q, cut: -1, flip: -1}
	answer := &answer{ResponseWriter: w, h: h, call: q, cut: -1, flip: -1}
	switch f.fault {
	case slowDown:
		w.Header().Set("Content-Type", "application/xml")
		w.WriteHeader(http.StatusServiceUnavailable)
		w.Write([]byte(`<?xml version="1.0" encoding="UTF-8"?><Error><Code>SlowDown</Code><Message>Please reduce your request rate.</Message></Error>`))
		return
	case reset:
		breakConnection(w)
		return
	case lost:
		answer.sink = true
	case truncateUp:
		body.cut, answer.sink = f.at(r.ContentLength), true
	case corruptUp:
		body.flip, body.bit = f.at(r.ContentLength), f.bit
	case truncateDown, corruptDown:
		answer.fault = &f
	}
	r.Body = body
	h.next.ServeHTTP(answer, r)
	answer.done()
	switch {
	case answer.sink:
		breakConnection(w)
	case answer.ended:
		panic(http.ErrAbortHandler) // the client sees the end of the connection
	}
}
