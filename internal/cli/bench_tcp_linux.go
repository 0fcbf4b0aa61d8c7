package cli

import (
	"net"

	"golang.org/x/sys/unix"
)

// tcpPackets asks the kernel how many packets with data a connection has sent,
// and how many of these again. Of one that is closed it knows nothing.
func tcpPackets(c *net.TCPConn) (sent, again int64) {
	raw, err := c.SyscallConn()
	if err != nil {
		return 0, 0
	}
	_ = raw.Control(func(fd uintptr) {
		info, err := unix.GetsockoptTCPInfo(int(fd), unix.IPPROTO_TCP, unix.TCP_INFO)
		if err == nil {
			sent, again = int64(info.Data_segs_out), int64(info.Total_retrans)
		}
	})
	return sent, again
}
