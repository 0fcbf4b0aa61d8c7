package udp

import (
	"encoding/binary"
	"errors"
	"fmt"
	"net/netip"
	"sync/atomic"

	"golang.org/x/sys/unix"
)

// oobSize is room for what the kernel may tell with a datagram: the size of
// the segments, the count of drops, and where it came to.
const oobSize = 192

// Limits of one system call with UDP_SEGMENT, see udp(7).
const (
	maxSegments = 64
	maxPayload  = 1<<16 - 1 - 20 - 8 // of an IPv4 packet; IPv6 allows 20 more
)

// offload is what the kernel does for a socket, and what it needs.
type offload struct {
	segments atomic.Bool // it cuts batches
	coalesce bool        // it may join datagrams
	sources  sources     // whether it tells where datagrams came to

	oob     []byte                  // of the one that reads
	dropped uint32                  // its counter of drops, which wraps
	batch   atomic.Pointer[control] // that of the last batch …
	single  atomic.Pointer[control] // … and of the last single datagram
}

func (o *offload) works() (segments, coalesces bool) { return o.segments.Load(), o.coalesce }

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
		if o.Sources && c.local.Addr().IsUnspecified() {
			c.offload.sources = tellSources(fd)
		}
		if o.DisableOffload {
			return
		}
		// UDP_SEGMENT is known from Linux 4.18 on and UDP_GRO from 5.0, when
		// the former had lost its first faults.
		if unix.SetsockoptInt(fd, unix.IPPROTO_UDP, unix.UDP_GRO, 1) != nil {
			return
		}
		c.offload.coalesce = true
		_, err := unix.GetsockoptInt(fd, unix.IPPROTO_UDP, unix.UDP_SEGMENT)
		c.offload.segments.Store(err == nil)
	})
	if err != nil {
		return fmt.Errorf("socket options: %w", err)
	}
	c.offload.oob = make([]byte, oobSize)
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
	n, noob, _, from, err := c.udp.ReadMsgUDPAddrPort(b, c.offload.oob)
	if err != nil {
		return 0, 0, netip.AddrPort{}, err
	}
	segment = n
	c.source = netip.Addr{}
	for oob := c.offload.oob[:noob]; len(oob) > 0; {
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
			c.drops.Add(uint64(now - c.offload.dropped)) // it wraps
			c.offload.dropped = now
		default:
			if a, ok := c.offload.sources.parse(h, data); ok {
				c.source = a
			}
		}
		oob = rest
	}
	return n, segment, unmap(from), nil
}

// Write writes b as datagrams of segment bytes, the last of which may be
// shorter, from an address of the host if source is valid and the Conn knows
// of them. An error means that some of them are lost, which may happen to
// datagrams at any time; only [net.ErrClosed] is for ever. With [ErrTooBig]
// datagrams of this size do not pass.
func (c *Conn) Write(b []byte, segment int, to netip.AddrPort, source netip.Addr) error {
	segment = max(segment, 1)
	if c.offload.sources == sourcesUnknown {
		source = netip.Addr{}
	}
	batch := segment
	if c.offload.segments.Load() {
		batch *= max(1, min(maxSegments, maxPayload/segment))
	}
	for len(b) > 0 {
		part := b[:min(batch, len(b))]
		if err := c.writeBatch(part, segment, to, source); err != nil {
			return err
		}
		b = b[len(part):]
	}
	return nil
}

// writeBatch writes up to a call's worth of segments in one call, and finds
// out if that does not work here: some drivers, tunnels and versions of the
// kernel refuse (EIO without checksum offload, EINVAL with odd tails).
func (c *Conn) writeBatch(b []byte, segment int, to netip.AddrPort, source netip.Addr) error {
	if len(b) <= segment {
		return c.writeOne(b, to, source)
	}
	oob := c.message(&c.offload.batch, segment, source)
	err := c.send(b, oob, to)
	if err == nil || !refused(err) {
		return err
	}
	// A segment longer than the interface's MTU is refused in the same way:
	// then the first datagram fails alone too, and batches are not at fault.
	for len(b) > 0 {
		part := b[:min(segment, len(b))]
		if err := c.writeOne(part, to, source); err != nil {
			return err
		}
		b = b[len(part):]
	}
	c.offload.segments.Store(false)
	return nil
}

// writeOne writes one datagram.
func (c *Conn) writeOne(b []byte, to netip.AddrPort, source netip.Addr) error {
	if !source.IsValid() {
		return c.plain.writeOne(b, to)
	}
	err := c.send(b, c.message(&c.offload.single, 0, source), to)
	if tooBig(err) {
		return ErrTooBig
	}
	return err
}

func (c *Conn) send(b, oob []byte, to netip.AddrPort) error {
	_, _, err := c.udp.WriteMsgUDPAddrPort(b, oob, to)
	if transient(err) {
		_, _, err = c.udp.WriteMsgUDPAddrPort(b, oob, to)
	}
	return err
}

// control is what goes with a message, and how that is written.
type control struct {
	segment int        // size of the datagrams to cut it into; 0: it is one
	source  netip.Addr // where to send it from; not valid: the kernel chooses
	oob     []byte
}

// message returns the ancillary data for datagrams of a size and a source.
// They seldom change, so the last is kept.
func (c *Conn) message(last *atomic.Pointer[control], segment int, source netip.Addr) []byte {
	if k := last.Load(); k != nil && k.segment == segment && k.source == source {
		return k.oob
	}
	k := &control{segment: segment, source: source}
	if segment > 0 {
		var data [2]byte
		binary.NativeEndian.PutUint16(data[:], uint16(segment))
		k.oob = appendMessage(k.oob, unix.IPPROTO_UDP, unix.UDP_SEGMENT, data[:])
	}
	if source.IsValid() {
		k.oob = c.offload.sources.append(k.oob, source)
	}
	last.Store(k)
	return k.oob
}

// appendMessage appends one piece of ancillary data: a cmsghdr, which is a
// length as long as a word, a level and a type, and then the data.
func appendMessage(b []byte, level, kind uint32, data []byte) []byte {
	start := len(b)
	b = append(b, make([]byte, unix.CmsgSpace(len(data)))...)
	m := b[start:]
	word := unix.SizeofCmsghdr - 8
	if word == 8 {
		binary.NativeEndian.PutUint64(m, uint64(unix.CmsgLen(len(data))))
	} else {
		binary.NativeEndian.PutUint32(m, uint32(unix.CmsgLen(len(data))))
	}
	binary.NativeEndian.PutUint32(m[word:], level)
	binary.NativeEndian.PutUint32(m[word+4:], kind)
	copy(m[unix.CmsgLen(0):], data)
	return b
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
