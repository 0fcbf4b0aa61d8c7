package session

import (
	"net/netip"
	"time"

	"github.com/icos-go/icos/rapid/internal/cc"
	"github.com/icos-go/icos/rapid/internal/flow"
	"github.com/icos-go/icos/rapid/internal/wire"
)

// What both ends take as given before the other's HELLO, and fixed bounds of
// this implementation.
const (
	firstStreamWindow  = 1 << 20
	firstSessionWindow = 4 << 20
	firstStreams       = 128
	firstSendBuffer    = 4 << 20
	maxAckDelay        = 10 * time.Millisecond
	maxSpan            = 1 << 18 // packet numbers between the oldest in flight and the next
	maxGaps            = 1 << 15 // ranges of all streams that wait behind gaps
)

// Session is one end of a session.
type Session struct {
	cfg    Config
	sealer *wire.Sealer
	opener *wire.Opener
	cc     *cc.Controller
	pool   flow.Pool
	now    time.Duration // the last that the owner told

	// Packets.
	replay   wire.Replay
	acks     flow.Acks
	elicited int // packets that were to be acknowledged
	hist     flow.History[sent]
	refs     refRing
	inFlight int    // bytes that wait to be acknowledged, MTU probes apart
	largest  uint64 // greatest packet number acknowledged; valid if anyAcked
	anyAcked bool
	rtt      flow.RTT
	reorder  flow.Reordering
	floor    floorState
	pacer    pacer
	timers   timers
	mtu      mtu

	// The peer.
	path      path  // where packets go
	old       *path // the last validated one, while path is not
	response  response
	peerDelay time.Duration // the peer's longest before it acknowledges
	peerIdle  time.Duration // after which the peer forgets the session; 0: not known
	greeted   bool          // the peer's HELLO has come

	// Streams.
	streams    map[uint64]*Stream
	last       *Stream // the one looked up last
	nextStream uint64  // client: the next to open
	mayOpen    uint64  // client: how many streams the peer allows in all
	peerOpened flow.Ranges
	peerLimit  uint64 // server: what the peer was told that it may open in all
	peerGone   uint64 // server: how many of these are gone
	accepted   queue  // announced, not yet taken by Accept
	woken      queue
	control    queue // with frames to send
	sched      scheduler
	bursts     uint64    // how often a stream began to send that had nothing under way
	starved    []*Stream // writers waiting for sendBuffer

	// Flow control of the session.
	credit    flow.Credit // ours
	unread    int         // bytes that wait to be read, of all streams
	sendLimit uint64      // the peer's
	outLimit  uint64      // the peer's for a new stream
	copies    uint64      // bytes that were sent twice at once
	sendTotal uint64      // new bytes sent
	sendHeld  int         // bytes held for sending and until acknowledged
	unsent    int         // of which never sent

	sendBuffer int // most that is held for sending, as far as it has grown
	gaps       int // ranges that wait behind gaps, of all streams

	parity  parity
	repairs repairs

	pending pending // frames of the session to send
	rates   ratesState
	closing closing
	err     error
	count   Stats // the counters in it
	limit   Limit
}

// New returns a session that has sent nothing yet. A client's first packet goes out
// by itself, a server's after the peer's.
func New(cfg Config, now time.Duration) *Session {
	cfg = cfg.withDefaults()
	mine, theirs := wire.ClientToServer, wire.ServerToClient
	if !cfg.Client {
		mine, theirs = theirs, mine
	}
	cfg.CC.Datagram = baseDatagram
	s := &Session{
		cfg:        cfg,
		sealer:     wire.NewSealer(cfg.Key, mine),
		opener:     wire.NewOpener(cfg.Key, theirs),
		cc:         cc.New(cfg.CC),
		now:        now,
		mtu:        newMTU(min(cfg.MaxDatagram, firstDatagram)),
		path:       path{addr: cfg.Peer, valid: cfg.Client},
		peerDelay:  maxAckDelay,
		streams:    make(map[uint64]*Stream),
		mayOpen:    firstStreams,
		peerLimit:  uint64(max(cfg.Limits.Streams, firstStreams)),
		credit:     flow.NewCredit(firstSessionWindow, uint64(max(cfg.Limits.SessionWindow, firstSessionWindow))),
		sendLimit:  firstSessionWindow,
		outLimit:   firstStreamWindow,
		pending:    pendHello,
		rates:      ratesState{now: Rates{Policy: cfg.CC.Policy, Target: cfg.CC.Target, Min: cfg.CC.Min}},
		sendBuffer: min(cfg.Limits.SendBuffer, firstSendBuffer),
	}
	s.cfg.Key = [32]byte{}
	s.timers.start(now)
	return s
}

// ID returns the session's id.
func (s *Session) ID() wire.ID { return s.cfg.ID }

// Remote returns the address of the peer, which is not valid before it is known.
func (s *Session) Remote() netip.AddrPort { return s.path.addr }

// Err returns why the session has ended, or nil.
func (s *Session) Err() error { return s.err }

// LastReceived returns when the last authentic packet came, and false if there was none.
func (s *Session) LastReceived() (time.Duration, bool) {
	return s.timers.received, s.count.ReceivedPackets > 0
}

// Silent returns for how long the peer has not acknowledged anything although it
// should have; 0 if nothing is in flight. Other packets of the peer do not count, as
// a path may be blocked in one direction only.
func (s *Session) Silent(now time.Duration) time.Duration {
	if s.inFlight == 0 || s.err != nil {
		return 0
	}
	return now - s.timers.silent
}

// Ping has the peer answer.
func (s *Session) Ping() { s.pending |= pendPing }

// Dropped tells how many datagrams this end's host has dropped in all.
func (s *Session) Dropped(total uint64) { s.count.HostDropped = total }

// Path returns what is known of the path, for the Resume of a later session.
func (s *Session) Path() cc.Path { return s.cc.Path() }

// Stats returns the counters.
func (s *Session) Stats() Stats {
	st := s.count
	st.RTT, st.MinRTT = s.rtt.Smoothed, s.rtt.Min
	st.Datagram = s.mtu.size
	st.InFlight = s.inFlight
	st.Streams = len(s.streams)
	st.SendBuffered = s.sendHeld
	st.Unread = s.unread
	st.Memory = s.pool.Used() + s.pool.Kept() + s.repairs.rows
	st.Limit = s.limit
	st.ReceiveWindow = int(s.credit.Window())
	st.Reordering = s.reorder.Seen
	st.CC = s.cc.Stats()
	return st
}
