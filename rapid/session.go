package rapid

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"sync"
	"time"

	"github.com/icos-go/icos/rapid/internal/session"
	"github.com/icos-go/icos/rapid/internal/udp"
	"github.com/icos-go/icos/rapid/internal/wire"
)

// Session is one UDP path between two programs, with its keys, its congestion
// control and its streams.
//
// Two goroutines move its packets: one sends and keeps the session's times
// (see run), one reads the socket (see inbox); the latter belongs to the
// listener at a server. The machine decides everything, under the lock;
// encryption and system calls are done outside of it.
type Session struct {
	id       ID
	tag      any
	socket   *udp.Conn
	local    netip.AddrPort
	client   bool
	began    time.Time     // where the machine's time begins
	wakeup   chan struct{} // to run: holds one
	done     chan struct{} // closed when the session has ended
	heard    chan struct{} // closed when the first packet has come
	gone     chan struct{} // closed when nothing of it runs any more
	grant    *granted      // at a server
	policies []Policy      // that may be used; none means all
	queued   int           // streams that wait to be accepted; the listener's lock guards it
	running  bool          // run has been started; whoever reads the socket knows

	mu       sync.Mutex // guards everything below
	machine  *session.Session
	err      error            // why it has ended
	peer     netip.AddrPort   // where packets go
	source   netip.Addr       // of this host, that packets are sent from; server only
	trying   []netip.AddrPort // where they go until one of them has answered; client only
	mayOpen  sync.Cond        // who waits for the peer to allow more streams
	waiting  int              // how many do
	open     int              // streams that are not gone
	draining bool             // the session ends with its last stream
	hurry    bool             // the session is over as soon as the peer has been told
	asleep   bool             // run waits …
	until    time.Duration    // … for that time or a wakeup
}

// newSession makes a session that has sent nothing and runs nothing yet.
func newSession(socket *udp.Conn, cfg session.Config) *Session {
	s := &Session{
		id:     ID(cfg.ID),
		socket: socket,
		local:  socket.LocalAddr(),
		client: cfg.Client,
		began:  time.Now(),
		wakeup: make(chan struct{}, 1),
		done:   make(chan struct{}),
		gone:   make(chan struct{}),
		heard:  make(chan struct{}),
		peer:   cfg.Peer,
	}
	s.mayOpen.L = &s.mu
	s.machine = session.New(cfg, 0)
	return s
}

// now returns the machine's time.
func (s *Session) now() time.Duration { return time.Since(s.began) }

// settle passes on what the machine has decided in the call before. The lock
// is held.
func (s *Session) settle() {
	for st, ev := s.machine.Woken(); st != nil; st, ev = s.machine.Woken() {
		c, ok := st.Owner.(*Conn)
		if !ok {
			continue // broken off before it was accepted, and not counted
		}
		c.wake(ev)
		if ev&session.Gone != 0 && !c.gone {
			c.gone = true
			s.open--
		}
	}
	if s.draining && s.open == 0 && s.err == nil {
		s.machine.Close(s.now(), wire.GoingAway, "")
	}
	if err := s.machine.Err(); err != nil && s.err == nil {
		s.err = s.because(err)
		close(s.done)
		s.mayOpen.Broadcast()
		s.asleep = false
		s.wake() // there may be nothing to send, but run has to see that it is over
	}
	if s.waiting > 0 && s.machine.Openable() > 0 {
		s.mayOpen.Broadcast()
	}
	if s.asleep && s.machine.Deadline() < s.until {
		s.asleep = false
		s.wake()
	}
}

// wake has run look again.
func (s *Session) wake() {
	select {
	case s.wakeup <- struct{}{}:
	default:
	}
}

// because puts an error of the machine in the words of this package.
func (s *Session) because(err error) error {
	switch {
	case errors.Is(err, session.ErrSilent):
		return ErrTimeout
	case errors.Is(err, session.ErrClosed), errors.Is(err, session.ErrReadClosed), errors.Is(err, session.ErrWriteClosed):
		return net.ErrClosed
	}
	if e, ok := errors.AsType[*session.ResetError](err); ok {
		return &ResetError{Code: Code(e.Code), Reason: printable(e.Reason)}
	}
	if e, ok := errors.AsType[*session.PeerError](err); ok {
		return &CloseError{Code: Code(e.Code), Reason: printable(e.Reason)}
	}
	return err
}

// OpenStream opens a stream that the peer shall connect to destination, a
// host:port. It costs no round trip; whether the peer has connected shows when
// the Conn is used. It waits only while the peer allows no more streams.
// Servers cannot open streams.
func (s *Session) OpenStream(ctx context.Context, destination string) (*Conn, error) {
	stop := context.AfterFunc(ctx, func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.mayOpen.Broadcast()
	})
	defer stop()
	s.mu.Lock()
	defer s.mu.Unlock()
	for {
		if err := ctx.Err(); err != nil {
			return nil, s.failed("dial", context.Cause(ctx))
		}
		st, err := s.machine.Open(destination)
		switch {
		case err == nil:
			c := newConn(s, st)
			s.settle()
			return c, nil
		case s.err != nil:
			return nil, s.failed("dial", s.err)
		case !s.client:
			return nil, s.failed("dial", errors.New("only clients open streams"))
		case !errors.Is(err, session.ErrStreamLimit):
			return nil, s.failed("dial", s.because(err))
		}
		s.waiting++
		s.mayOpen.Wait()
		s.waiting--
	}
}

// failed wraps err as package net does. The lock is held.
func (s *Session) failed(op string, err error) error {
	return &net.OpError{Op: op, Net: "rapid", Source: Addr{s.local}, Addr: Addr{s.peer}, Err: err}
}

// ID returns the connection id.
func (s *Session) ID() ID { return s.id }

// Tag returns what was given with [GrantOptions.Tag]; nil at the client.
func (s *Session) Tag() any { return s.tag }

// LocalAddr returns an [Addr].
func (s *Session) LocalAddr() net.Addr { return Addr{s.local} }

// RemoteAddr returns an [Addr]: where the peer is now.
func (s *Session) RemoteAddr() net.Addr {
	s.mu.Lock()
	defer s.mu.Unlock()
	return Addr{s.peer}
}

// Close ends the session and its streams; the peer is told. What was written
// and not acknowledged is lost. When it returns nothing of the session runs.
func (s *Session) Close() error {
	s.close(CodeNone, s.client)
	<-s.gone
	return nil
}

// close begins the end of the session. In a hurry it does not stay to see that
// the peer knows; that is done for servers only, which have the socket open
// anyway.
func (s *Session) close(code Code, hurry bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if hurry && !s.hurry {
		s.hurry = true
		s.wake()
	}
	if s.err == nil {
		s.machine.Close(s.now(), wire.Code(code), "")
		s.settle()
	}
}

// drain has the session end with its last stream.
func (s *Session) drain() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.draining = true
	s.settle()
}

// fail ends the session by err; the peer is told nothing.
func (s *Session) fail(err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.err == nil {
		s.machine.Fail(err)
		s.settle()
	}
}

// Done is closed when the session has ended.
func (s *Session) Done() <-chan struct{} { return s.done }

// Err returns why the session has ended: [net.ErrClosed] after Close, a
// *[CloseError] if the peer ended it, [ErrTimeout], [ErrBlocked]; nil before.
func (s *Session) Err() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.err
}

// SetRates changes the rates of a running session, here and at the peer.
func (s *Session) SetRates(r Rates) error {
	r, err := r.check()
	if err != nil {
		return err
	}
	s.share(r, 1)
	return nil
}

// share sets the rates of a session that is one of several among which the
// share of one is divided.
func (s *Session) share(r Rates, among int) {
	rates := session.Rates{Policy: r.Policy.among(s.policies).control(), Among: uint8(among), Target: float64(r.Target) / 8, Min: float64(r.Min) / 8}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.err != nil {
		return
	}
	s.machine.SetRates(rates)
	s.machine.AskRates(rates)
	s.settle()
}
