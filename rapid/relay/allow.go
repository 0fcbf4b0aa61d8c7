package relay

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"strconv"
	"strings"
)

// maxDestination bounds a destination, in bytes: a host name of 253 (RFC 1035
// §2.3.4), a colon and a port, or an IPv6 address in brackets.
const maxDestination = 260

// ErrDestination says that a destination is not on the relay's list, or does
// not lead where the list allows.
var ErrDestination = errors.New("destination not allowed")

// An allowlist holds the only places that a relay connects to.
type allowlist struct {
	exact    map[endpoint]bool
	suffixes map[endpoint]bool // host is what follows the "*."
}

// An endpoint is a destination in the one form in which it is compared: the
// host in lower case without a trailing dot, or an address as netip writes it.
type endpoint struct {
	host string
	addr netip.Addr // valid if host is an address
	port uint16
}

func (e endpoint) String() string {
	return net.JoinHostPort(e.host, strconv.Itoa(int(e.port)))
}

// parseAllowlist reads patterns: host:port, address:port, or *.domain:port for
// every name below a domain, though not the domain itself.
func parseAllowlist(patterns []string) (*allowlist, error) {
	if len(patterns) == 0 {
		return nil, errors.New("no upstream: name at least one host:port that may be reached, such as s3.eu-de.cloud-object-storage.appdomain.cloud:443")
	}
	l := &allowlist{exact: map[endpoint]bool{}, suffixes: map[endpoint]bool{}}
	for _, p := range patterns {
		rest, wild := strings.CutPrefix(p, "*.")
		e, err := parseEndpoint(rest)
		switch {
		case err != nil:
			return nil, fmt.Errorf("upstream %q: %w", p, err)
		case wild && e.addr.IsValid():
			return nil, fmt.Errorf("upstream %q: an address has no names below it", p)
		case wild && !strings.Contains(e.host, "."):
			// *.com would be a proxy for half of the Internet.
			return nil, fmt.Errorf("upstream %q: a wildcard needs a domain of at least two labels", p)
		case wild:
			l.suffixes[e] = true
		default:
			l.exact[e] = true
		}
	}
	return l, nil
}

// check returns the destination in its one form if it is on the list. What its
// name resolves to is looked at when it is dialled.
func (l *allowlist) check(destination string) (endpoint, error) {
	e, err := parseEndpoint(destination)
	if err != nil {
		return endpoint{}, fmt.Errorf("%w: %w", ErrDestination, err)
	}
	if l.exact[e] {
		return e, nil
	}
	if !e.addr.IsValid() {
		for host := e.host; ; {
			_, parent, more := strings.Cut(host, ".")
			if !more {
				break
			}
			if l.suffixes[endpoint{host: parent, port: e.port}] {
				return e, nil
			}
			host = parent
		}
	}
	return endpoint{}, fmt.Errorf("%w: %s is not on this relay's list", ErrDestination, e)
}

// admits reports whether a name on the list may lead to addr: to any address
// of the outside world, and to one of this machine or its link only if the
// list has that address itself. Without this, whoever answers for a name
// could turn the relay against its own host or the cloud's metadata service.
func (l *allowlist) admits(addr netip.AddrPort) bool {
	plain := addr.Addr().Unmap().WithZone("")
	if l.exact[endpoint{host: plain.String(), addr: plain, port: addr.Port()}] {
		return true
	}
	return !sensitive(addr.Addr())
}

var (
	errForm = errors.New("want host:port")
	errPort = errors.New("the port is not a number from 1 to 65535")
	errHost = errors.New("the host is neither a name nor an address")
)

// parseEndpoint reads host:port. It is strict, because two programs that read
// one text differently are how lists are got around: no userinfo, no zone, no
// space, no empty label, no number but a decimal one as the port, and no name
// that some resolvers would take for an address.
func parseEndpoint(s string) (endpoint, error) {
	if len(s) > maxDestination {
		return endpoint{}, fmt.Errorf("%w: longer than %d bytes", errForm, maxDestination)
	}
	host, portText, err := net.SplitHostPort(s)
	if err != nil || host == "" {
		return endpoint{}, errForm
	}
	port, err := parsePort(portText)
	if err != nil {
		return endpoint{}, err
	}
	bracketed := strings.HasPrefix(s, "[")
	if addr, err := netip.ParseAddr(host); err == nil {
		if addr.Zone() != "" || bracketed != addr.Is6() {
			return endpoint{}, errHost
		}
		addr = addr.Unmap()
		return endpoint{host: addr.String(), addr: addr, port: port}, nil
	}
	host = strings.ToLower(strings.TrimSuffix(host, "."))
	if bracketed || !isName(host) {
		return endpoint{}, errHost
	}
	return endpoint{host: host, port: port}, nil
}

// parsePort accepts what strconv.Itoa writes and nothing else.
func parsePort(s string) (uint16, error) {
	n, err := strconv.ParseUint(s, 10, 16)
	if err != nil || n == 0 || strconv.FormatUint(n, 10) != s {
		return 0, errPort
	}
	return uint16(n), nil
}

// isName reports whether s, in lower case, is a host name: labels of letters,
// digits, hyphens and underscores. The last one must not begin with a digit:
// inet_aton takes 127.1 and 0x7f000001 for addresses.
func isName(s string) bool {
	if len(s) > 253 {
		return false
	}
	last := ""
	for label := range strings.SplitSeq(s, ".") {
		if label == "" || len(label) > 63 || label[0] == '-' || label[len(label)-1] == '-' {
			return false
		}
		for i := range len(label) {
			c := label[i]
			if (c < 'a' || c > 'z') && (c < '0' || c > '9') && c != '-' && c != '_' {
				return false
			}
		}
		last = label
	}
	return last[0] < '0' || last[0] > '9'
}
