package rapid

import (
	"net"
	"time"
)

// PathStats is what is known of the path of the stream's session: its smoothed
// and its shortest round trip, zero before the first sample, and how many packets
// were sent and of those given up. It serves what would ask the system about a TCP
// connection, and fails as that does once the Conn is closed or the session over.
func (c *Conn) PathStats() (rtt, minRTT time.Duration, sent, lost int64, err error) {
	s := c.session
	s.mu.Lock()
	if c.closed || s.err != nil {
		defer s.mu.Unlock()
		return 0, 0, 0, 0, c.failed("stats", net.ErrClosed)
	}
	s.mu.Unlock()
	now := s.Stats()
	return now.RTT, now.MinRTT, now.PacketsSent, now.PacketsLost, nil
}
