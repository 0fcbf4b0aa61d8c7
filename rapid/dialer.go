package rapid

import (
	"context"
	"fmt"
	"log/slog"
	"net"
	"sync"
)

// maxSessions is how many sessions a Dialer may be told to use.
const maxSessions = 64

// Dialer opens streams through a relay. The fields are set before its first
// use and not changed then. All streams share its sessions, which it opens as
// they are needed; so its Granter speaks for one relay. It may be used by many
// goroutines. The zero value but for Grants is good.
type Dialer struct {
	// Grants asks for the grants of new sessions. Required.
	Grants Granter
	// Policy, TargetRate and MinRate are the [Rates] in the beginning, in
	// bits per second. They hold for all sessions together.
	Policy     Policy
	TargetRate int64
	MinRate    int64
	// Sessions is how many sessions, each over a socket of its own, share the
	// streams and together take the share of one. It helps where one flow
	// of packets is held to one core or one link of several. If zero, 1; at
	// most 64.
	Sessions int
	// ListenPacket opens the socket of a session. If nil, a UDP socket. What
	// it returns is closed with the session.
	ListenPacket func(ctx context.Context, network, address string) (net.PacketConn, error)
	// Fallback opens a connection when no session can be had, for instance
	// with [net.Dialer.DialContext]: when UDP is blocked, from the start or
	// of late while Grants can still be reached, or when no grant is given.
	// UDP is tried again from time to time. If nil, the reason is returned.
	Fallback func(ctx context.Context, network, address string) (net.Conn, error)
	// Notice is told once when Fallback begins to be used, with the reason,
	// and once with nil when sessions work again. If nil, nobody is.
	Notice func(reason error)
	// DisableOffload stops segmentation and coalescing of packets by the
	// kernel (UDP_SEGMENT, UDP_GRO), which are used if they work. For faulty
	// drivers; it costs much speed.
	DisableOffload bool
	// MaxStreamWindow and MaxSessionWindow bound what is buffered for reading
	// of one stream and of one session, in bytes. They are reached only on
	// paths that need them. If zero, 128 MiB and 256 MiB.
	MaxStreamWindow  int
	MaxSessionWindow int
	// Logger is told when sessions begin and end. If nil, nothing is logged.
	Logger *slog.Logger

	lend    buffers
	running sync.WaitGroup // everything the Dialer has started

	mu       sync.Mutex // guards everything below; taken before a session's
	pool     []place
	next     int    // place of the next stream
	rates    *Rates // of SetRates
	paths    memory
	used     map[ID]struct{} // grants
	fallback fallback
	closed   bool
}

// DialContext opens a stream to address, a host:port, which the relay dials.
// It is made for [net/http.Transport]. Only the first use, and the one after a
// session has failed, waits for the relay; whether the destination answers
// shows when the Conn is used. The network is tcp, tcp4 or tcp6.
func (d *Dialer) DialContext(ctx context.Context, network, address string) (net.Conn, error) {
	if err := dialable(network, address); err != nil {
		return nil, dialError(network, address, err)
	}
	if d.Fallback != nil && d.fallen(ctx, network, address) {
		return d.Fallback(ctx, network, address)
	}
	for {
		s, err := d.session(ctx, network, address)
		if err != nil {
			if d.Fallback == nil || ctx.Err() != nil || d.isClosed() {
				return nil, dialError(network, address, err)
			}
			return d.Fallback(ctx, network, address)
		}
		c, err := s.OpenStream(ctx, address)
		if err == nil {
			return c, nil
		}
		if s.Err() == nil || ctx.Err() != nil {
			return nil, err
		}
		// The session has ended since we were given it: have another.
	}
}

// dialable says what is wrong with a destination.
func dialable(network, address string) error {
	switch network {
	case "tcp", "tcp4", "tcp6":
	default:
		return net.UnknownNetworkError(network)
	}
	if _, _, err := net.SplitHostPort(address); err != nil {
		return err
	}
	return nil
}

func dialError(network, address string, err error) error {
	return &net.OpError{Op: "dial", Net: network, Addr: destination(address), Err: err}
}

// destination is a host:port as a [net.Addr].
type destination string

func (destination) Network() string  { return "tcp" }
func (d destination) String() string { return string(d) }

// Session returns a session that works, opening it if need be: one of those
// that DialContext uses. The address is for [Granter.Grant].
func (d *Dialer) Session(ctx context.Context, address string) (*Session, error) {
	return d.session(ctx, "tcp", address)
}

// SetRates changes the rates of the sessions there are and of those to come,
// both what we send and what the relay sends. They hold for all sessions of
// the Dialer together.
func (d *Dialer) SetRates(r Rates) error {
	r, err := r.check()
	if err != nil {
		return err
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	d.rates = &r
	d.shareLocked()
	return nil
}

// ratesLocked returns the rates of all sessions together.
func (d *Dialer) ratesLocked() (Rates, error) {
	if d.rates != nil {
		return *d.rates, nil
	}
	return Rates{Policy: d.Policy, Target: d.TargetRate, Min: d.MinRate}.check()
}

// Stats returns what the sessions that live have done, oldest first.
func (d *Dialer) Stats() []Stats {
	d.mu.Lock()
	live := d.liveLocked()
	d.mu.Unlock()
	return statsOf(live)
}

// Close ends all sessions, and with them their streams. Connections that
// Fallback opened are not touched. When it returns no goroutine of the
// Dialer runs.
func (d *Dialer) Close() error {
	d.mu.Lock()
	d.closed = true
	live := d.liveLocked()
	for i := range d.pool {
		if a := d.pool[i].attempt; a != nil {
			a.cancel()
		}
	}
	if d.fallback.cancel != nil {
		d.fallback.cancel()
	}
	d.mu.Unlock()
	for _, s := range live {
		s.close(CodeNone, true)
	}
	d.running.Wait()
	return nil
}

func (d *Dialer) isClosed() bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.closed
}

// checkLocked says what is wrong with the fields.
func (d *Dialer) checkLocked() error {
	switch {
	case d.Grants == nil:
		return fmt.Errorf("rapid.Dialer has no Grants")
	case d.Sessions < 0 || d.Sessions > maxSessions:
		return fmt.Errorf("%d sessions: want 1 to %d", d.Sessions, maxSessions)
	}
	_, err := d.ratesLocked()
	return err
}
