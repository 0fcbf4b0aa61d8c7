//go:build !unix && !windows

package udp

import "net"

func dontFragment(*net.UDPConn) {}

func tooBig(error) bool { return false }

func transient(error) bool { return false }
