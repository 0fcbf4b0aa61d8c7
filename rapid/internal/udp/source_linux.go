package udp

import (
	"net/netip"

	"golang.org/x/sys/unix"
)

// sources says how a socket tells which of the host's addresses a datagram
// came to, and is told from which to send (ip(7), ipv6(7)).
type sources uint8

const (
	sourcesUnknown sources = iota
	sources4               // IP_PKTINFO: interface (4 bytes), address to answer from (4), address in the header (4)
	sources6               // IPV6_PKTINFO: address (16), interface (4); IPv4 as ::ffff:192.0.2.1
)

// tellSources has the kernel tell.
func tellSources(fd int) sources {
	domain, err := unix.GetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_DOMAIN)
	switch {
	case err != nil:
	case domain == unix.AF_INET && unix.SetsockoptInt(fd, unix.IPPROTO_IP, unix.IP_PKTINFO, 1) == nil:
		return sources4
	case domain == unix.AF_INET6 && unix.SetsockoptInt(fd, unix.IPPROTO_IPV6, unix.IPV6_RECVPKTINFO, 1) == nil:
		return sources6
	}
	return sourcesUnknown
}

// parse reads a piece of ancillary data, if it is about that.
func (s sources) parse(h unix.Cmsghdr, data []byte) (netip.Addr, bool) {
	switch {
	case s == sources4 && h.Level == unix.IPPROTO_IP && h.Type == unix.IP_PKTINFO && len(data) >= 12:
		return netip.AddrFrom4([4]byte(data[4:8])), true
	case s == sources6 && h.Level == unix.IPPROTO_IPV6 && h.Type == unix.IPV6_PKTINFO && len(data) >= 20:
		return netip.AddrFrom16([16]byte(data[:16])), true
	}
	return netip.Addr{}, false
}

// append appends the ancillary data that says to send from an address. The
// interface is left to the kernel.
func (s sources) append(b []byte, from netip.Addr) []byte {
	if s == sources4 {
		var data [12]byte
		v4 := from.Unmap().As4()
		copy(data[4:8], v4[:])
		return appendMessage(b, unix.IPPROTO_IP, unix.IP_PKTINFO, data[:])
	}
	var data [20]byte
	v6 := from.As16()
	copy(data[:16], v6[:])
	return appendMessage(b, unix.IPPROTO_IPV6, unix.IPV6_PKTINFO, data[:])
}
