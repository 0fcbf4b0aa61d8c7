package fault

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"net/http"
	"strconv"
	"time"
)

// ErrCut is what writing an answer fails with where a rule has it end.
var ErrCut = errors.New("fault: the answer ends here")

// A Strike is what goes wrong with one request.
type Strike struct {
	Rule string // id of the rule

	rule   *Rule
	chance uint64
}

// Refusal returns the answer to give instead of carrying out the request; a
// status of 0 means that there is none.
func (s *Strike) Refusal() (status int, code string) { return s.rule.Status, s.rule.Code }

// Begin waits for the rule's delay, and resets the connection if it is to be
// reset before anything happens, in which case it panics with
// http.ErrAbortHandler. Its error is that of the request's context.
func (s *Strike) Begin(w http.ResponseWriter, r *http.Request) error {
	if err := wait(r.Context(), s.rule.Delay); err != nil {
		return err
	}
	if s.rule.Reset == Before {
		Break(w)
	}
	return nil
}

func wait(ctx context.Context, d time.Duration) error {
	if d <= 0 {
		return nil
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// Wrap returns what to carry out the request with. End must be called when the
// answer is complete; it panics with http.ErrAbortHandler where the connection has to end.
func (s *Strike) Wrap(w http.ResponseWriter, r *http.Request) (_ http.ResponseWriter, _ *http.Request, end func()) {
	switch {
	case s.rule.Corrupt == Request && r.Body != nil && r.Body != http.NoBody:
		r = r.WithContext(r.Context()) // net/http looks at the Body of the one it made
		r.Body = &spoiled{ReadCloser: r.Body, at: s.offset(r.ContentLength), bit: s.bit()}
	case s.rule.Corrupt == Answer:
		return &answer{ResponseWriter: w, strike: s, cut: -1, flip: -1, corrupt: true}, r, func() {}
	case s.rule.Truncate != nil:
		a := &answer{ResponseWriter: w, strike: s, cut: *s.rule.Truncate, flip: -1}
		return a, r, func() {
			if a.ended {
				panic(http.ErrAbortHandler) // what was let through has been flushed
			}
		}
	case s.rule.Reset == After:
		return &sink{ResponseWriter: w}, r, func() { Break(w) }
	}
	return w, r, func() {}
}

// offset chooses a byte of a body of that many, or of the first 4 KiB of one whose length is not known.
func (s *Strike) offset(length int64) int64 {
	if length <= 0 {
		length = 4 << 10
	}
	return int64(s.chance % uint64(length))
}

func (s *Strike) bit() int { return int(s.chance >> 61) }

// Break resets the connection of w and panics with http.ErrAbortHandler.
func Break(w http.ResponseWriter) {
	if conn, _, err := http.NewResponseController(w).Hijack(); err == nil {
		raw := conn
		if t, ok := conn.(*tls.Conn); ok {
			raw = t.NetConn() // a TLS alert would make the end an orderly one
		}
		if tcp, ok := raw.(*net.TCPConn); ok {
			_ = tcp.SetLinger(0) // RST, not FIN; if that fails, FIN it is
		}
		_ = raw.Close() // the client sees the end either way
	}
	panic(http.ErrAbortHandler)
}

// spoiled is a body with one bit flipped.
type spoiled struct {
	io.ReadCloser
	off, at int64
	bit     int
}

// Read implements io.Reader.
func (b *spoiled) Read(p []byte) (int, error) {
	n, err := b.ReadCloser.Read(p)
	if i := b.at - b.off; i >= 0 && i < int64(n) {
		p[i] ^= 1 << b.bit
	}
	b.off += int64(n)
	return n, err
}

// answer cuts or spoils the body of an answer.
type answer struct {
	http.ResponseWriter
	strike  *Strike
	corrupt bool

	begun     bool
	off       int64
	cut, flip int64 // -1: nowhere
	ended     bool  // it was cut
}

// Unwrap lets an http.ResponseController through.
func (a *answer) Unwrap() http.ResponseWriter { return a.ResponseWriter }

// WriteHeader implements http.ResponseWriter.
func (a *answer) WriteHeader(status int) {
	if status >= 200 && !a.begun {
		a.begun = true
		length := int64(-1)
		if n, err := strconv.ParseInt(a.Header().Get("Content-Length"), 10, 64); err == nil {
			length = n
		}
		if a.corrupt {
			a.flip = a.strike.offset(length)
		}
	}
	a.ResponseWriter.WriteHeader(status)
}

// Write implements http.ResponseWriter.
func (a *answer) Write(p []byte) (int, error) {
	if !a.begun {
		a.WriteHeader(http.StatusOK)
	}
	if a.ended {
		return 0, ErrCut
	}
	whole := len(p)
	if a.cut >= 0 && a.off+int64(len(p)) > a.cut {
		p, a.ended = p[:a.cut-a.off], true
	}
	if i := a.flip - a.off; a.flip >= 0 && i >= 0 && i < int64(len(p)) {
		p = bytes.Clone(p)
		p[i] ^= 1 << a.strike.bit()
	}
	n, err := a.ResponseWriter.Write(p)
	a.off += int64(n)
	if a.ended && err == nil {
		if err = http.NewResponseController(a.ResponseWriter).Flush(); err == nil && n < whole {
			err = ErrCut
		}
	}
	return n, err
}

// sink is an answer that the client does not get.
type sink struct {
	http.ResponseWriter
	header http.Header
}

// Header implements http.ResponseWriter.
func (s *sink) Header() http.Header {
	if s.header == nil {
		s.header = s.ResponseWriter.Header().Clone()
	}
	return s.header
}

// WriteHeader implements http.ResponseWriter.
func (s *sink) WriteHeader(int) {}

// Write implements http.ResponseWriter.
func (s *sink) Write(p []byte) (int, error) { return len(p), nil }
