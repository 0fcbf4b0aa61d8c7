//go:build !linux

package cli

import "net"

// tcpPackets is not known here.
func tcpPackets(*net.TCPConn) (sent, again int64) { return 0, 0 }
