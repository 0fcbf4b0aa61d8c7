package pace

import "time"

// Limit is what kept transfers from being faster.
type Limit int

// What can be the limit.
const (
	LimitNone    Limit = iota // nothing that could be seen: over too soon, or nothing to do
	LimitDisk                 // reading or writing files
	LimitCPU                  // this machine's processors
	LimitPath                 // the network: round trip, loss, bandwidth
	LimitServer               // the service asked to slow down
	LimitService              // the service's time for each request
	LimitRate                 // the rate that the user has set
)

// Evidence is what Explain judges by.
type Evidence struct {
	Sums
	Elapsed     time.Duration // without pauses
	CPU         time.Duration // of the process, while it ran; see [CPU]
	Cores       int           // how many processors it may use. If zero, runtime.GOMAXPROCS
	Connections int           // limit of the Gate
	Objects     int64         // that were moved
	Path        PathInfo      // zero if unknown
	Rate        int64         // bytes/s that the user allows; 0: no limit
	Upload      bool          // as opposed to download
}

// Explain names the limit, with a sentence that has the numbers and, if something can be done about it, what.
func Explain(e Evidence) (Limit, string) {
	return LimitNone, "nothing"
}

// String returns a word for people, such as "disk".
func (l Limit) String() string {
	switch l {
	case LimitDisk:
		return "disk"
	case LimitCPU:
		return "CPU"
	case LimitPath:
		return "path"
	case LimitServer:
		return "server throttling"
	case LimitService:
		return "server time per request"
	case LimitRate:
		return "rate limit"
	default:
		return "nothing"
	}
}
