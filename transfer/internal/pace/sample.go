package pace

import (
	"net"
	"net/netip"
	"time"
)

// Sample asks about c, or about the connection that c is built on: it looks through every layer that has a NetConn
// method, as a tls.Conn has. A connection that does not leave its path to the system tells of it; of all others the system
// is asked. It is false if c is closed, or neither of these.
func Sample(c net.Conn) (PathInfo, bool) {
	for {
		if p, ok := c.(teller); ok {
			return sampleTeller(c, p)
		}
		inner, ok := c.(interface{ NetConn() net.Conn })
		if !ok {
			break
		}
		c = inner.NetConn()
	}
	p, ok := sampleSocket(c)
	p.Loopback = ok && loopback(c)
	return p, ok
}

// teller is a connection with a congestion control of its own, such as a stream of a rapid session.
type teller interface {
	PathStats() (rtt, minRTT time.Duration, sent, lost int64, err error)
}

// ownControl is the Congestion of a teller.
const ownControl = "its own"

func sampleTeller(c net.Conn, t teller) (PathInfo, bool) {
	rtt, minRTT, sent, lost, err := t.PathStats()
	if err != nil {
		return PathInfo{}, false
	}
	p := PathInfo{RTT: rtt, MinRTT: minRTT, Sent: sent, Resent: lost, Conns: 1, Congestion: ownControl, Shared: true, Loopback: loopback(c)}
	p.setLoss()
	return p, true
}

// loopback reports whether the other side of c is this machine.
func loopback(c net.Conn) bool {
	a, err := netip.ParseAddrPort(c.RemoteAddr().String())
	return err == nil && a.Addr().Unmap().IsLoopback()
}
