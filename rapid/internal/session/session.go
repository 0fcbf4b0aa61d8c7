package session

import (
	"net/netip"
	"time"

	"github.com/icos-go/icos/rapid/internal/wire"
)

// Session is one end of a session.
type Session struct {
	cfg Config
}

// New returns a session that has sent nothing yet.
func New(cfg Config, now time.Duration) *Session {
	return &Session{cfg: cfg.withDefaults()}
}

// Packet is an authentic packet. Its payload is in the buffer of its datagram.
type Packet struct {
	Number  uint64
	Payload []byte
	Size    int // of the datagram
}

// Decrypt opens datagram in place. It may run beside any other method, but not
// beside itself. An error says only that the datagram is to be ignored.
func (s *Session) Decrypt(datagram []byte) (Packet, error) { return Packet{}, nil }

// Handle takes in a packet of Decrypt. It copies what it keeps.
func (s *Session) Handle(now time.Duration, from netip.AddrPort, pk Packet) {}

// Batch is datagrams to send to one address, one after the other in Data.
type Batch struct {
	To      netip.AddrPort
	Data    []byte // in the buffer given to Fill
	Segment int    // size of each datagram; the last may be shorter
	Number  uint64 // packet number of the first; those of the others follow
}

// Fill lets time pass until now, and then builds the datagrams that may go out now
// in buf, which should have MaxBatch bytes and at least MaxDatagram. They
// have to be given to Seal and then sent. An empty batch means that there
// is nothing to do before the Deadline.
func (s *Session) Fill(now time.Duration, buf []byte) Batch { return Batch{} }

// Seal encrypts the datagrams of b in place. It may run beside any other method.
func (s *Session) Seal(b Batch) {}

// Deadline returns when Fill has to be called again, if nothing else happens
// before: in the past means at once.
func (s *Session) Deadline() time.Duration { return Never }

// Open opens a stream to destination, which the peer is told together
// with the first data. It fails with ErrStreamLimit, ErrDestination or the
// session's error.
func (s *Session) Open(destination string) (*Stream, error) { return nil, nil }

// Accept returns the next stream that the peer has opened, or nil.
func (s *Session) Accept() *Stream { return nil }

// Woken returns a stream with its news since it was last returned, or nil when
// there are no more. A session that fails or ends wakes all its streams.
func (s *Session) Woken() (*Stream, Events) { return nil, 0 }

// Close ends the session: the peer is told code and reason once or twice, and
// all streams fail. Fill has to be called until Done.
func (s *Session) Close(now time.Duration, code wire.Code, reason string) {}

// Fail ends the session by err at once and tells the peer nothing.
func (s *Session) Fail(err error) {}

// Err returns why the session has ended, or nil.
func (s *Session) Err() error { return nil }

// Done reports whether nothing is left to send or to wait for after the end.
func (s *Session) Done() bool { return false }

// Stats returns the counters.
func (s *Session) Stats() Stats { return Stats{} }

// SetRates changes how this end sends.
func (s *Session) SetRates(r Rates) {}

// AskRates asks the peer to change how it sends.
func (s *Session) AskRates(r Rates) {}

// SetWeight changes this session's part among those that share a path.
func (s *Session) SetWeight(w float64) {}

// Rates returns how this end sends.
func (s *Session) Rates() Rates { return Rates{} }

// Ping has the peer answer.
func (s *Session) Ping() {}

// LastReceived returns when the last authentic packet came, and false if there was none.
func (s *Session) LastReceived() (time.Duration, bool) { return 0, false }

// Silent returns for how long an answer has been due: since the
// first packet not answered, or since the last packet received if that is later. 0
// means that none is due.
func (s *Session) Silent(now time.Duration) time.Duration { return 0 }

// Dropped tells how many datagrams this end's host has dropped in all.
func (s *Session) Dropped(total uint64) {}

// TooBig tells that the network refused to take a datagram of size bytes.
func (s *Session) TooBig(size int) {}

// Remote returns the address of the peer, which is not valid before it is known.
func (s *Session) Remote() netip.AddrPort { return netip.AddrPort{} }

// ID returns the session's id.
func (s *Session) ID() wire.ID { return s.cfg.ID }
