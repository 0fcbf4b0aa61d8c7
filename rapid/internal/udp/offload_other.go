//go:build !linux

package udp

import (
	"net/netip"
)

// offload is nothing here.
type offload struct{}

func (*offload) works() (segments, coalesces bool) { return false, false }

// setup sets the options of the socket. What a system does not know or allow
// is done without.
func (c *Conn) setup(o Options) error {
	if c.udp.SetReadBuffer(o.ReadBuffer) == nil {
		c.readBuffer = o.ReadBuffer
	}
	if c.udp.SetWriteBuffer(o.WriteBuffer) == nil {
		c.writeBuffer = o.WriteBuffer
	}
	dontFragment(c.udp)
	return nil
}

// Read reads a datagram: segment is n. b has [MaxBatch] bytes. An error other
// than [net.ErrClosed] says nothing of the next call.
func (c *Conn) Read(b []byte) (n, segment int, from netip.AddrPort, err error) {
	n, from, err = c.plain.read(b)
	return n, n, from, err
}

// Write writes b as datagrams of segment bytes, the last of which may be
// shorter. An error means that some of them are lost, which may happen to
// datagrams at any time; only [net.ErrClosed] is for ever. With [ErrTooBig]
// datagrams of this size do not pass. The system chooses the source.
func (c *Conn) Write(b []byte, segment int, to netip.AddrPort, _ netip.Addr) error {
	segment = max(segment, 1)
	for len(b) > 0 {
		n := min(segment, len(b))
		if err := c.plain.writeOne(b[:n], to); err != nil {
			return err
		}
		b = b[n:]
	}
	return nil
}
