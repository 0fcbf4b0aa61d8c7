package rapid

import (
	"log/slog"
	"net/netip"
	"slices"
	"time"

	"github.com/icos-go/icos/rapid/internal/udp"
)

// Stats is what a session has done so far and how it sees its path. Counts of
// bytes are of UDP payloads unless they are said to be of streams.
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
	StreamsSent     int64 // bytes of streams, each counted once
	StreamsReceived int64 // bytes of streams, each counted once
	Retransmitted   int64 // bytes of streams that were sent again
	Duplicates      int64 // bytes of streams that came again
	Parity          int64 // bytes sent so that what is lost of the last ones of a stream need not be asked for
	Repaired        int64 // bytes of streams that the peer's parity gave
	Dropped         int64 // datagrams that the host dropped before we read them; those of all sessions, at a server

	Policy  Policy
	Target  int64   // bit/s asked of our sender; zero if none
	Rate    int64   // bit/s our sender is paced at
	Loss    float64 // share of our packets lost of late, 0 to 1
	Limit   string  // what holds our sender back: app, window, pacing, receiver …
	Streams int     // open now
	Held    int     // bytes of all buffers
}

// Stats returns what the session has done so far.
func (s *Session) Stats() Stats {
	s.mu.Lock()
	defer s.mu.Unlock()
	m, r := s.machine.Stats(), s.machine.Rates()
	return Stats{
		ID: s.id, Local: s.local, Remote: s.peer, Since: s.began,
		RTT: m.RTT, MinRTT: m.MinRTT, Datagram: m.Datagram,
		Sent: int64(m.SentBytes), Received: int64(m.ReceivedBytes),
		PacketsSent: int64(m.SentPackets), PacketsReceived: int64(m.ReceivedPackets), PacketsLost: int64(m.LostPackets),
		StreamsSent: int64(m.Sent), StreamsReceived: int64(m.Received),
		Retransmitted: int64(m.RetransmittedBytes), Duplicates: int64(m.DuplicateBytes),
		Parity: int64(m.ParityBytes), Repaired: int64(m.RepairedBytes),
		Dropped: int64(s.socket.Drops()),
		Policy:  policyOf(r.Policy), Target: int64(r.Target * 8),
		Rate: int64(m.CC.Rate * 8), Loss: m.CC.Loss,
		Limit: m.Limit.String(), Streams: m.Streams, Held: m.Memory,
	}
}

// Totals are sums over all sessions of a [Listener] since it began.
type Totals struct {
	Sessions      int64 // begun
	Streams       int64 // opened by peers
	Sent          int64 // bytes of UDP payloads
	Received      int64 // bytes of UDP payloads that authenticated
	Retransmitted int64 // bytes of streams
	Duplicates    int64 // bytes of streams that came again
	Parity        int64 // bytes
	Lost          int64 // packets
	Unknown       int64 // datagrams that belong to no session
	Forged        int64 // datagrams that did not authenticate
	Dropped       int64 // datagrams that the host dropped before we read them
	Grants        int   // waiting for their session now
	Live          int   // sessions now
	Open          int   // streams now
	Held          int64 // bytes of all buffers now
}

// add counts a session.
func (t *Totals) add(s Stats) {
	t.Sent += s.Sent
	t.Received += s.Received
	t.Retransmitted += s.Retransmitted
	t.Duplicates += s.Duplicates
	t.Parity += s.Parity
	t.Lost += s.PacketsLost
}

// Stats returns what the sessions that live have done, oldest first.
func (l *Listener) Stats() []Stats {
	l.mu.Lock()
	var live []*Session
	for _, s := range l.sessions {
		live = append(live, s)
	}
	l.mu.Unlock()
	return statsOf(live)
}

// Totals returns the sums of all sessions, of those that have ended too.
func (l *Listener) Totals() Totals {
	l.mu.Lock()
	t := l.totals
	t.Grants, t.Live = len(l.grants), len(l.sessions)
	l.mu.Unlock()
	for _, s := range l.Stats() {
		t.add(s)
		t.Open += s.Streams
		t.Held += int64(s.Held)
	}
	t.Unknown, t.Forged, t.Dropped = l.unknown.Load(), l.forged.Load(), int64(l.socket.Drops())
	return t
}

// statsOf returns the stats of sessions, oldest first.
func statsOf(sessions []*Session) []Stats {
	all := make([]Stats, 0, len(sessions))
	for _, s := range sessions {
		all = append(all, s.Stats())
	}
	slices.SortStableFunc(all, func(a, b Stats) int { return a.Since.Compare(b.Since) })
	return all
}

// warnBuffers tells when the system gives a socket a receive buffer so small
// that a short pause of the process costs packets.
func warnBuffers(log *slog.Logger, socket *udp.Conn) {
	const enough = 2 << 20
	if r, _ := socket.Buffers(); r > 0 && r < enough {
		log.Warn("the system allows only a small receive buffer for UDP; at high rates packets will be lost (on Linux: sysctl -w net.core.rmem_max=16777216)", "bytes", r)
	}
}
