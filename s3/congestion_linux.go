package s3

import (
	"errors"
	"net"
	"syscall"

	"golang.org/x/sys/unix"
)

// setCongestion asks the system to send on c by the congestion control of that name. That counts for what we
// send; what is received goes by the choice of the other side.
func setCongestion(c net.Conn, name string) error {
	sc, ok := c.(syscall.Conn)
	if !ok {
		return errors.ErrUnsupported
	}
	raw, err := sc.SyscallConn()
	if err != nil {
		return err
	}
	var set error
	if err := raw.Control(func(fd uintptr) {
		set = unix.SetsockoptString(int(fd), unix.IPPROTO_TCP, unix.TCP_CONGESTION, name)
	}); err != nil {
		return err
	}
	return set
}
