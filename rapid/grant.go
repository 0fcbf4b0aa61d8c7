package rapid

import (
	"context"
	"fmt"
	"net"
	"time"
)

// maxAddrs is how many addresses of a grant are tried.
const maxAddrs = 16

// Grant lets its holder open one session. It carries a key, so it travels
// only over channels that keep secrets, as JSON in an HTTPS response.
type Grant struct {
	// Addrs are the UDP addresses of the server as host:port, best first. The
	// first that answers is used.
	Addrs []string `json:"addrs"`
	ID    ID       `json:"id"`
	Key   Key      `json:"key"`
	// Rate is what either side sends at most, in bits per second. If zero,
	// there is no such limit.
	Rate int64 `json:"rate,omitempty"`
	// Policies are the rate policies that may be used. If empty, all. Where
	// another is asked for, Fair is used, or the first of them.
	Policies []Policy `json:"policies,omitempty"`
	// Expires is when the session must have begun. A session that has begun
	// may go on after it. If zero, the grant does not expire.
	Expires time.Time `json:"expires,omitzero"`
}

// check says what makes g unusable at now.
func (g *Grant) check(now time.Time) error {
	switch {
	case len(g.Addrs) == 0:
		return fmt.Errorf("grant has no address")
	case len(g.Addrs) > maxAddrs:
		return fmt.Errorf("grant has %d addresses, at most %d are allowed", len(g.Addrs), maxAddrs)
	case g.Key == Key{}:
		return fmt.Errorf("grant has no key")
	case g.Rate < 0:
		return fmt.Errorf("grant has a rate of %d bit/s", g.Rate)
	case !g.Expires.IsZero() && !now.Before(g.Expires):
		return fmt.Errorf("grant has expired at %v; check the clocks of both hosts", g.Expires.Format(time.RFC3339))
	}
	for _, a := range g.Addrs {
		if _, _, err := net.SplitHostPort(a); err != nil {
			return fmt.Errorf("grant: %w", err)
		}
	}
	return nil
}

// Granter asks a server for grants. A Granter may have a second method,
// Reachable(context.Context) error, that finds out more cheaply whether the
// server is there; see [Dialer.Fallback].
type Granter interface {
	// Grant returns a grant nobody else has. The address is the destination
	// of the stream that made a session necessary, as given to
	// [Dialer.DialContext]; the session will be used for others too.
	Grant(ctx context.Context, network, address string) (*Grant, error)
}

// GranterFunc is a function as a [Granter].
type GranterFunc func(ctx context.Context, network, address string) (*Grant, error)

// Grant calls f.
func (f GranterFunc) Grant(ctx context.Context, network, address string) (*Grant, error) {
	return f(ctx, network, address)
}
