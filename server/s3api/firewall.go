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

// inside reports whether a remote address is one of the addresses and networks. Those are read on each request, which costs 50 ns
// for each: few buckets have a firewall, and those few lines.
func inside(networks []string, remote string) bool {
	at, err := netip.ParseAddrPort(remote)
	if err != nil {
		return false
	}
	addr := at.Addr().Unmap().WithZone("")
	for _, network := range networks {
		if strings.IndexByte(network, '/') < 0 {
			if one, err := netip.ParseAddr(network); err == nil && one.Unmap() == addr {
				return true
			}
			continue
		}
		if prefix, err := netip.ParsePrefix(network); err == nil && prefix.Contains(addr) {
			return true
		}
	}
	return false
}
