package s3

import (
	"errors"
	"fmt"
	"net"
	"os"
	"sync/atomic"
	"time"
)

// stallConn cuts a connection on which nothing has moved for a while although a read
// or a write is waiting. One deadline serves both directions: while a body goes out no answer
// comes in, and the other way round.
type stallConn struct {
	net.Conn
	timeout time.Duration
	start   time.Time    // of the connection; moments are counted from here
	armed   atomic.Int64 // when the deadline was last moved
}

func newStallConn(c net.Conn, timeout time.Duration) net.Conn {
	s := &stallConn{Conn: c, timeout: timeout, start: time.Now()}
	s.armed.Store(-int64(timeout))
	return s
}

// arm moves the deadline. Doing that for every read would cost more than the read
// of a small object, so the deadline may be an eighth too early.
func (c *stallConn) arm() error {
	now := time.Now()
	at := int64(now.Sub(c.start))
	if at-c.armed.Load() < int64(c.timeout/8) {
		return nil
	}
	c.armed.Store(at)
	return c.Conn.SetDeadline(now.Add(c.timeout))
}

// Read implements net.Conn.
func (c *stallConn) Read(p []byte) (int, error) {
	if err := c.arm(); err != nil {
		return 0, err
	}
	n, err := c.Conn.Read(p)
	return n, c.explain(err)
}

// Write implements net.Conn.
func (c *stallConn) Write(p []byte) (n int, err error) {
	// In pieces, so that a slow connection is not mistaken for a stalled one.
	for n < len(p) || n == 0 {
		if err := c.arm(); err != nil {
			return n, err
		}
		m, err := c.Conn.Write(p[n:min(len(p), n+writeBuffer)])
		n += m
		if err != nil || len(p) == 0 {
			return n, c.explain(err)
		}
	}
	return n, nil
}

func (c *stallConn) explain(err error) error {
	if err == nil || !errors.Is(err, os.ErrDeadlineExceeded) {
		return err
	}
	return &stallError{after: c.timeout}
}

// stallError is a net.Error.
type stallError struct{ after time.Duration }

func (e *stallError) Error() string {
	return fmt.Sprintf("connection stalled: no byte moved for %v", e.after)
}
func (*stallError) Timeout() bool   { return true }
func (*stallError) Temporary() bool { return true }
func (*stallError) Unwrap() error   { return os.ErrDeadlineExceeded }
