package rapid

import (
	"net"
	"net/netip"
	"time"
)

// Addr is an end of a session.
type Addr struct{ netip.AddrPort }

// Network returns "rapid".
func (Addr) Network() string { return "rapid" }

// Conn is one stream of a session. It is a [net.Conn]: its methods may be
// called at the same time, and its errors are of type *[net.OpError] but for
// [io.EOF].
type Conn struct {
	session     *Session
	destination string
}

var _ net.Conn = (*Conn)(nil)

// Read reads what the peer has written.
func (c *Conn) Read(p []byte) (int, error) { panic("rapid: unfinished") }

// Write hands p to the stream, and returns when all of it is buffered or sent.
func (c *Conn) Write(p []byte) (int, error) { panic("rapid: unfinished") }

// Close ends both directions. What was written is still sent, if the session
// lives; what was not read is lost.
func (c *Conn) Close() error { panic("rapid: unfinished") }

// CloseWrite tells the peer that nothing more will be written: its Read
// returns io.EOF after the last byte. Reading goes on.
func (c *Conn) CloseWrite() error { panic("rapid: unfinished") }

// Reset ends both directions at once and tells the peer why, in an error of
// type *[ResetError]. What was written and is not yet acknowledged may be lost.
func (c *Conn) Reset(code Code, reason string) error { panic("rapid: unfinished") }

// Destination returns what the stream was opened for, as host:port. It comes
// from the other side: whoever accepts a Conn decides whether to believe it.
func (c *Conn) Destination() string { return c.destination }

// Session returns the session of the stream.
func (c *Conn) Session() *Session { return c.session }

// LocalAddr returns an [Addr].
func (c *Conn) LocalAddr() net.Addr { panic("rapid: unfinished") }

// RemoteAddr returns an [Addr]: of the relay, not of the destination.
func (c *Conn) RemoteAddr() net.Addr { panic("rapid: unfinished") }

// SetDeadline is SetReadDeadline and SetWriteDeadline.
func (c *Conn) SetDeadline(t time.Time) error { panic("rapid: unfinished") }

// SetReadDeadline makes Read fail with [os.ErrDeadlineExceeded] after t. The
// zero time is never.
func (c *Conn) SetReadDeadline(t time.Time) error { panic("rapid: unfinished") }

// SetWriteDeadline makes Write fail with [os.ErrDeadlineExceeded] after t. The
// zero time is never.
func (c *Conn) SetWriteDeadline(t time.Time) error { panic("rapid: unfinished") }
