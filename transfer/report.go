package transfer

import "time"

// A Limit is what kept a [Transfer] from being faster.
type Limit string

const (
	LimitUnknown Limit = ""       // too short to tell
	LimitDisk    Limit = "disk"   // reading or writing files
	LimitCPU     Limit = "cpu"    // this machine's processors
	LimitPath    Limit = "path"   // the network: its rate, delay and loss
	LimitServer  Limit = "server" // the service was slow to answer, or asked to slow down
	LimitRate    Limit = "rate"   // the limit that was asked for
)

// A Report says what a [Transfer] has done, and what its limit was.
type Report struct {
	Bytes   int64 // of objects that are complete, or of the parts that have arrived
	Sent    int64 // bytes of data that crossed the network, repeats included
	Resumed int64 // bytes that did not, because an earlier attempt had moved them

	Objects int64 // complete
	Skipped int64
	Failed  int64
	Deleted int64

	Elapsed time.Duration // without the time spent queued or paused

	Limit  Limit
	Detail string        // the limit in one sentence
	RTT    time.Duration // of the connections, 0 if unknown
	Loss   float64       // share of packets sent again, 0 to 1; -1 if unknown

	Retries     int64 // requests made again
	Throttled   int64 // answers that asked to slow down
	Connections int   // most requests at once
	PartSize    int64 // bytes; 0 if there were no parts

	Verified   int64 // objects whose checksum as a whole was compared with the service's
	Unverified int64 // objects where the service had nothing to compare with
}
