// Package loopback knows this machine by its names: secrets may go to it without TLS.
package loopback

import (
	"net/netip"
	"strings"
)

// Host reports whether host, a name or an address without a port, is this machine. It asks no resolver, which anybody could answer for.
func Host(host string) bool {
	host = strings.ToLower(strings.TrimSuffix(host, "."))
	if host == "localhost" || strings.HasSuffix(host, ".localhost") { // RFC 6761, 6.3
		return true
	}
	addr, err := netip.ParseAddr(host)
	return err == nil && addr.Unmap().IsLoopback()
}
