//go:build !linux

package s3

import (
	"errors"
	"net"
)

// setCongestion asks the system to send on c by the congestion control of that name, which only Linux
// lets a program choose.
func setCongestion(net.Conn, string) error { return errors.ErrUnsupported }
