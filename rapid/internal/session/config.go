package session

import (
	"math"
	"net/netip"
	"time"

	"github.com/icos-go/icos/rapid/internal/cc"
	"github.com/icos-go/icos/rapid/internal/wire"
)

// Never is a deadline that does not come.
const Never = time.Duration(math.MaxInt64)

// MaxBatch is the most that Fill puts into one batch, and a good size for its
// buffer.
const MaxBatch = 64 << 10

// Config says what a session is. ID, Key and, for a client, Peer are
// required; every other zero value means the default.
type Config struct {
	Client bool           // the end that sends first
	ID     wire.ID        // from the grant
	Key    [32]byte       // from the grant; used for one session only
	Peer   netip.AddrPort // where a client sends to; a server learns it from the first packet

	CC          cc.Config // for what this end sends; Datagram is the session's to set
	MaxDatagram int       // the largest UDP payload the interface takes: 1472
	PeerRate    float64   // fastest that the peer may send, bytes a second; 0: any

	IdleTimeout time.Duration // without streams and packets, the session ends: 2 min
	DeadTimeout time.Duration // of silence although an answer is due, the session fails: 35 s
	KeepAlive   time.Duration // of silence, a PING keeps the NAT open while there are streams: 20 s

	Limits Limits

	// Clamp is asked when the peer wants this end to send by other rates; it returns
	// those to use. Nil means that the peer's wishes are not heard.
	Clamp func(Rates) Rates
}

// Limits bound what the peer can make this end hold.
type Limits struct {
	StreamWindow  int // largest receive window of a stream: 128 MiB
	SessionWindow int // largest receive window of the session: 256 MiB
	Streams       int // that the peer may have open at a time: 1024
	SendBuffer    int // bytes that all streams together hold for sending: 256 MiB

	// More is asked before the session's receive window grows by bytes beyond its
	// first 4 MiB, or the send buffer beyond its; false leaves it as it is. Nil always
	// allows. What was allowed is given back when the session is over.
	More func(bytes int) bool
}

// Rates steer a sender.
type Rates struct {
	Policy cc.Policy
	Among  uint8   // sessions that divide one share of the path; 0 means 1
	Target float64 // bytes a second, 0: none
	Min    float64 // bytes a second, 0: none
}

func (c Config) withDefaults() Config {
	def := func(p *int, v int) {
		if *p <= 0 {
			*p = v
		}
	}
	long := func(p *time.Duration, v time.Duration) {
		if *p <= 0 {
			*p = v
		}
	}
	def(&c.MaxDatagram, 1472)
	long(&c.IdleTimeout, 2*time.Minute)
	long(&c.DeadTimeout, 35*time.Second)
	long(&c.KeepAlive, 20*time.Second)
	def(&c.Limits.StreamWindow, 128<<20)
	def(&c.Limits.SessionWindow, 256<<20)
	def(&c.Limits.Streams, 1024)
	def(&c.Limits.SendBuffer, 256<<20)
	return c
}
