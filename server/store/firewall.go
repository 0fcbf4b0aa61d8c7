package store

import (
	"net/netip"
	"strings"
)

// LetsIn reports whether the firewall of the bucket lets in a request from a remote address, host:port as net/http has it: whether the
// address is one of those and of the networks in Firewall, and none of those after an exclamation mark. If there are only such, all
// others are let in. The lines are read on each request, which costs 50 ns for each: few buckets have a firewall, and those few lines.
func (b *BucketState) LetsIn(remote string) bool {
	if len(b.Firewall) == 0 {
		return true
	}
	at, err := netip.ParseAddrPort(remote)
	if err != nil {
		return false
	}
	addr := at.Addr().Unmap().WithZone("")
	some, allowed := false, false
	for _, network := range b.Firewall {
		network, denied := strings.CutPrefix(network, "!")
		switch {
		case denied && contains(network, addr):
			return false
		case !denied && !allowed:
			some, allowed = true, contains(network, addr)
		}
	}
	return allowed || !some
}

// contains reports whether an address, or a network in CIDR notation, is or has addr.
func contains(network string, addr netip.Addr) bool {
	if strings.IndexByte(network, '/') < 0 {
		one, err := netip.ParseAddr(network)
		return err == nil && one.Unmap() == addr
	}
	prefix, err := netip.ParsePrefix(network)
	if mapped := prefix.Addr(); err == nil && mapped.Is4In6() && prefix.Bits() >= 96 {
		prefix = netip.PrefixFrom(mapped.Unmap(), prefix.Bits()-96)
	}
	return err == nil && prefix.Contains(addr)
}
