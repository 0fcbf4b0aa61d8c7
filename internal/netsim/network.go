// Package netsim is a packet network in memory: two sides joined by a link
// with a rate, a delay, a queue and losses. Its connections are [net.PacketConn]s.
//
// It has no goroutines and takes its time from package time, so that it runs
// inside a testing/synctest bubble, where a minute of traffic takes as long as
// its packets take to compute, and on the real clock:
//
//	synctest.Test(t, func(t *testing.T) {
//		n := netsim.New(netsim.Link{Rate: 100e6, Delay: 50 * time.Millisecond, Loss: 0.01})
//		defer n.Close()
//		client, err := n.Listen(netsim.A, "")
//		server, err := n.Listen(netsim.B, "")
//		…
//		n.SetLink(netsim.Link{Loss: 1}) // a blackout
//	})
//
// The same seed and the same packets at the same times meet the same fate.
package netsim

import (
	"fmt"
	"net"
	"net/netip"
	"sync"
	"time"
)

// Side is an end of the link.
type Side int

// The two ends. What is sent between two connections of one side does not pass
// the link and arrives at once.
const (
	A Side = iota
	B
)

// Network is two sides and the link between them. It is safe for concurrent use.
// One that is used inside a synctest bubble has to be made there.
type Network struct {
	mu     sync.Mutex
	ways   [2]*direction            // guarded by mu; by the side that sends
	conns  map[netip.AddrPort]*Conn // guarded by mu; by the address that others see
	next   [2]uint16                // guarded by mu; the last port chosen, by side
	closed bool                     // guarded by mu
}

// New makes a network whose link is l in both directions; the directions lose
// packets independently of each other.
func New(l Link) *Network {
	n := &Network{conns: make(map[netip.AddrPort]*Conn), next: [2]uint16{40000, 40000}}
	for side := range n.ways {
		n.ways[side] = newDirection(n, l, Side(side))
	}
	return n
}

// Listen opens a connection on a side. Address is "IP:port"; an empty one, or the
// port 0, has a free one chosen. Without an IP the host of side A is 10.0.0.1 and
// that of side B is 10.0.0.2.
func (n *Network) Listen(side Side, address string) (*Conn, error) {
	addr, err := parse(side, address)
	if err != nil {
		return nil, &net.OpError{Op: "listen", Net: "udp", Err: err}
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.closed {
		return nil, &net.OpError{Op: "listen", Net: "udp", Addr: net.UDPAddrFromAddrPort(addr), Err: net.ErrClosed}
	}
	if addr.Port() == 0 {
		addr = n.freeLocked(side, addr.Addr())
	}
	if n.conns[addr] != nil {
		return nil, &net.OpError{Op: "listen", Net: "udp", Addr: net.UDPAddrFromAddrPort(addr), Err: fmt.Errorf("address already in use")}
	}
	c := newConn(n, side, addr)
	n.conns[addr] = c
	return c, nil
}

func parse(side Side, address string) (netip.AddrPort, error) {
	host := netip.AddrFrom4([4]byte{10, 0, 0, byte(1 + side)})
	if address == "" {
		return netip.AddrPortFrom(host, 0), nil
	}
	if address[0] == ':' {
		address = host.String() + address
	}
	return netip.ParseAddrPort(address)
}

// freeLocked returns an address of the host that nobody has. Its caller holds n.mu.
func (n *Network) freeLocked(side Side, host netip.Addr) netip.AddrPort {
	for {
		n.next[side]++
		addr := netip.AddrPortFrom(host, max(n.next[side], 1))
		if n.conns[addr] == nil {
			return addr
		}
	}
}

// SetLink replaces the link in both directions. Packets that wait are sent at the
// new rate, those on their way arrive as they would have; what waits beyond the
// new queue stays. A Seed that differs from the one before starts the random
// numbers anew.
func (n *Network) SetLink(l Link) {
	n.SetDirection(A, l)
	n.SetDirection(B, l)
}

// SetDirection replaces the link for what one side sends, like [Network.SetLink].
func (n *Network) SetDirection(from Side, l Link) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.ways[from].setLocked(l, time.Now())
}

// Stats returns what happened so far to the packets that one side sent.
func (n *Network) Stats(from Side) Stats {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.ways[from].advanceLocked(time.Now())
	return n.ways[from].stats
}

// Close closes all connections and forgets the packets that are on their way.
func (n *Network) Close() error {
	n.mu.Lock()
	n.closed = true
	conns := make([]*Conn, 0, len(n.conns))
	for _, c := range n.conns {
		conns = append(conns, c)
	}
	for _, d := range n.ways {
		d.stopLocked()
	}
	n.mu.Unlock()
	for _, c := range conns {
		c.shut()
	}
	return nil
}

// send puts a datagram onto the network; the data is copied.
func (n *Network) send(c *Conn, to netip.AddrPort, data []byte) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.closed {
		return
	}
	way := n.ways[c.side]
	p := newPacket(c.public, to, data)
	if peer := n.conns[to]; peer != nil && peer.side == c.side {
		peer.deliver(p)
		return
	}
	way.sendLocked(p, time.Now())
}
