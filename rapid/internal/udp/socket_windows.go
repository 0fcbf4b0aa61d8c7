package udp

import (
	"errors"
	"net"

	"golang.org/x/sys/windows"
)

// Numbers of options in ws2ipdef.h that x/sys does not name.
const (
	ipDontFragment   = 14
	ipv6DontFragment = 14
)

// dontFragment keeps datagrams from being cut: the session probes the path
// (RFC 8899). An IPv6 socket may carry IPv4 too, so both are tried.
func dontFragment(c *net.UDPConn) {
	raw, err := c.SyscallConn()
	if err != nil {
		return
	}
	_ = raw.Control(func(handle uintptr) {
		fd := windows.Handle(handle)
		_ = windows.SetsockoptInt(fd, windows.IPPROTO_IP, ipDontFragment, 1)
		_ = windows.SetsockoptInt(fd, windows.IPPROTO_IPV6, ipv6DontFragment, 1)
	})
}

func tooBig(err error) bool { return errors.Is(err, windows.WSAEMSGSIZE) }

func transient(error) bool { return false }
