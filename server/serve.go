package server

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"sync"
	"time"
)

// Bounds of the HTTP server. There is none on a whole request or response,
// as objects may take hours; see guard for clients that stop moving.
const (
	readHeaderTimeout = 30 * time.Second
	idleTimeout       = 2 * time.Minute
	maxHeaderBytes    = 64 << 10 // S3 allows 8 KiB of headers, and user metadata
	drainTimeout      = 30 * time.Second
)

// Serve serves on all listeners until ctx ends, then lets running requests
// finish for up to 30 seconds, cuts off the rest, and returns nil. It closes the
// listeners but not the Server. For TLS, pass a listener of crypto/tls; see
// TLSConfig. For rapid sessions, see OfferRapid. Meanwhile it sweeps; see Config.
func (s *Server) Serve(ctx context.Context, listeners ...net.Listener) error {
	hs := &http.Server{
		Handler:           s,
		ReadHeaderTimeout: readHeaderTimeout,
		IdleTimeout:       idleTimeout,
		MaxHeaderBytes:    maxHeaderBytes,
		ErrorLog:          slog.NewLogLogger(s.log.Handler(), slog.LevelDebug),
	}
	tending, rest := context.WithCancel(ctx)
	var worker sync.WaitGroup
	worker.Go(func() { s.tend(tending) })
	defer worker.Wait()
	defer rest()
	done := make(chan error, len(listeners))
	for _, ln := range listeners {
		go func() { done <- hs.Serve(ln) }()
	}
	running := len(listeners)
	var failed error
	select {
	case err := <-done:
		running--
		failed = fmt.Errorf("server: serve: %w", err)
	case <-ctx.Done():
	}
	drain, cancel := context.WithTimeout(context.WithoutCancel(ctx), drainTimeout)
	defer cancel()
	err := hs.Shutdown(drain)
	if errors.Is(err, context.DeadlineExceeded) {
		s.log.Warn("cut off requests that did not finish in time", "after", drainTimeout)
		err = hs.Close()
	}
	for range running {
		<-done // always http.ErrServerClosed now
	}
	if err != nil {
		err = fmt.Errorf("server: shut down: %w", err)
	}
	return errors.Join(failed, err, s.rapid.shutdown(drain))
}
