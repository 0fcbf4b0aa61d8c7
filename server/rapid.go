package server

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"

	"github.com/icos-go/icos/rapid"
)

// OfferRapid has the transfer service hand out grants for sessions of l. For
// their streams to be served, pass l to [Server.Serve], as it is or in a listener
// of crypto/tls. When Serve returns, or with [Server.Close], l has ended.
func (s *Server) OfferRapid(l *rapid.Listener) {
	s.life.Lock()
	defer s.life.Unlock()
	s.rapid.add(l)
	s.state.Load().ats.SetGranter(l)
}

// listeners are the rapid listeners of a server.
type listeners struct {
	mu   sync.Mutex // guards list
	list []*rapid.Listener
}

func (ls *listeners) add(l *rapid.Listener) {
	ls.mu.Lock()
	defer ls.mu.Unlock()
	ls.list = append(ls.list, l)
}

// newest returns the listener that was added last; nil if there is none.
func (ls *listeners) newest() *rapid.Listener {
	ls.mu.Lock()
	defer ls.mu.Unlock()
	if len(ls.list) == 0 {
		return nil
	}
	return ls.list[len(ls.list)-1]
}

// shutdown ends all listeners, and their sessions when what was written has
// arrived, or else when ctx ends.
func (ls *listeners) shutdown(ctx context.Context) error {
	ls.mu.Lock()
	list := slices.Clone(ls.list)
	ls.mu.Unlock()
	var errs []error
	for _, l := range list {
		if err := l.Shutdown(ctx); err != nil && ctx.Err() == nil {
			errs = append(errs, fmt.Errorf("server: end rapid sessions: %w", err))
		}
	}
	return errors.Join(errs...)
}

// close ends all listeners and their sessions at once.
func (ls *listeners) close() error {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	return ls.shutdown(ctx)
}
