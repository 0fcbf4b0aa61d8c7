package rapid

import (
	"context"
	"log/slog"
	"net"
)

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
	// paths that need them. If zero, 64 MiB and 256 MiB.
	MaxStreamWindow  int
	MaxSessionWindow int
	// Logger is told when sessions begin and end. If nil, nothing is logged.
	Logger *slog.Logger
}

// DialContext opens a stream to address, a host:port, which the relay dials.
// It is made for [net/http.Transport]. Only the first use, and the one after a
// session has failed, waits for the relay; whether the destination answers
// shows when the Conn is used. The network is tcp, tcp4 or tcp6.
func (d *Dialer) DialContext(ctx context.Context, network, address string) (net.Conn, error) {
	panic("rapid: unfinished")
}

// Session returns a session that works, opening it if need be: one of those
// that DialContext uses. The address is for [Granter.Grant].
func (d *Dialer) Session(ctx context.Context, address string) (*Session, error) {
	panic("rapid: unfinished")
}

// SetRates changes the rates of the sessions there are and of those to come,
// both what we send and what the relay sends. They hold for all sessions of
// the Dialer together.
func (d *Dialer) SetRates(r Rates) error { panic("rapid: unfinished") }

// Stats returns what the sessions that live have done, oldest first.
func (d *Dialer) Stats() []Stats { panic("rapid: unfinished") }

// Close ends all sessions, and with them their streams. Connections that
// Fallback opened are not touched. When it returns no goroutine of the
// Dialer runs.
func (d *Dialer) Close() error { panic("rapid: unfinished") }
