package netsim

import (
	"errors"
	"net"
	"net/netip"
	"os"
	"sync"
	"time"
)

// receiveBuffer is how many bytes of datagrams wait for a reader, unless
// [Conn.SetReadBuffer] says otherwise.
const receiveBuffer = 4 << 20

// Conn is a socket on one side of a network. Like a UDP socket it never blocks in
// a write, and drops what comes while its buffer is full. Its addresses are
// *[net.UDPAddr]s. It is safe for concurrent use.
type Conn struct {
	net    *Network
	side   Side
	local  netip.AddrPort
	public netip.AddrPort // guarded by net.mu; what others see, see Rebind

	ready  chan struct{} // holds an element while packets are there, for one of the readers
	closed chan struct{} // closed by Close
	read   deadline
	write  deadline

	mu      sync.Mutex // taken after net.mu
	packets []*packet  // guarded by mu
	bytes   int        // guarded by mu; of packets
	buffer  int        // guarded by mu; the limit of bytes
	over    bool       // guarded by mu; Close was called
}

var _ net.PacketConn = (*Conn)(nil)

func newConn(n *Network, side Side, addr netip.AddrPort) *Conn {
	return &Conn{
		net: n, side: side, local: addr, public: addr, buffer: receiveBuffer,
		ready: make(chan struct{}, 1), closed: make(chan struct{}),
		read: newDeadline(), write: newDeadline(),
	}
}

// LocalAddr is the address that Listen gave, whatever others see.
func (c *Conn) LocalAddr() net.Addr { return net.UDPAddrFromAddrPort(c.local) }

// Public is the address that others see.
func (c *Conn) Public() netip.AddrPort {
	c.net.mu.Lock()
	defer c.net.mu.Unlock()
	return c.public
}

// Rebind has others see a new port from the next packet on, as when a NAT forgot
// its mapping, and returns the new address. What is sent to the old one, or is
// on its way there, is lost.
func (c *Conn) Rebind() netip.AddrPort {
	n := c.net
	n.mu.Lock()
	defer n.mu.Unlock()
	fresh := n.freeLocked(c.side, c.public.Addr())
	if n.conns[c.public] == c { // else closed
		delete(n.conns, c.public)
		n.conns[fresh] = c
	}
	c.public = fresh
	return fresh
}

// SetReadBuffer sets how many bytes may wait for a reader. If not called, 4 MiB.
func (c *Conn) SetReadBuffer(bytes int) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.buffer = bytes
	return nil
}

// deliver takes a packet, unless there is no room for it.
func (c *Conn) deliver(p *packet) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.over || c.bytes+p.size > c.buffer {
		p.free()
		return false
	}
	c.packets = append(c.packets, p)
	c.bytes += p.size
	c.signalLocked()
	return true
}

func (c *Conn) signalLocked() {
	select {
	case c.ready <- struct{}{}:
	default:
	}
}

// ReadFrom implements [net.PacketConn]. What of a datagram does not fit is lost.
func (c *Conn) ReadFrom(b []byte) (int, net.Addr, error) {
	n, from, err := c.ReadFromUDPAddrPort(b)
	if err != nil {
		return 0, nil, err
	}
	return n, net.UDPAddrFromAddrPort(from), nil
}

// ReadFromUDPAddrPort is ReadFrom as [net.UDPConn] has it, without an allocation.
func (c *Conn) ReadFromUDPAddrPort(b []byte) (int, netip.AddrPort, error) {
	for {
		expired := c.read.done()
		select {
		case <-c.closed:
			return 0, netip.AddrPort{}, c.failed("read", net.ErrClosed)
		case <-expired:
			return 0, netip.AddrPort{}, c.failed("read", os.ErrDeadlineExceeded)
		default:
		}
		select {
		case <-c.ready:
			if p := c.take(); p != nil {
				n, from := copy(b, *p.data), p.from
				p.free()
				return n, from, nil
			}
		case <-expired:
		case <-c.closed:
		}
	}
}

// take removes the first packet, if there is one.
func (c *Conn) take() *packet {
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.packets) == 0 {
		return nil
	}
	p := c.packets[0]
	c.packets[0] = nil
	c.packets = c.packets[1:]
	c.bytes -= p.size
	if len(c.packets) > 0 {
		c.signalLocked()
	}
	return p
}

// WriteTo implements [net.PacketConn]. The address is a *[net.UDPAddr], or another
// whose String is "IP:port".
func (c *Conn) WriteTo(b []byte, addr net.Addr) (int, error) {
	if u, ok := addr.(*net.UDPAddr); ok && u != nil {
		return c.WriteToUDPAddrPort(b, u.AddrPort())
	}
	if addr == nil {
		return 0, c.failed("write", errors.New("missing address"))
	}
	to, err := netip.ParseAddrPort(addr.String())
	if err != nil {
		return 0, c.failed("write", err)
	}
	return c.WriteToUDPAddrPort(b, to)
}

// WriteToUDPAddrPort is WriteTo as [net.UDPConn] has it.
func (c *Conn) WriteToUDPAddrPort(b []byte, to netip.AddrPort) (int, error) {
	select {
	case <-c.closed:
		return 0, c.failed("write", net.ErrClosed)
	case <-c.write.done():
		return 0, c.failed("write", os.ErrDeadlineExceeded)
	default:
	}
	c.net.send(c, netip.AddrPortFrom(to.Addr().Unmap(), to.Port()), b)
	return len(b), nil
}

func (c *Conn) failed(op string, err error) error {
	return &net.OpError{Op: op, Net: "udp", Source: c.LocalAddr(), Err: err}
}

// SetDeadline implements [net.PacketConn].
func (c *Conn) SetDeadline(t time.Time) error {
	return errors.Join(c.SetReadDeadline(t), c.SetWriteDeadline(t))
}

// SetReadDeadline implements [net.PacketConn].
func (c *Conn) SetReadDeadline(t time.Time) error { return c.set(&c.read, t) }

// SetWriteDeadline implements [net.PacketConn].
func (c *Conn) SetWriteDeadline(t time.Time) error { return c.set(&c.write, t) }

func (c *Conn) set(d *deadline, t time.Time) error {
	select {
	case <-c.closed:
		return c.failed("set", net.ErrClosed)
	default:
		d.set(t)
		return nil
	}
}

// Close gives the address back and has waiting readers return [net.ErrClosed].
func (c *Conn) Close() error {
	c.net.mu.Lock()
	if c.net.conns[c.public] == c {
		delete(c.net.conns, c.public)
	}
	c.net.mu.Unlock()
	if !c.shut() {
		return c.failed("close", net.ErrClosed)
	}
	return nil
}

// shut ends the connection and says whether it was open.
func (c *Conn) shut() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.over {
		return false
	}
	c.over = true
	for _, p := range c.packets {
		p.free()
	}
	c.packets, c.bytes = nil, 0
	close(c.closed)
	c.read.stop()
	c.write.stop()
	return true
}
