package udp

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"sync"
	"sync/atomic"
)

// MaxBatch is how many bytes one call of Read may return, and what a buffer
// for it must hold: less, and the kernel drops what does not fit. Writing no
// more than that at once is best.
const MaxBatch = 1<<16 - 1

// ErrTooBig means that a datagram is longer than what the interface or the
// path, as the kernel knows it, carries without fragments.
var ErrTooBig = errors.New("datagram is too big for the path")

// Options are about a socket. The zero value is good.
type Options struct {
	// DisableOffload stops the use of UDP_SEGMENT and UDP_GRO.
	DisableOffload bool
	// Sources has a socket on all addresses of the host tell to which of them
	// a datagram came, and send from the one that Write is given: what answers
	// from another than it was asked at is not let through by firewalls. Linux
	// only.
	Sources bool
	// ReadBuffer and WriteBuffer are what to ask the kernel for, in bytes. If
	// zero, 8 MiB and 2 MiB. It may give less, see [Conn.Buffers].
	ReadBuffer, WriteBuffer int
}

// Conn is a socket. Read is for one goroutine at a time, everything else for
// any number.
type Conn struct {
	pc    net.PacketConn
	udp   *net.UDPConn // pc, if it is one
	plain plain
	local netip.AddrPort

	offload offload // what the system can do for us

	source                  netip.Addr // of the last Read
	drops                   atomic.Uint64
	readBuffer, writeBuffer int
}

// Listen opens a UDP socket. The network is udp, udp4 or udp6.
func Listen(ctx context.Context, network, address string, o Options) (*Conn, error) {
	var lc net.ListenConfig
	pc, err := lc.ListenPacket(ctx, network, address)
	if err != nil {
		return nil, err
	}
	c, err := New(pc, o)
	if err != nil {
		_ = pc.Close()
		return nil, err
	}
	return c, nil
}

// New takes over pc, which is closed with the Conn. If it is a *[net.UDPConn]
// its options are set; any other is used as it is.
func New(pc net.PacketConn, o Options) (*Conn, error) {
	local, err := addrPort(pc.LocalAddr())
	if err != nil {
		return nil, fmt.Errorf("local address of the socket: %w", err)
	}
	c := &Conn{pc: pc, local: local}
	c.plain.pc = pc
	c.plain.direct, _ = pc.(direct)
	if udp, ok := pc.(*net.UDPConn); ok {
		if o.ReadBuffer == 0 {
			o.ReadBuffer = 8 << 20
		}
		if o.WriteBuffer == 0 {
			o.WriteBuffer = 2 << 20
		}
		c.udp = udp
		if err := c.setup(o); err != nil {
			return nil, err
		}
	}
	return c, nil
}

// LocalAddr returns the address of the socket.
func (c *Conn) LocalAddr() netip.AddrPort { return c.local }

// Source returns the address of the host that the datagrams of the last Read
// were sent to, if that is known. It is for the goroutine that reads.
func (c *Conn) Source() netip.Addr { return c.source }

// Close closes the socket: Read and Write fail with [net.ErrClosed].
func (c *Conn) Close() error { return c.pc.Close() }

// Drops returns how many datagrams have reached the host and were dropped
// because the receive buffer was full, as known after the last Read; 0 where
// the system does not tell.
func (c *Conn) Drops() uint64 { return c.drops.Load() }

// Buffers returns the sizes of the socket's buffers in bytes, or zeros if it
// is no UDP socket. Where they are far below what was asked for, the system
// has a limit: on Linux net.core.rmem_max and wmem_max.
func (c *Conn) Buffers() (read, write int) { return c.readBuffer, c.writeBuffer }

// Offload reports whether the kernel cuts what is written and joins what is
// read. The first may turn false while running.
func (c *Conn) Offload() (segments, coalesces bool) { return c.offload.works() }

// plain is the way that always works: one datagram, one call.
type plain struct {
	pc     net.PacketConn
	direct direct

	mu   sync.Mutex
	last *net.UDPAddr // what to was, so as not to allocate one each time
	to   netip.AddrPort
}

// direct is what a PacketConn may have to spare allocations.
type direct interface {
	ReadFromUDPAddrPort(b []byte) (int, netip.AddrPort, error)
	WriteToUDPAddrPort(b []byte, to netip.AddrPort) (int, error)
}

func (p *plain) read(b []byte) (int, netip.AddrPort, error) {
	if p.direct != nil {
		n, from, err := p.direct.ReadFromUDPAddrPort(b)
		return n, unmap(from), err
	}
	n, addr, err := p.pc.ReadFrom(b)
	if err != nil {
		return 0, netip.AddrPort{}, err
	}
	from, err := addrPort(addr)
	return n, from, err
}

func (p *plain) writeOne(b []byte, to netip.AddrPort) error {
	send := func() error {
		if p.direct != nil {
			_, err := p.direct.WriteToUDPAddrPort(b, to)
			return err
		}
		_, err := p.pc.WriteTo(b, p.addr(to))
		return err
	}
	err := send()
	if transient(err) {
		err = send()
	}
	if tooBig(err) {
		return ErrTooBig
	}
	return err
}

func (p *plain) addr(to netip.AddrPort) *net.UDPAddr {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.last == nil || p.to != to {
		p.last, p.to = net.UDPAddrFromAddrPort(to), to
	}
	return p.last
}

// addrPort reads the address of a PacketConn that need not be a UDP socket.
func addrPort(a net.Addr) (netip.AddrPort, error) {
	if u, ok := a.(*net.UDPAddr); ok {
		return unmap(u.AddrPort()), nil
	}
	if a == nil {
		return netip.AddrPort{}, errors.New("no address")
	}
	ap, err := netip.ParseAddrPort(a.String())
	return unmap(ap), err
}

// unmap returns the one form of an address that we compare: a socket for both
// IPv4 and IPv6 shows the former as ::ffff:192.0.2.1.
func unmap(a netip.AddrPort) netip.AddrPort {
	return netip.AddrPortFrom(a.Addr().Unmap(), a.Port())
}
