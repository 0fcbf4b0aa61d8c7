package session

import (
	"time"

	"github.com/icos-go/icos/rapid/internal/cc"
)

// Limit is what keeps a sender from sending more.
type Limit uint8

// Limits of a sender.
const (
	LimitApp      Limit = iota // the program has written nothing more
	LimitWindow                // the congestion window is full
	LimitPacing                // the rate is reached
	LimitReceiver              // the peer's flow control
	LimitPath                  // the peer's address is not validated yet
)

// String returns the name of l.
func (l Limit) String() string {
	switch l {
	case LimitApp:
		return "app"
	case LimitWindow:
		return "window"
	case LimitPacing:
		return "pacing"
	case LimitReceiver:
		return "receiver"
	case LimitPath:
		return "path"
	default:
		return "unknown"
	}
}

// Stats are counters since the session began, and the state now. Sizes are in bytes.
type Stats struct {
	SentPackets, SentBytes         uint64 // datagrams, with headers
	ReceivedPackets, ReceivedBytes uint64 // datagrams, authentic and not replayed, with headers
	Replayed                       uint64 // datagrams that came again
	Sent, Received                 uint64 // of streams, each byte once
	LostPackets, LostBytes         uint64 // declared lost
	SpuriousPackets                uint64 // of which came after all
	RetransmittedBytes             uint64 // of streams, sent again
	DuplicateBytes                 uint64 // of streams, received again
	ParityBytes                    uint64 // of parity, sent
	RepairedBytes                  uint64 // of streams, received as parity
	Timeouts                       uint64 // times that the peer had to be asked for an answer
	PeerDropped                    uint64 // datagrams that the peer's host dropped
	HostDropped                    uint64 // datagrams that this host dropped

	RTT, MinRTT   time.Duration // 0: not known yet
	Datagram      int           // size in use
	InFlight      int           // sent and not acknowledged
	Streams       int           // open now
	SendBuffered  int           // held for sending or until acknowledged
	Unread        int           // of streams, in order, not read yet
	Memory        int           // of all buffers
	ReceiveWindow int           // of the session
	Reordering    bool          // packets overtake each other on the path
	Limit         Limit
	CC            cc.Stats
}
