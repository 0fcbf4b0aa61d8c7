package rapid

import (
	"context"
	"net"
)

// Session is one UDP path between two programs, with its keys, its congestion
// control and its streams.
type Session struct {
	tag any
}

// OpenStream opens a stream that the peer shall connect to destination, a
// host:port. It costs no round trip; whether the peer has connected shows when
// the Conn is used. It waits only while the peer allows no more streams.
func (s *Session) OpenStream(ctx context.Context, destination string) (*Conn, error) {
	panic("rapid: unfinished")
}

// ID returns the connection id.
func (s *Session) ID() ID { panic("rapid: unfinished") }

// Tag returns what was given with [GrantOptions.Tag]; nil at the client.
func (s *Session) Tag() any { return s.tag }

// LocalAddr returns an [Addr].
func (s *Session) LocalAddr() net.Addr { panic("rapid: unfinished") }

// RemoteAddr returns an [Addr]: where the peer is now.
func (s *Session) RemoteAddr() net.Addr { panic("rapid: unfinished") }

// Stats returns what the session has done so far.
func (s *Session) Stats() Stats { panic("rapid: unfinished") }

// SetRates changes the rates of a running session, here and at the peer.
func (s *Session) SetRates(r Rates) error { panic("rapid: unfinished") }

// Close ends the session and its streams; the peer is told. What was written
// and not acknowledged is lost.
func (s *Session) Close() error { panic("rapid: unfinished") }

// Done is closed when the session has ended.
func (s *Session) Done() <-chan struct{} { panic("rapid: unfinished") }

// Err returns why the session has ended: [net.ErrClosed] after Close, a
// *[CloseError] if the peer ended it, [ErrTimeout], [ErrBlocked]; nil before.
func (s *Session) Err() error { panic("rapid: unfinished") }
