package server

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"time"
)

// Bounds of the HTTP server. There is none on a whole request or response,
// as objects may take hours; see guardBody for requests that stop moving.
const (
	readHeaderTimeout = 30 * time.Second
	idleTimeout       = 2 * time.Minute
	maxHeaderBytes    = 64 << 10 // S3 allows 8 KiB of headers, and user metadata
	bodyStallTimeout  = 2 * time.Minute
	drainTimeout      = 30 * time.Second
)

// Serve serves on ln until ctx ends, then lets running requests finish for up
// to 30 seconds, cuts off the rest, and returns nil. It closes ln but not the
// Server. For TLS, pass a listener of crypto/tls; see TLSConfig.
func (s *Server) Serve(ctx context.Context, ln net.Listener) error {
	hs := &http.Server{
		Handler:           s,
		ReadHeaderTimeout: readHeaderTimeout,
		IdleTimeout:       idleTimeout,
		MaxHeaderBytes:    maxHeaderBytes,
		ErrorLog:          slog.NewLogLogger(s.log.Handler(), slog.LevelDebug),
	}
	done := make(chan error, 1)
	go func() { done <- hs.Serve(ln) }()
	select {
	case err := <-done:
		return fmt.Errorf("server: serve: %w", err)
	case <-ctx.Done():
	}
	drain, cancel := context.WithTimeout(context.WithoutCancel(ctx), drainTimeout)
	defer cancel()
	err := hs.Shutdown(drain)
	if errors.Is(err, context.DeadlineExceeded) {
		s.log.Warn("cut off requests that did not finish in time", "after", drainTimeout)
		err = hs.Close()
	}
	<-done // always http.ErrServerClosed now
	if err != nil {
		return fmt.Errorf("server: shut down: %w", err)
	}
	return nil
}

// guardBody makes a request body whose bytes stop coming fail, so that a
// client that went away or stalls on purpose does not hold its connection,
// its upload and the locks behind it for ever.
func guardBody(w http.ResponseWriter, r *http.Request) {
	if r.Body == nil || r.Body == http.NoBody {
		return
	}
	c := http.NewResponseController(w)
	if c.SetReadDeadline(time.Time{}) != nil {
		return // not a network connection: a test's recorder
	}
	r.Body = &guardedBody{ReadCloser: r.Body, conn: c}
}

type guardedBody struct {
	io.ReadCloser
	conn *http.ResponseController
	set  time.Time // when the deadline was last moved
}

// Read implements io.Reader. It moves the deadline at most once a second,
// and takes it off at the end: net/http goes on reading the connection to
// notice a client that leaves, and a deadline would look like one.
func (b *guardedBody) Read(p []byte) (int, error) {
	if now := time.Now(); now.Sub(b.set) > time.Second {
		b.set = now
		if err := b.conn.SetReadDeadline(now.Add(bodyStallTimeout)); err != nil {
			return 0, err
		}
	}
	n, err := b.ReadCloser.Read(p)
	if err == io.EOF {
		if derr := b.conn.SetReadDeadline(time.Time{}); derr != nil {
			err = derr
		}
	}
	return n, err
}
