package relay

import (
	"encoding/binary"
	"net/netip"
)

// sensitive reports whether a connection to addr would stay on this machine or
// its link, or reach a service that trusts whoever can: loopback, unspecified,
// link-local (of which the metadata service 169.254.169.254 is one), multicast,
// and the metadata addresses of clouds that chose others. Addresses that carry
// one of IPv4 are judged by that.
func sensitive(addr netip.Addr) bool {
	addr = addr.WithZone("").Unmap()
	if !addr.IsValid() || addr.IsUnspecified() || addr.IsLoopback() || addr.IsLinkLocalUnicast() ||
		addr.IsMulticast() || addr.IsInterfaceLocalMulticast() {
		return true
	}
	if addr.Is4() {
		b := addr.As4()
		switch {
		case b[0] == 0, b[0] >= 240: // "this network" and reserved; 255.255.255.255 (RFC 6890)
			return true
		case b[0] == 192 && b[1] == 0 && b[2] == 0: // IETF protocol assignments, 192.0.0.192 among them
			return true
		case b == [4]byte{100, 100, 100, 200}, b == [4]byte{168, 63, 129, 16}: // metadata of Alibaba and of Azure
			return true
		}
		return false
	}
	if addr == netip.AddrFrom16([16]byte{0xfd, 0x00, 0x0e, 0xc2, 14: 0x02, 15: 0x54}) { // metadata of AWS, fd00:ec2::254
		return true
	}
	for _, inner := range embedded(addr.As16()) {
		if sensitive(inner) {
			return true
		}
	}
	return false
}

// embedded returns the addresses of IPv4 inside one of IPv6 to which a gateway
// might hand the connection on.
func embedded(b [16]byte) []netip.Addr {
	at := func(i int) netip.Addr { return netip.AddrFrom4([4]byte(b[i : i+4])) }
	high := binary.BigEndian.Uint64(b[:8])
	switch {
	case high == 0 && binary.BigEndian.Uint32(b[8:12]) == 0: // IPv4-compatible ::a.b.c.d (RFC 4291 §2.5.5.1)
		return []netip.Addr{at(12)}
	case high == 0x0064ff9b_00000000 && binary.BigEndian.Uint32(b[8:12]) == 0: // NAT64 64:ff9b::/96 (RFC 6052)
		return []netip.Addr{at(12)}
	case high>>16 == 0x0064ff9b_0001: // NAT64 for local use, 64:ff9b:1::/48 (RFC 8215)
		return []netip.Addr{at(12), netip.AddrFrom4([4]byte{b[6], b[7], b[9], b[10]})}
	case b[0] == 0x20 && b[1] == 0x02: // 6to4 2002:a.b.c.d::/48 (RFC 3056)
		return []netip.Addr{at(2)}
	case binary.BigEndian.Uint32(b[:4]) == 0x20010000: // Teredo: server, and client inverted (RFC 4380)
		return []netip.Addr{at(4), netip.AddrFrom4([4]byte{^b[12], ^b[13], ^b[14], ^b[15]})}
	case b[8] == 0 && b[9] == 0 && b[10] == 0x5e && b[11] == 0xfe,
		b[8] == 2 && b[9] == 0 && b[10] == 0x5e && b[11] == 0xfe: // ISATAP (RFC 5214)
		return []netip.Addr{at(12)}
	}
	return nil
}
