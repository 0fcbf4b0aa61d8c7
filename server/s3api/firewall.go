package s3api

import (
	"net/netip"
	"strings"

	"github.com/icos-go/icos/server/store"
)

// admit refuses a request whose address the firewall of the bucket does not let in, whatever the caller may do and even if the
// bucket is public.
func (c *call) admit(b *store.Bucket) error {
	if len(b.Firewall) == 0 || inside(b.Firewall, c.r.RemoteAddr) {
		return nil
	}
	return newError(codeAccessDenied)
}

// inside reports whether a remote address is one of the addresses and networks of a firewall, and none of those after an
// exclamation mark. If there are only those, all others are inside. The lines are read on each request, which costs 50 ns for
// each: few buckets have a firewall, and those few lines.
func inside(networks []string, remote string) bool {
	at, err := netip.ParseAddrPort(remote)
	if err != nil {
		return false
	}
	addr := at.Addr().Unmap().WithZone("")
	some, allowed := false, false
	for _, network := range networks {
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
