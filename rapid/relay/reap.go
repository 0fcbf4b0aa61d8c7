package relay

import (
	"context"
	"time"

	"github.com/icos-go/icos/rapid"
)

const (
	// reapEvery is how often streams are looked at.
	reapEvery = time.Second
	// quietFor is how long a stream has to be still to be ended when the
	// Server drains: longer than a server thinks about most requests, so
	// that it is likely to be a connection kept for later use.
	quietFor = 5 * time.Second
)

// reap ends streams on which nothing has moved for too long, until ctx ends.
func (s *Server) reap(ctx context.Context) {
	tick := time.NewTicker(reapEvery)
	defer tick.Stop()
	for {
		select {
		case <-tick.C:
			for _, f := range s.stale() {
				s.counts.idle.Add(1)
				f.end(rapid.CodeCanceled, "nothing has moved for too long")
			}
		case <-ctx.Done():
			return
		}
	}
}

// stale returns the flows to end.
func (s *Server) stale() []*flow {
	limit := s.cfg.IdleTimeout
	if s.draining.Load() {
		limit = min(limit, quietFor)
	}
	var stale []*flow
	s.mu.Lock()
	defer s.mu.Unlock()
	for f := range s.flows {
		if moved := f.moved.Load(); moved != f.seen {
			f.seen, f.still = moved, 0
			continue
		}
		if f.still += reapEvery; f.still >= limit {
			stale = append(stale, f)
		}
	}
	return stale
}
