package udp

import (
	"encoding/binary"
	"errors"
	"fmt"
	"net/netip"

	"golang.org/x/sys/unix"
)

// oobSize is room for what the kernel may tell with a datagram: the size of
// the segments and the count of drops.
const oobSize = 128

// setup sets the options of the socket. What a kernel does not know or allow
// is done without.
func (c *Conn) setup(o Options) error {
	raw, err := c.udp.SyscallConn()
	if err != nil {
		return fmt.Errorf("socket options: %w", err)
	}
	err = raw.Control(func(handle uintptr) {
		fd := int(handle)
		c.readBuffer = buffer(fd, unix.SO_RCVBUF, unix.SO_RCVBUFFORCE, o.ReadBuffer)
		c.writeBuffer = buffer(fd, unix.SO_SNDBUF, unix.SO_SNDBUFFORCE, o.WriteBuffer)
		// Datagrams are never cut: the session probes the path (RFC 8899). An
		// IPv6 socket may carry IPv4 too, so both are tried.
		_ = unix.SetsockoptInt(fd, unix.IPPROTO_IP, unix.IP_MTU_DISCOVER, unix.IP_PMTUDISC_PROBE)
		_ = unix.SetsockoptInt(fd, unix.IPPROTO_IPV6, unix.IPV6_MTU_DISCOVER, unix.IPV6_PMTUDISC_PROBE)
		_ = unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_RXQ_OVFL, 1)
		if o.DisableOffload {
			return
		}
		// UDP_SEGMENT is known from Linux 4.18 on and UDP_GRO from 5.0, when
		// the former had lost its first faults.
		if unix.SetsockoptInt(fd, unix.IPPROTO_UDP, unix.UDP_GRO, 1) != nil {
			return
		}
		c.coalesce = true
		_, err := unix.GetsockoptInt(fd, unix.IPPROTO_UDP, unix.UDP_SEGMENT)
		c.segments.Store(err == nil)
	})
	if err != nil {
		return fmt.Errorf("socket options: %w", err)
	}
	c.oob = make([]byte, oobSize)
	return nil
}

// buffer makes a buffer of the socket larger and returns what it is then. The
// kernel cuts a wish down to a limit without saying so, and doubles what it
// tells for its own needs; with CAP_NET_ADMIN the limit does not hold.
func buffer(fd, option, force, want int) int {
	have, err := unix.GetsockoptInt(fd, unix.SOL_SOCKET, option)
	if err == nil && have/2 >= want {
		return have / 2
	}
	if unix.SetsockoptInt(fd, unix.SOL_SOCKET, force, want) != nil {
		_ = unix.SetsockoptInt(fd, unix.SOL_SOCKET, option, want)
	}
	have, err = unix.GetsockoptInt(fd, unix.SOL_SOCKET, option)
	if err != nil {
		return 0
	}
	return have / 2
}

// Read reads what one datagram holds, or several that came from one address,
// all of segment bytes but the last, which may be shorter. b has [MaxBatch]
// bytes. An error other than [net.ErrClosed] says nothing of the next call.
func (c *Conn) Read(b []byte) (n, segment int, from netip.AddrPort, err error) {
	if c.udp == nil {
		n, from, err = c.plain.read(b)
		return n, n, from, err
	}
	n, noob, _, from, err := c.udp.ReadMsgUDPAddrPort(b, c.oob)
	if err != nil {
		return 0, 0, netip.AddrPort{}, err
	}
	segment = n
	for oob := c.oob[:noob]; len(oob) > 0; {
		h, data, rest, err := unix.ParseOneSocketControlMessage(oob)
		if err != nil {
			break // cut short: what we asked for comes first
		}
		switch {
		case h.Level == unix.IPPROTO_UDP && h.Type == unix.UDP_GRO && len(data) >= 4:
			if s := int(int32(binary.NativeEndian.Uint32(data))); s > 0 {
				segment = s
			}
		case h.Level == unix.SOL_SOCKET && h.Type == unix.SO_RXQ_OVFL && len(data) >= 4:
			now := binary.NativeEndian.Uint32(data)
			c.drops.Add(uint64(now - c.dropped)) // it wraps
			c.dropped = now
		}
		oob = rest
	}
	return n, segment, unmap(from), nil
}

// Write writes b as datagrams of segment bytes, the last of which may be
// shorter. An error means that some of them are lost, which may happen to
// datagrams at any time; only [net.ErrClosed] is for ever. With [ErrTooBig]
// datagrams of this size do not pass.
func (c *Conn) Write(b []byte, segment int, to netip.AddrPort) error {
	if segment <= 0 || len(b) <= segment || !c.segments.Load() {
		return c.plain.write(b, max(segment, 1), to)
	}
	batch := min(maxSegments, maxPayload/segment) * segment
	if batch <= segment {
		return c.plain.write(b, segment, to)
	}
	for len(b) > 0 {
		part := b[:min(batch, len(b))]
		if len(part) <= segment {
			return c.plain.writeOne(part, to)
		}
		if err := c.writeBatch(part, segment, to); err != nil {
			return err
		}
		b = b[len(part):]
	}
	return nil
}

// writeBatch writes up to a call's worth of segments in one call, and finds
// out if that does not work here: some drivers, tunnels and versions of the
// kernel refuse (EIO without checksum offload, EINVAL with odd tails).
func (c *Conn) writeBatch(b []byte, segment int, to netip.AddrPort) error {
	oob := c.segmentControl(segment)
	_, _, err := c.udp.WriteMsgUDPAddrPort(b, oob, to)
	if transient(err) {
		_, _, err = c.udp.WriteMsgUDPAddrPort(b, oob, to)
	}
	if err == nil || !refused(err) {
		return err
	}
	// A segment longer than the interface's MTU is refused in the same way:
	// then the first datagram fails alone too, and batches are not at fault.
	if err := c.plain.write(b, segment, to); err != nil {
		return err
	}
	c.segments.Store(false)
	return nil
}

// control is the ancillary data that asks for segments of a size.
type control struct {
	segment int
	oob     []byte
}

// segmentControl returns the ancillary data for segments of a size. Sizes
// seldom change, so the last is kept.
func (c *Conn) segmentControl(segment int) []byte {
	if k := c.control.Load(); k != nil && k.segment == segment {
		return k.oob
	}
	k := &control{segment: segment, oob: make([]byte, unix.CmsgSpace(2))}
	// A cmsghdr is a length as long as a word, then level and type.
	word := unix.SizeofCmsghdr - 8
	if word == 8 {
		binary.NativeEndian.PutUint64(k.oob, uint64(unix.CmsgLen(2)))
	} else {
		binary.NativeEndian.PutUint32(k.oob, uint32(unix.CmsgLen(2)))
	}
	binary.NativeEndian.PutUint32(k.oob[word:], unix.IPPROTO_UDP)
	binary.NativeEndian.PutUint32(k.oob[word+4:], unix.UDP_SEGMENT)
	binary.NativeEndian.PutUint16(k.oob[unix.CmsgLen(0):], uint16(segment))
	c.control.Store(k)
	return k.oob
}

// refused reports whether the kernel may have refused a batch for being one.
func refused(err error) bool {
	return errors.Is(err, unix.EIO) || errors.Is(err, unix.EINVAL) || errors.Is(err, unix.EMSGSIZE) || errors.Is(err, unix.EOPNOTSUPP)
}

// tooBig reports whether err is about the length of a datagram.
func tooBig(err error) bool { return errors.Is(err, unix.EMSGSIZE) }

// transient reports whether the same call may work when made again at once:
// the first one after a change of the firewall's rules gets EPERM.
func transient(err error) bool { return errors.Is(err, unix.EPERM) }
