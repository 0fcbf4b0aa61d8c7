//go:build unix && !linux

package udp

import (
	"errors"
	"net"
	"syscall"
)

// dontFragment keeps datagrams from being cut: the session probes the path
// (RFC 8899). An IPv6 socket may carry IPv4 too, so both are tried.
func dontFragment(c *net.UDPConn) {
	raw, err := c.SyscallConn()
	if err != nil {
		return
	}
	_ = raw.Control(func(fd uintptr) { setDontFragment(int(fd)) })
}

func tooBig(err error) bool { return errors.Is(err, syscall.EMSGSIZE) }

func transient(error) bool { return false }
