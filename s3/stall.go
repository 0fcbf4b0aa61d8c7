package s3

import (
	"errors"
	"fmt"
	"net"
	"os"
	"sync"
	"sync/atomic"
	"time"
)

// stallConn cuts a connection on which nothing has moved for a while although a read
// or a write is waiting. One deadline serves both directions: while a body goes out no answer
// comes in, and the other way round.
type stallConn struct {
	net.Conn
	usual   time.Duration
	timeout atomic.Int64 // in force: usual, or what a Trace asks for
	start   time.Time    // of the connection; moments are counted from here
	armed   atomic.Int64 // when the deadline was last moved
	blocks  *sync.Pool   // *[]byte of writeBuffer
}

func newStallConn(c net.Conn, timeout time.Duration, blocks *sync.Pool) net.Conn {
	s := &stallConn{Conn: c, usual: timeout, start: time.Now(), blocks: blocks}
	s.timeout.Store(int64(timeout))
	s.armed.Store(-int64(timeout))
	return s
}

// NetConn returns the connection below, as that of a tls.Conn does.
func (c *stallConn) NetConn() net.Conn { return c.Conn }

// expect changes the timeout, at once also for those who wait; zero is the usual one.
func (c *stallConn) expect(d time.Duration) {
	if d <= 0 {
		d = c.usual
	}
	if c.timeout.Swap(int64(d)) == int64(d) {
		return
	}
	now := time.Now()
	c.armed.Store(int64(now.Sub(c.start)))
	// That of a closed connection cannot be moved, which its user will notice.
	_ = c.Conn.SetDeadline(now.Add(d))
}

// arm moves the deadline. Doing that for every read would cost more than the read
// of a small object, so the deadline may be an eighth too early.
func (c *stallConn) arm() error {
	now := time.Now()
	at, timeout := int64(now.Sub(c.start)), c.timeout.Load()
	if at-c.armed.Load() < timeout/8 {
		return nil
	}
	c.armed.Store(at)
	return c.Conn.SetDeadline(now.Add(time.Duration(timeout)))
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
	return &stallError{after: time.Duration(c.timeout.Load())}
}

// stallError is a net.Error.
type stallError struct{ after time.Duration }

func (e *stallError) Error() string {
	return fmt.Sprintf("connection stalled: no byte moved for %v", e.after)
}
func (*stallError) Timeout() bool   { return true }
func (*stallError) Temporary() bool { return true }
func (*stallError) Unwrap() error   { return os.ErrDeadlineExceeded }
