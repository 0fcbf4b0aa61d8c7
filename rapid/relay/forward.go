package relay

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/icos-go/icos/rapid"
)

// copyBuffer is how many bytes are read at once, and the longest that one
// direction of a stream takes from a limit at a time.
const copyBuffer = 64 << 10

// A stream is the side of the caller: a *rapid.Conn.
type stream interface {
	net.Conn
	CloseWrite() error
	Reset(code rapid.Code, reason string) error
	Destination() string
}

// A flow is a stream and the connection that it is forwarded over.
type flow struct {
	visit  *visit
	stream stream
	up     *net.TCPConn
	moved  atomic.Int64 // bytes, both ways
	ended  atomic.Bool  // by us, for a reason that was told already

	// Owned by reap.
	seen  int64         // of moved, at the last look
	still time.Duration // how long moved has been the same
}

// forward connects a stream to its destination and carries its bytes until both
// sides have ended or one has failed.
func (s *Server) forward(ctx context.Context, v *visit, c stream) {
	v.streams.Add(1)
	s.counts.streams.Add(1)
	if s.counts.open.Add(1) > int64(s.cfg.MaxStreams) {
		s.counts.open.Add(-1)
		s.counts.busy.Add(1)
		_ = c.Reset(rapid.CodeBusy, "the relay has as many streams as it takes")
		return
	}
	defer s.counts.open.Add(-1)
	up, err := s.connect(ctx, c.Destination())
	if err != nil {
		code := rapid.CodeUnreachable
		if errors.Is(err, ErrDestination) {
			code = rapid.CodeDenied
			s.counts.offList.Add(1)
		} else {
			s.counts.unreachable.Add(1)
		}
		if _, ok := s.quiet.take("dial "+v.caller, time.Now()); ok {
			s.log.Warn("stream not connected", "caller", v.caller, "why", oneLine(err.Error()))
		}
		_ = c.Reset(code, oneLine(err.Error()))
		return
	}
	f := &flow{visit: v, stream: c, up: up}
	s.mu.Lock()
	s.flows[f] = struct{}{}
	s.mu.Unlock()
	defer func() {
		s.mu.Lock()
		delete(s.flows, f)
		s.mu.Unlock()
	}()
	s.carry(ctx, f)
}

// connect dials a destination. Whether an address may be connected to is asked
// of each one at the last moment, so that a name cannot lead elsewhere than
// where it led when it was looked at.
func (s *Server) connect(ctx context.Context, destination string) (*net.TCPConn, error) {
	e, err := s.list.check(destination)
	if err != nil {
		return nil, err
	}
	d := net.Dialer{
		Timeout:  s.cfg.DialTimeout,
		Resolver: s.cfg.Resolver,
		ControlContext: func(_ context.Context, _, address string, _ syscall.RawConn) error {
			to, err := netip.ParseAddrPort(address)
			if err != nil {
				return fmt.Errorf("%w: %q is no address", ErrDestination, address)
			}
			if !s.list.admits(to) {
				return fmt.Errorf("%w: it leads to an address of the relay's own machine or network", ErrDestination)
			}
			return nil
		},
	}
	c, err := d.DialContext(ctx, "tcp", e.String())
	if err != nil {
		return nil, err
	}
	return c.(*net.TCPConn), nil
}

// carry copies both ways. Each side's end is passed on to the other as an end,
// and each side's failure as a failure, so that neither takes half of something
// for all of it.
func (s *Server) carry(ctx context.Context, f *flow) {
	stop := context.AfterFunc(ctx, func() { f.end(rapid.CodeGoingAway, "the relay ended") })
	defer stop()
	back := make(chan struct{})
	go func() {
		defer close(back)
		err := s.copy(ctx, f, f.stream, f.up, s.down, f.visit.down, &f.visit.got, &s.counts.down)
		f.finish(err, f.stream.CloseWrite)
	}()
	err := s.copy(ctx, f, f.up, f.stream, s.up, f.visit.up, &f.visit.sent, &s.counts.up)
	f.finish(err, f.up.CloseWrite)
	<-back
	// Both have ended; what is still unsent is sent by the system, and by rapid.
	_ = f.up.Close()
	_ = f.stream.Close()
}

// finish passes on the end of one direction, or breaks both.
func (f *flow) finish(err error, closeWrite func() error) {
	if err == nil {
		err = closeWrite()
	}
	if err == nil {
		return
	}
	var side *sideError
	if errors.As(err, &side) && side.upstream {
		f.end(rapid.CodeUnreachable, "upstream: "+oneLine(side.err.Error()))
		return
	}
	f.end(rapid.CodeCanceled, "")
}

// end breaks both sides: neither can take what it has for everything.
func (f *flow) end(code rapid.Code, reason string) {
	if f.ended.Swap(true) {
		return
	}
	_ = f.up.SetLinger(0) // a reset rather than an end
	_ = f.up.Close()
	_ = f.stream.Reset(code, reason)
}

// A sideError says on which side of a flow copying failed.
type sideError struct {
	upstream bool
	err      error
}

func (e *sideError) Error() string { return e.err.Error() }
func (e *sideError) Unwrap() error { return e.err }

// copy carries bytes from src to dst within the limits, until src ends.
func (s *Server) copy(ctx context.Context, f *flow, dst io.Writer, src io.Reader, all, one *limit, counts ...*atomic.Int64) error {
	fromUpstream := src == io.Reader(f.up)
	buf := s.buffers.Get().(*[]byte)
	defer s.buffers.Put(buf)
	for {
		n, rerr := src.Read(*buf)
		if n > 0 {
			if err := one.wait(ctx, n); err != nil {
				return err
			}
			if err := all.wait(ctx, n); err != nil {
				return err
			}
			m, err := dst.Write((*buf)[:n])
			f.moved.Add(int64(m))
			for _, c := range counts {
				c.Add(int64(m))
			}
			if err != nil {
				return &sideError{upstream: !fromUpstream, err: err}
			}
		}
		if errors.Is(rerr, io.EOF) {
			return nil
		}
		if rerr != nil {
			return &sideError{upstream: fromUpstream, err: rerr}
		}
	}
}
