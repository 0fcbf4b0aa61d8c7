package pace

import "time"

// PathInfo is what the system knows about one connection, or several.
type PathInfo struct {
	RTT        time.Duration // smoothed round trip
	MinRTT     time.Duration // the shortest round trip; 0 if unknown
	Loss       float64       // share of the bytes sent that were sent again, 0 to 1; of uploads only
	Rate       float64       // bytes a second that arrived at the other side lately; of uploads only
	Congestion string        // congestion control of our side, such as "bbr"
	Loopback   bool          // the other side is this machine

	// Buffers is the share of the time in which there was something to send that the send buffer or the
	// window of the receiver, and not the network, held it back, 0 to 1: more connections help.
	Buffers float64

	Sent  int64 // bytes sent, repetitions included
	Conns int   // connections that were looked at
}
