package rapid

import (
	"cmp"
	"context"
	"errors"
	"log/slog"
	"maps"
	"math/rand/v2"
	"net"
	"net/netip"
	"slices"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"github.com/icos-go/icos/rapid/internal/cc"
	"github.com/icos-go/icos/rapid/internal/session"
	"github.com/icos-go/icos/rapid/internal/udp"
	"github.com/icos-go/icos/rapid/internal/wire"
)

// ListenOptions are limits of a [Listener]. Nil and the zero value are good.
type ListenOptions struct {
	// MaxSessions is how many sessions may live, grants that wait for theirs
	// included. If zero, 256.
	MaxSessions int
	// MaxStreams is how many streams the peer of a session may have open. If
	// zero, 1024.
	MaxStreams int
	// MaxStreamWindow and MaxSessionWindow bound what is buffered for reading
	// of one stream and of one session, in bytes. They are reached only on
	// paths that need them. If zero, 128 MiB and 256 MiB.
	MaxStreamWindow  int
	MaxSessionWindow int
	// Memory bounds the bytes all sessions buffer, both ways. Each session has
	// 8 MiB for certain, and more as long as there is some. If zero, 4 GiB.
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

// withDefaults returns a copy of o, which may be nil, with its zeros filled in.
func (o *ListenOptions) withDefaults() ListenOptions {
	var f ListenOptions
	if o != nil {
		f = *o
	}
	f.MaxSessions = cmp.Or(f.MaxSessions, 256)
	f.MaxStreams = cmp.Or(f.MaxStreams, 1024)
	f.MaxStreamWindow = cmp.Or(f.MaxStreamWindow, 128<<20)
	f.MaxSessionWindow = cmp.Or(f.MaxSessionWindow, 256<<20)
	f.Memory = cmp.Or(f.Memory, 4<<30)
	if f.Logger == nil {
		f.Logger = slog.New(slog.DiscardHandler)
	}
	f.Advertise = slices.Clone(f.Advertise)
	return f
}

// Listener accepts the streams of all sessions that begin with a grant of
// [Listener.Grant]. It is a [net.Listener].
type Listener struct {
	o       ListenOptions
	socket  *udp.Conn
	lend    buffers
	limit   *limiter
	running sync.WaitGroup // the one that reads, and those that send
	over    chan struct{}  // closed when nothing runs any more

	unknown, forged atomic.Int64 // datagrams

	mu       sync.Mutex // guards everything below; taken after a session's
	memory   int64      // bytes not promised to any session
	grants   map[ID]*granted
	expiry   time.Time // before this none of the grants expires
	sessions map[ID]*Session
	queue    []*Conn // streams that wait to be accepted
	arrived  sync.Cond
	paths    memory // by the IP address of the client
	closed   bool   // no more sessions and streams
	totals   Totals // of the sessions that are over
}

var _ net.Listener = (*Listener)(nil)

// Listen listens at a UDP address. The network is udp, udp4 or udp6.
func Listen(network, address string, o *ListenOptions) (*Listener, error) {
	f := o.withDefaults()
	socket, err := udp.Listen(context.Background(), network, address, udp.Options{DisableOffload: f.DisableOffload, Sources: true})
	if err != nil {
		return nil, err // says "listen udp …" itself
	}
	return newListener(socket, f), nil
}

// NewListener listens on pc, which it closes in the end.
func NewListener(pc net.PacketConn, o *ListenOptions) (*Listener, error) {
	f := o.withDefaults()
	socket, err := udp.New(pc, udp.Options{DisableOffload: f.DisableOffload, Sources: true})
	if err != nil {
		return nil, err
	}
	return newListener(socket, f), nil
}

func newListener(socket *udp.Conn, o ListenOptions) *Listener {
	if len(o.Advertise) == 0 {
		at := socket.LocalAddr()
		if at.Addr().IsUnspecified() {
			o.Advertise = []string{":" + strconv.Itoa(int(at.Port()))}
		} else {
			o.Advertise = []string{at.String()}
		}
	}
	l := &Listener{
		o: o, socket: socket, limit: newLimiter(o.Rate), over: make(chan struct{}),
		memory: o.Memory, grants: map[ID]*granted{}, sessions: map[ID]*Session{},
	}
	l.arrived.L = &l.mu
	warnBuffers(o.Logger, socket)
	l.running.Go(l.read)
	go func() {
		l.running.Wait()
		close(l.over)
	}()
	return l
}

// read takes in all datagrams and hands them to their sessions, until the
// socket is closed.
func (l *Listener) read() {
	var in inbox
	buf := make([]byte, udp.MaxBatch)
	for faults := 0; ; {
		n, segment, from, err := l.socket.Read(buf)
		if err != nil {
			if !again(err, &faults) {
				return
			}
			continue
		}
		faults = 0
		var s *Session // whose packets are in the inbox
		for rest := buf[:n]; len(rest) > 0; {
			datagram := rest[:min(segment, len(rest))]
			rest = rest[len(datagram):]
			id, ok := wire.PeekID(datagram)
			if ok && (s == nil || ID(id) != s.id) {
				l.hand(&in, s, from)
				s = l.find(ID(id), from)
			}
			if !ok || s == nil {
				l.unknown.Add(1)
				continue
			}
			pk, err := s.machine.Decrypt(datagram)
			if err != nil {
				l.forged.Add(1)
				continue
			}
			in.packets = append(in.packets, pk)
		}
		l.hand(&in, s, from)
	}
}

// again reports whether to read on after an error: always, unless the socket
// is closed. Some systems report on a socket what became of datagrams sent. A
// socket that reports nothing else is not asked as fast as it can be.
func again(err error, faults *int) bool {
	if errors.Is(err, net.ErrClosed) {
		return false
	}
	if *faults++; *faults > 16 {
		time.Sleep(10 * time.Millisecond)
	}
	return true
}

// find returns the session of an id: one that runs, or one that begins when a
// packet of it authenticates. For an id nobody was given it allocates nothing.
func (l *Listener) find(id ID, from netip.AddrPort) *Session {
	l.mu.Lock()
	defer l.mu.Unlock()
	if s := l.sessions[id]; s != nil {
		return s
	}
	g := l.grants[id]
	if g == nil || l.closed || g.expired(time.Now()) {
		return nil
	}
	if g.session == nil {
		g.session = l.prepareLocked(g, from)
	}
	return g.session
}

// hand delivers what is in the inbox to s, and offers the streams it opens.
func (l *Listener) hand(in *inbox, s *Session, from netip.AddrPort) {
	if s == nil || len(in.packets) == 0 {
		return
	}
	if !s.running && !l.begin(s) {
		in.packets = in.packets[:0]
		return
	}
	for _, c := range in.deliver(s, from) {
		l.offer(c)
	}
}

// offer puts a stream where Accept finds it.
func (l *Listener) offer(c *Conn) {
	if allow := c.session.grant.Allow; allow != nil {
		if err := allow(c.destination); err != nil {
			_ = c.Reset(CodeDenied, err.Error())
			return
		}
	}
	l.mu.Lock()
	closed := l.closed
	// Streams that the peer has given up wait here too, and do not count in
	// its limit any more.
	full := c.session.queued >= cmp.Or(c.session.grant.MaxStreams, l.o.MaxStreams)
	l.totals.Streams++
	if !closed && !full {
		l.queue = append(l.queue, c)
		c.session.queued++
		l.arrived.Signal()
	}
	l.mu.Unlock()
	switch {
	case closed:
		_ = c.Reset(CodeGoingAway, "")
	case full:
		_ = c.Reset(CodeBusy, "too many streams wait to be accepted")
	}
}

// Accept returns the next stream, always a *[Conn].
func (l *Listener) Accept() (net.Conn, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for len(l.queue) == 0 {
		if l.closed {
			return nil, &net.OpError{Op: "accept", Net: "rapid", Addr: Addr{l.socket.LocalAddr()}, Err: net.ErrClosed}
		}
		l.arrived.Wait()
	}
	c := l.queue[0]
	l.queue[0] = nil
	l.queue = l.queue[1:]
	c.session.queued--
	return c, nil
}

// Addr returns the address of the socket, a *[net.UDPAddr].
func (l *Listener) Addr() net.Addr { return net.UDPAddrFromAddrPort(l.socket.LocalAddr()) }

// Close stops taking sessions and streams: Accept fails with [net.ErrClosed],
// streams that wait to be accepted are reset. As with TCP, those that were
// accepted go on; sessions end when they have none left, and the socket is
// closed with the last session.
func (l *Listener) Close() error {
	l.mu.Lock()
	if l.closed {
		l.mu.Unlock()
		return &net.OpError{Op: "close", Net: "rapid", Addr: Addr{l.socket.LocalAddr()}, Err: net.ErrClosed}
	}
	l.closed = true
	l.arrived.Broadcast()
	waiting := l.queue
	l.queue = nil
	clear(l.grants)
	live := slices.Collect(maps.Values(l.sessions))
	l.finishLocked()
	l.mu.Unlock()

	for _, c := range waiting {
		_ = c.Reset(CodeGoingAway, "")
	}
	for _, s := range live {
		s.drain()
	}
	return nil
}

// finishLocked closes the socket if nothing needs it any more.
func (l *Listener) finishLocked() {
	if l.closed && len(l.sessions) == 0 {
		_ = l.socket.Close() // nothing is lost by it
	}
}

// Shutdown does what Close does and waits until everything has ended. If ctx
// ends before, the sessions there are end at once, and the error is that of
// ctx. When it returns no goroutine of the listener runs.
func (l *Listener) Shutdown(ctx context.Context) error {
	_ = l.Close() // or it was closed before
	select {
	case <-l.over:
		return nil
	case <-ctx.Done():
	}
	l.mu.Lock()
	live := slices.Collect(maps.Values(l.sessions))
	l.mu.Unlock()
	for _, s := range live {
		s.close(CodeGoingAway, true)
	}
	<-l.over
	return context.Cause(ctx)
}

// prepareLocked makes the session of a grant, for a client that seems to be at
// an address.
func (l *Listener) prepareLocked(g *granted, from netip.AddrPort) *Session {
	s := newSession(l.socket, session.Config{
		ID:  wire.ID(g.id),
		Key: g.key,
		Limits: session.Limits{
			StreamWindow:  l.o.MaxStreamWindow,
			SessionWindow: l.o.MaxSessionWindow,
			Streams:       cmp.Or(g.MaxStreams, l.o.MaxStreams),
			SendBuffer:    l.o.MaxSessionWindow,
			More:          func(bytes int) bool { return l.more(g, bytes) },
		},
		CC: cc.Config{
			Policy: Fair.among(g.Policies).control(), Cap: float64(g.Rate) / 8,
			Seed: rand.Uint64(), Resume: l.paths.recall(from.Addr().String(), time.Now()),
		},
		PeerRate: float64(g.Rate) / 8,
		Clamp:    g.clamp,
	})
	s.grant, s.tag, s.policies = g, g.Tag, g.Policies
	g.key = Key{} // docs/rapid.md R5.1: who takes the process over later must not find it
	return s
}

// begin starts a session whose first packet has come, unless its grant has
// been taken back meanwhile.
func (l *Listener) begin(s *Session) bool {
	l.mu.Lock()
	if l.grants[s.id] != s.grant {
		l.mu.Unlock()
		return false
	}
	delete(l.grants, s.id)
	s.began = time.Now() // not when somebody has sent the first datagram with its id
	l.sessions[s.id] = s
	l.totals.Sessions++
	l.mu.Unlock()
	s.running = true
	l.o.Logger.Debug("rapid session begins", "id", s.id)
	l.running.Go(func() {
		s.run(&l.lend, l.limit)
		l.end(s)
		close(s.gone)
	})
	return true
}

// end forgets a session that is over.
func (l *Listener) end(s *Session) {
	st := s.Stats()
	s.mu.Lock()
	path := s.machine.Path()
	s.mu.Unlock()
	l.o.Logger.Debug("rapid session ended", "id", s.id, "remote", st.Remote, "sent", st.Sent, "received", st.Received, "reason", s.Err())
	l.mu.Lock()
	defer l.mu.Unlock()
	delete(l.sessions, s.id)
	l.memory += s.grant.memory
	l.totals.add(st)
	l.paths.keep(st.Remote.Addr().String(), path, time.Now())
	l.finishLocked()
}
