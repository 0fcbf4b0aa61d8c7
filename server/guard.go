package server

import (
	"io"
	"net/http"
	"time"
)

// Bounds on how long a client may stand still.
const (
	// stallTimeout bounds the wait for the next bytes of a request's body, and for a client to take the next bytes of its
	// answer.
	stallTimeout = 2 * time.Minute
	// restTimeout bounds the wait for the rest of a body that nobody reads.
	restTimeout = 5 * time.Second
	// maxRest is how many bytes are read of it, for the connection to be used again. It is net/http's own bound.
	maxRest = 256 << 10
	// deadlineStep is how stale a deadline may get before it is moved again.
	deadlineStep = time.Second
)

// guard makes reads of the request's body fail whose bytes stop coming, and writes of the answer that the client does not take.
// A client that went away, or stalls on purpose, would otherwise hold its connection, its memory and its object for ever. The
// caller calls end after the answer.
//
// There is no bound on a whole request, since objects take as long as they take.
func guard(w http.ResponseWriter, r *http.Request) (_ http.ResponseWriter, _ *http.Request, end func()) {
	g := &guarded{ResponseWriter: w, conn: http.NewResponseController(w)}
	if g.moveWrite() != nil {
		return w, r, func() {} // not a network connection: a test's recorder
	}
	if r.Body != nil && r.Body != http.NoBody {
		g.body = r.Body
		g.rest = r.ContentLength
		g.silent = r.Header.Get("Expect") != ""
		// net/http looks at the Body of the request it made, to know what is left of it, so that one stays as it is.
		r = r.WithContext(r.Context())
		r.Body = guardedBody{g}
	}
	return g, r, g.end
}

// guarded is the answer to a request, and the request's body.
type guarded struct {
	http.ResponseWriter
	conn     *http.ResponseController
	writable time.Time // when the write deadline was last moved

	body     io.ReadCloser // nil without one
	readable time.Time     // when the read deadline was last moved
	rest     int64         // bytes of body to come; negative if unknown
	ended    bool          // body has ended, or failed
	silent   bool          // the client waits for 100 Continue, which the first read of body sends
	answered bool
}

// Unwrap lets an http.ResponseController through.
func (g *guarded) Unwrap() http.ResponseWriter { return g.ResponseWriter }

// WriteHeader implements http.ResponseWriter.
func (g *guarded) WriteHeader(status int) {
	g.answer()
	g.ResponseWriter.WriteHeader(status)
}

// Write implements http.ResponseWriter.
func (g *guarded) Write(p []byte) (int, error) {
	g.answer()
	if err := g.moveWrite(); err != nil {
		return 0, err
	}
	return g.ResponseWriter.Write(p)
}

func (g *guarded) moveWrite() error {
	now := time.Now()
	if now.Sub(g.writable) <= deadlineStep {
		return nil
	}
	g.writable = now
	return g.conn.SetWriteDeadline(now.Add(stallTimeout))
}

// answer reads what is left of the body before the answer begins: many clients send everything before they read anything.
// net/http does so too, but would wait for ever.
func (g *guarded) answer() {
	if g.answered {
		return
	}
	g.answered = true
	if g.body == nil || g.ended || g.silent {
		return
	}
	if g.rest <= maxRest && g.conn.SetReadDeadline(time.Now().Add(restTimeout)) == nil {
		n, err := io.CopyN(io.Discard, g.body, maxRest+1)
		g.rest -= n
		if err == io.EOF {
			g.ended = g.conn.SetReadDeadline(time.Time{}) == nil
		}
	}
	if !g.ended {
		g.Header().Set("Connection", "close")
	}
}

// end leaves net/http deadlines for what it still reads and writes by itself.
func (g *guarded) end() {
	g.answer()
	_ = g.moveWrite() // fails on a closed connection only
	if g.body != nil && !g.ended {
		_ = g.conn.SetReadDeadline(time.Now().Add(restTimeout))
	}
}

// guardedBody is the body of a guarded request.
type guardedBody struct{ g *guarded }

// Close implements io.Closer.
func (b guardedBody) Close() error { return b.g.body.Close() }

// Read implements io.Reader. At the end it takes the deadline off: net/http goes on reading the connection to notice a client
// that leaves, and a deadline would look like one.
func (b guardedBody) Read(p []byte) (int, error) {
	g := b.g
	g.silent = false
	if now := time.Now(); now.Sub(g.readable) > deadlineStep {
		g.readable = now
		if err := g.conn.SetReadDeadline(now.Add(stallTimeout)); err != nil {
			return 0, err
		}
	}
	n, err := g.body.Read(p)
	g.rest -= int64(n)
	if err != nil {
		g.ended = true
	}
	if err == io.EOF {
		if derr := g.conn.SetReadDeadline(time.Time{}); derr != nil {
			err = derr
		}
	}
	return n, err
}
