package rapid

import (
	"errors"
	"io"
	"net"
	"net/netip"
	"os"
	"sync"
	"time"

	"github.com/icos-go/icos/rapid/internal/session"
	"github.com/icos-go/icos/rapid/internal/wire"
)

// Addr is an end of a session.
type Addr struct{ netip.AddrPort }

// Network returns "rapid".
func (Addr) Network() string { return "rapid" }

// orphanPatience is how long a stream that was closed here may make no
// progress, because its peer does not read what was written. Then it is reset,
// for nobody else would ever free what it holds.
const orphanPatience = 2 * time.Minute

// maxCopy is how many bytes of one Write are copied before others get their
// turn at the session.
const maxCopy = 128 << 10

// Conn is one stream of a session. It is a [net.Conn]: its methods may be
// called at the same time, and its errors are of type *[net.OpError] but for
// [io.EOF].
type Conn struct {
	session     *Session
	destination string
	// The session's lock guards all below.
	stream      *session.Stream
	readable    sync.Cond
	writable    sync.Cond
	read, write deadline
	closed      bool
	writing     bool        // a Write is under way: the bytes of another do not get in between
	gone        bool        // the stream is over, and the peer knows
	orphan      *time.Timer // after Close, until the stream is gone
}

var _ net.Conn = (*Conn)(nil)

// newConn makes the Conn of a stream. The session's lock is held.
func newConn(s *Session, st *session.Stream) *Conn {
	c := &Conn{session: s, stream: st, destination: st.Destination()}
	c.readable.L, c.writable.L = &s.mu, &s.mu
	st.Owner = c
	s.open++
	return c
}

// Read reads what the peer has written.
func (c *Conn) Read(p []byte) (int, error) {
	s := c.session
	s.mu.Lock()
	defer s.mu.Unlock()
	for {
		switch {
		case c.closed:
			return 0, c.failed("read", net.ErrClosed)
		case c.read.over:
			return 0, c.failed("read", os.ErrDeadlineExceeded)
		}
		n, err := c.stream.Read(p)
		switch {
		case n > 0:
			s.settle() // there may be new credit to tell
			return n, nil
		case errors.Is(err, io.EOF):
			s.settle() // the stream may be gone
			return 0, io.EOF
		case err != nil:
			return 0, c.failed("read", s.because(err))
		case len(p) == 0:
			return 0, nil
		}
		c.readable.Wait()
	}
}

// Write hands p to the stream, and returns when all of it is buffered or sent.
func (c *Conn) Write(p []byte) (n int, err error) {
	s := c.session
	s.mu.Lock()
	defer s.mu.Unlock()
	mine := false
	defer func() {
		if mine {
			c.writing = false
			c.writable.Broadcast()
		}
	}()
	for {
		switch {
		case c.closed:
			return n, c.failed("write", net.ErrClosed)
		case c.write.over:
			return n, c.failed("write", os.ErrDeadlineExceeded)
		case c.writing && !mine:
			c.writable.Wait()
			continue
		}
		mine, c.writing = true, true
		k, err := c.stream.Write(p[:min(len(p), maxCopy)])
		n, p = n+k, p[k:]
		if err != nil {
			return n, c.failed("write", s.because(err))
		}
		if k > 0 {
			s.settle()
		}
		switch {
		case len(p) == 0:
			return n, nil
		case k > 0:
			s.mu.Unlock() // let others have it
			s.mu.Lock()
		default:
			c.writable.Wait()
		}
	}
}

// CloseWrite tells the peer that nothing more will be written: its Read
// returns io.EOF after the last byte. Reading goes on.
func (c *Conn) CloseWrite() error {
	s := c.session
	s.mu.Lock()
	defer s.mu.Unlock()
	if c.closed {
		return c.failed("close", net.ErrClosed)
	}
	if err := c.stream.CloseWrite(); err != nil {
		return c.failed("close", s.because(err))
	}
	c.writable.Broadcast()
	s.settle()
	return nil
}

// Close ends both directions. What was written is still sent, if the session
// lives; what was not read is lost.
func (c *Conn) Close() error {
	return c.end(func() {
		_ = c.stream.CloseWrite() // fails if that was done before
		c.stream.StopReading(wire.Canceled)
		if c.gone {
			return
		}
		_, left := c.stream.Buffered()
		c.orphan = time.AfterFunc(orphanPatience, func() { c.expire(left) })
	})
}

// expire resets a stream that was closed and of whose bytes as many are not
// acknowledged as some time ago.
func (c *Conn) expire(before int) {
	s := c.session
	s.mu.Lock()
	defer s.mu.Unlock()
	if c.orphan == nil {
		return
	}
	if _, left := c.stream.Buffered(); left < before {
		c.orphan = time.AfterFunc(orphanPatience, func() { c.expire(left) })
		return
	}
	c.stream.Reset(wire.Canceled, "nobody reads")
	s.settle()
}

// Reset ends both directions at once and tells the peer why, in an error of
// type *[ResetError]. What was written and is not yet acknowledged may be lost.
func (c *Conn) Reset(code Code, reason string) error {
	return c.end(func() { c.stream.Reset(wire.Code(code), reason) })
}

func (c *Conn) end(end func()) error {
	s := c.session
	s.mu.Lock()
	defer s.mu.Unlock()
	if c.closed {
		return c.failed("close", net.ErrClosed)
	}
	c.closed = true
	end()
	c.read.stop()
	c.write.stop()
	c.readable.Broadcast()
	c.writable.Broadcast()
	s.settle()
	return nil
}

// wake lets go on who waits for what has happened. The session's lock is held.
func (c *Conn) wake(ev session.Events) {
	if ev&(session.Readable|session.Gone) != 0 {
		c.readable.Broadcast()
	}
	if ev&(session.Writable|session.Gone) != 0 {
		c.writable.Broadcast()
	}
	if ev&session.Gone != 0 && c.orphan != nil {
		c.orphan.Stop()
		c.orphan = nil
	}
}

// failed wraps err as package net does.
func (c *Conn) failed(op string, err error) error {
	s := c.session
	return &net.OpError{Op: op, Net: "rapid", Source: Addr{s.local}, Addr: Addr{s.peer}, Err: err}
}

// Destination returns what the stream was opened for, as host:port. It comes
// from the other side: whoever accepts a Conn decides whether to believe it.
func (c *Conn) Destination() string { return c.destination }

// Session returns the session of the stream.
func (c *Conn) Session() *Session { return c.session }

// LocalAddr returns an [Addr].
func (c *Conn) LocalAddr() net.Addr { return c.session.LocalAddr() }

// RemoteAddr returns an [Addr]: of the relay, not of the destination.
func (c *Conn) RemoteAddr() net.Addr { return c.session.RemoteAddr() }

// SetDeadline is SetReadDeadline and SetWriteDeadline.
func (c *Conn) SetDeadline(t time.Time) error { return c.setDeadlines(t, &c.read, &c.write) }

// SetReadDeadline makes Read fail with [os.ErrDeadlineExceeded] after t. The
// zero time is never.
func (c *Conn) SetReadDeadline(t time.Time) error { return c.setDeadlines(t, &c.read) }

// SetWriteDeadline makes Write fail with [os.ErrDeadlineExceeded] after t. The
// zero time is never.
func (c *Conn) SetWriteDeadline(t time.Time) error { return c.setDeadlines(t, &c.write) }

func (c *Conn) setDeadlines(t time.Time, ds ...*deadline) error {
	s := c.session
	s.mu.Lock()
	defer s.mu.Unlock()
	if c.closed {
		return c.failed("set", net.ErrClosed)
	}
	for _, d := range ds {
		cond := &c.readable
		if d == &c.write {
			cond = &c.writable
		}
		d.set(t, cond)
	}
	return nil
}

// deadline is when a direction of a Conn fails. The session's lock guards it.
type deadline struct {
	over  bool
	timer *time.Timer
	sets  int // counts calls of set, so that a timer knows that it is stale
}

// set moves the deadline; cond is where those wait whom it concerns.
func (d *deadline) set(t time.Time, cond *sync.Cond) {
	d.stop()
	d.over = false
	if t.IsZero() {
		return
	}
	left := time.Until(t)
	if left <= 0 {
		d.over = true
		cond.Broadcast()
		return
	}
	sets := d.sets
	d.timer = time.AfterFunc(left, func() {
		cond.L.Lock()
		defer cond.L.Unlock()
		if d.sets == sets {
			d.over = true
			cond.Broadcast()
		}
	})
}

// stop forgets the deadline that was set.
func (d *deadline) stop() {
	d.sets++
	if d.timer != nil {
		d.timer.Stop()
		d.timer = nil
	}
}
