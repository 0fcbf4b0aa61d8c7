package rapid

import (
	"context"
	"log/slog"
	"net"
	"time"
)

// ListenOptions are limits of a [Listener]. Nil and the zero value are good.
type ListenOptions struct {
	// MaxSessions is how many sessions may live. If zero, 1024.
	MaxSessions int
	// MaxGrants is how many grants may wait for their session. If zero,
	// twice MaxSessions. A grant holds about 200 bytes.
	MaxGrants int
	// MaxStreams is how many streams the peer of a session may have open. If
	// zero, 1024.
	MaxStreams int
	// MaxStreamWindow and MaxSessionWindow bound what is buffered for reading
	// of one stream and of one session, in bytes. If zero, 64 MiB and 256 MiB.
	MaxStreamWindow  int
	MaxSessionWindow int
	// Memory bounds the bytes all sessions buffer, both ways. If zero, 2 GiB.
	Memory int64
	// Rate bounds what all sessions send together, in bits per second. If
	// zero, there is no limit.
	Rate int64
	// Advertise are the addresses put into grants. If empty, the address
	// listened at; of a listener on all addresses only the port, as ":33001",
	// to which whoever hands on the grant adds the host it was asked by.
	Advertise []string
	// DisableOffload is as in [Dialer].
	DisableOffload bool
	// Logger is told when sessions begin and end. If nil, nothing is logged.
	Logger *slog.Logger
}

// Listener accepts the streams of all sessions that begin with a grant of
// [Listener.Grant]. It is a [net.Listener].
type Listener struct{}

var _ net.Listener = (*Listener)(nil)

// Listen listens at a UDP address. The network is udp, udp4 or udp6.
func Listen(network, address string, o *ListenOptions) (*Listener, error) {
	panic("rapid: unfinished")
}

// NewListener listens on pc, which it closes in the end.
func NewListener(pc net.PacketConn, o *ListenOptions) (*Listener, error) {
	panic("rapid: unfinished")
}

// GrantOptions says what a grant lets its holder do.
type GrantOptions struct {
	// Rate is what each side may send, in bits per second. If zero, there is
	// no limit but that of the listener.
	Rate int64
	// Life is how soon the session has to begin. If zero, 30 seconds.
	Life time.Duration
	// Policies are the rate policies that may be used. If empty, all.
	Policies []Policy
	// Allow says whether streams may be opened to a destination, as host:port;
	// an error refuses, and its text is told to the peer. It must not block.
	// If nil, all are accepted and it is for the acceptor to refuse.
	Allow func(destination string) error
	// Tag is what [Session.Tag] returns.
	Tag any
	// MaxStreams is as in [ListenOptions]; if zero, that is used.
	MaxStreams int
}

// Grant makes a grant for one session, and remembers it until it is used or
// expires. It fails with [ErrBusy] if too many are waiting or too many
// sessions live, and with [net.ErrClosed] after Close.
func (l *Listener) Grant(o GrantOptions) (*Grant, error) { panic("rapid: unfinished") }

// Accept returns the next stream, always a *[Conn].
func (l *Listener) Accept() (net.Conn, error) { panic("rapid: unfinished") }

// Addr returns the address of the socket, a *[net.UDPAddr].
func (l *Listener) Addr() net.Addr { panic("rapid: unfinished") }

// Stats returns what the sessions that live have done, oldest first.
func (l *Listener) Stats() []Stats { panic("rapid: unfinished") }

// Totals returns the sums of all sessions, of those that have ended too.
func (l *Listener) Totals() Totals { panic("rapid: unfinished") }

// Totals are sums over all sessions of a [Listener] since it began.
type Totals struct {
	Sessions      int64 // begun
	Streams       int64 // opened by peers
	Sent          int64 // bytes of UDP payloads
	Received      int64 // bytes of UDP payloads that authenticated
	Retransmitted int64 // bytes
	Lost          int64 // packets
	Unknown       int64 // datagrams that belong to no session
	Forged        int64 // datagrams that did not authenticate
	Dropped       int64 // datagrams that the host dropped before we read them
	Grants        int   // waiting for their session now
	Live          int   // sessions now
	Open          int   // streams now
}

// Close ends all sessions at once and stops listening. Streams that wait to be
// accepted are reset. When it returns no goroutine of the listener runs.
func (l *Listener) Close() error { panic("rapid: unfinished") }

// Shutdown stops taking new sessions and streams, makes Accept return
// [net.ErrClosed], and waits until the streams there are have ended; then it
// closes. If ctx ends before, it closes at once and returns the ctx's error.
func (l *Listener) Shutdown(ctx context.Context) error { panic("rapid: unfinished") }
