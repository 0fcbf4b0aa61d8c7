package s3

import (
	"context"
	"net"
	"net/http/httptrace"
	"time"
)

// A Trace watches the requests made with a context, and says how long their connections may
// stand still. Its functions may be called by several goroutines at once, must not block, and may be nil.
type Trace struct {
	// Attempt is told of every time that a request was sent, after its answer began or it failed.
	Attempt func(AttemptInfo)

	// Conn is told of the connection that an attempt uses, before it is written to. It is for looking
	// only: neither read, write nor close it. Every call costs about a microsecond, so set it for a
	// part of the small requests only.
	Conn func(net.Conn)

	// Stall replaces [TransportOptions.StallTimeout] for the time of these requests, the reading of a
	// live answer included, so that a part is sent again over another connection sooner than a request
	// that may wait long for its answer. If zero, the timeout of the transport. It has no effect on
	// transports that are not made by [NewTransport], or have no StallTimeout.
	Stall time.Duration
}

// AttemptInfo is what a Trace learns about one time that a request was sent.
type AttemptInfo struct {
	Op         string // such as "PutObject"
	Number     int    // from 1; more is a repetition
	StatusCode int    // 0 if no answer came
	Err        error  // why the attempt failed, an answer that says no included
	Cancelled  bool   // the context ended before
	Sent       int64  // bytes of the body that were handed to the connection

	// Took is the time from the beginning of the attempt to the answer: its head, and its document if
	// that is not left to the caller.
	Took time.Duration

	// Wait is the part of Took in which the whole body was handed over already, be it to the buffers of
	// the system. It is the round trip and the time that the service took, and for large bodies the
	// emptying of these buffers.
	Wait time.Duration
}

type traceKey struct{}

// WithTrace returns a context whose requests t is told of, after the Trace that ctx has already, if
// any. Of two values for Stall the one that is set last counts.
func WithTrace(ctx context.Context, t *Trace) context.Context {
	if outer := traceOf(ctx); outer != nil {
		t = outer.and(t)
	}
	return context.WithValue(ctx, traceKey{}, t)
}

func traceOf(ctx context.Context) *Trace {
	t, _ := ctx.Value(traceKey{}).(*Trace)
	return t
}

// and returns a Trace that tells both.
func (t *Trace) and(u *Trace) *Trace {
	both := *u
	if both.Stall == 0 {
		both.Stall = t.Stall
	}
	switch {
	case u.Attempt == nil:
		both.Attempt = t.Attempt
	case t.Attempt != nil:
		both.Attempt = func(a AttemptInfo) { t.Attempt(a); u.Attempt(a) }
	}
	switch {
	case u.Conn == nil:
		both.Conn = t.Conn
	case t.Conn != nil:
		both.Conn = func(c net.Conn) { t.Conn(c); u.Conn(c) }
	}
	return &both
}

// watch returns ctx, with what t needs to know of the connection of one attempt.
func (t *Trace) watch(ctx context.Context) context.Context {
	if t == nil || t.Conn == nil && t.Stall <= 0 {
		return ctx
	}
	var conn *stallConn
	return httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{
		GotConn: func(info httptrace.GotConnInfo) {
			if t.Conn != nil {
				t.Conn(info.Conn)
			}
			if t.Stall > 0 {
				if conn = stallConnOf(info.Conn); conn != nil {
					conn.expect(t.Stall)
				}
			}
		},
		PutIdleConn: func(error) {
			if conn != nil {
				conn.expect(0)
			}
		},
	})
}

// stallConnOf finds the stallConn that c is, or is built on.
func stallConnOf(c net.Conn) *stallConn {
	for {
		if s, ok := c.(*stallConn); ok {
			return s
		}
		inner, ok := c.(interface{ NetConn() net.Conn })
		if !ok {
			return nil
		}
		c = inner.NetConn()
	}
}
