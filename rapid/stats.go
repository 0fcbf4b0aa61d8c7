package rapid

import (
	"net/netip"
	"time"
)

// Stats is what a session has done so far and how it sees its path. Counts of
// bytes are of UDP payloads.
type Stats struct {
	ID     ID
	Local  netip.AddrPort
	Remote netip.AddrPort
	Since  time.Time // when the session began

	RTT      time.Duration // smoothed; zero before the first sample
	MinRTT   time.Duration
	Datagram int // bytes in a full UDP payload

	Sent            int64 // bytes
	Received        int64 // bytes that authenticated
	PacketsSent     int64
	PacketsReceived int64
	PacketsLost     int64 // sent and given up
	Retransmitted   int64 // bytes of streams that were sent again
	Duplicates      int64 // bytes of streams that came again
	Dropped         int64 // datagrams that the host dropped before we read them

	Policy  Policy
	Target  int64   // bit/s asked of our sender; zero if none
	Rate    int64   // bit/s our sender is paced at
	Loss    float64 // share of our packets lost of late, 0 to 1
	Limit   string  // what holds our sender back: application, peer, path, target, grant …
	Streams int     // open now
}
