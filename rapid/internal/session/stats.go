package session

import "time"

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

// Stats are counters since the session began, and the state now.
type Stats struct {
	RTT, MinRTT time.Duration // 0: not known yet
	Datagram    int           // size in use
	InFlight    int           // bytes

	SentPackets, SentBytes         uint64 // datagrams, with headers
	ReceivedPackets, ReceivedBytes uint64 // datagrams, authentic, with headers
	Sent, Received                 uint64 // bytes of streams, each once
	LostPackets, SpuriousPackets   uint64 // declared lost; of which arrived after all
	LostBytes                      uint64
	RetransmittedBytes             uint64 // bytes of streams sent again
	DuplicateBytes                 uint64 // bytes of streams received again
	Probes                         uint64 // probe timeouts
	PeerDropped                    uint64 // datagrams that the peer's host dropped

	Streams        int // open now
	SendBuffered   int // bytes held for sending or until acknowledged
	ReceiveHeld    int // bytes held until read
	Limit          Limit
	ReceiveWindow  int // bytes, of the session, now
	ReorderingSeen bool
}
