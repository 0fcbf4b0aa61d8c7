package server

import (
	"context"
	"errors"
	"fmt"
	"net"
	"sync"

	"github.com/icos-go/icos/rapid"
)

// OfferRapid has the transfer service hand out grants for sessions of l, and
// returns what to pass to [Server.Serve] for their streams to be served, as it
// is or in a listener of crypto/tls. Closing what it returns lets streams end
// that are under way; l itself is closed when they have, and at the latest by
// [Server.Close].
func (s *Server) OfferRapid(l *rapid.Listener) net.Listener {
	s.ats.SetGranter(l)
	return s.rapid.add(l)
}

// offers are the rapid listeners of a server.
type offers struct {
	mu   sync.Mutex // guards list
	list []*offer
}

func (o *offers) add(l *rapid.Listener) *offer {
	ctx, cancel := context.WithCancel(context.Background())
	offer := &offer{Listener: l, ctx: ctx, cut: cancel, ended: make(chan struct{})}
	o.mu.Lock()
	defer o.mu.Unlock()
	o.list = append(o.list, offer)
	return offer
}

func (o *offers) all() []*offer {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.list
}

// wait closes all listeners and waits until their streams have ended, but no
// longer than ctx lasts.
func (o *offers) wait(ctx context.Context) {
	for _, offer := range o.all() {
		offer.wait(ctx)
	}
}

// close closes all listeners, and cuts off the streams that are left.
func (o *offers) close() error {
	var errs []error
	for _, offer := range o.all() {
		offer.cut()
		_ = offer.Close() // returns nil
		<-offer.ended
		if err := offer.err; err != nil && !errors.Is(err, context.Canceled) {
			errs = append(errs, fmt.Errorf("server: close rapid listener: %w", err))
		}
	}
	return errors.Join(errs...)
}

// offer is a rapid listener as net/http needs it: an http.Server that shuts down
// closes its listeners first, and Close of a rapid.Listener would end the
// answers that are still being sent.
type offer struct {
	*rapid.Listener
	ctx     context.Context // ends when streams need not be waited for
	cut     context.CancelFunc
	closing sync.Once
	ended   chan struct{} // closed when the listener is
	err     error         // read after ended
}

// Close implements net.Listener. It stops accepting, and returns at once.
func (o *offer) Close() error {
	o.closing.Do(func() {
		go func() {
			defer close(o.ended)
			o.err = o.Listener.Shutdown(o.ctx)
		}()
	})
	return nil
}

// wait closes the listener and waits until it has ended, or cuts off what is left
// when ctx ends.
func (o *offer) wait(ctx context.Context) {
	_ = o.Close() // returns nil
	select {
	case <-o.ended:
	case <-ctx.Done():
		o.cut()
		<-o.ended
	}
}
