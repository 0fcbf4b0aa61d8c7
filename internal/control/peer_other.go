//go:build !linux

package control

import "net"

// checkPeer relies on the directory, which no other user can enter.
func checkPeer(net.Conn) error { return nil }
