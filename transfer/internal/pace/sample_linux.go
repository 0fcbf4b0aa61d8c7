package pace

import (
	"net"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// sampleSocket asks the system about a connection of TCP. It costs about two microseconds.
func sampleSocket(c net.Conn) (PathInfo, bool) {
	sc, ok := c.(syscall.Conn)
	if !ok {
		return PathInfo{}, false
	}
	raw, err := sc.SyscallConn()
	if err != nil {
		return PathInfo{}, false
	}
	var (
		info    *unix.TCPInfo
		control string
		infoErr error
	)
	err = raw.Control(func(fd uintptr) {
		if info, infoErr = unix.GetsockoptTCPInfo(int(fd), unix.IPPROTO_TCP, unix.TCP_INFO); infoErr == nil {
			control, infoErr = unix.GetsockoptString(int(fd), unix.IPPROTO_TCP, unix.TCP_CONGESTION)
		}
	})
	if err != nil || infoErr != nil {
		return PathInfo{}, false
	}
	p := pathInfo(info)
	p.Congestion = control
	return p, true
}

// pathInfo translates the fields of the kernel. Those that an older one does not have are zero.
func pathInfo(i *unix.TCPInfo) PathInfo {
	p := PathInfo{
		RTT:    time.Duration(i.Rtt) * time.Microsecond,
		Rate:   float64(i.Delivery_rate),
		Sent:   int64(i.Data_segs_out),
		Resent: int64(i.Total_retrans),
		Conns:  1,
	}
	if i.Min_rtt != ^uint32(0) { // that is: none yet
		p.MinRTT = time.Duration(i.Min_rtt) * time.Microsecond
	}
	if i.Busy_time > 0 {
		p.Buffers = min(1, float64(i.Rwnd_limited+i.Sndbuf_limited)/float64(i.Busy_time))
	}
	p.setLoss()
	return p
}
