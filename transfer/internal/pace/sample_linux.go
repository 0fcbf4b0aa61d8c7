package pace

import (
	"net"
	"net/netip"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// Sample asks the system about c, or about the connection that c is built on: it looks through
// every layer that has a NetConn method, as a tls.Conn has. It is false if c is closed or not of TCP.
// It costs about two microseconds.
func Sample(c net.Conn) (PathInfo, bool) {
	sc, ok := socketOf(c)
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
	if a, err := netip.ParseAddrPort(c.RemoteAddr().String()); err == nil {
		p.Loopback = a.Addr().Unmap().IsLoopback()
	}
	return p, true
}

// socketOf finds the socket below c.
func socketOf(c net.Conn) (syscall.Conn, bool) {
	for {
		if sc, ok := c.(syscall.Conn); ok {
			return sc, true
		}
		inner, ok := c.(interface{ NetConn() net.Conn })
		if !ok {
			return nil, false
		}
		c = inner.NetConn()
	}
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
