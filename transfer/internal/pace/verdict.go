package pace

import (
	"fmt"
	"runtime"
	"time"
)

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
	CPU         time.Duration // of the process in that time; see [CPU]
	Cores       int           // how many processors it may use. If zero, runtime.GOMAXPROCS
	Connections int           // limit of the Gate
	Objects     int64         // that were moved
	Path        PathInfo      // zero if unknown
	Rate        int64         // bytes/s that the user allows; 0: no limit
	Upload      bool          // as opposed to download
}

// What counts as the limit. These are shares.
const (
	rateReached    = 0.8  // of what the user allows
	mostlyLimited  = 0.3  // of the time that is accounted for
	manyRefused    = 0.02 // of the requests
	coresBusy      = 0.85 // of the processors
	coresBusyLocal = 0.4  // the same, if the service runs on this machine and takes most of the rest
	mostlyDisk     = 0.5  // of the time that is accounted for
	lossy          = 0.001
)

// tooSoon is the time in which a limit does not show.
const tooSoon = 200 * time.Millisecond

// Explain names the limit, with a sentence that has the numbers and, if something can be done about it, what.
func Explain(e Evidence) (Limit, string) {
	if e.Cores <= 0 {
		e.Cores = runtime.GOMAXPROCS(0)
	}
	seconds := e.Elapsed.Seconds()
	busy := e.CPU.Seconds() / max(seconds, 1e-9)
	all := (e.Disk + e.Send + e.Service + e.Limited).Seconds()
	share := func(d time.Duration) float64 { return d.Seconds() / max(all, 1e-9) }
	enoughCores := coresBusy
	if e.Path.Loopback {
		enoughCores = coresBusyLocal
	}
	goodput := float64(e.Useful()) / max(seconds, 1e-9)
	switch {
	case e.Rate > 0 && e.Limited > 0 && (goodput >= rateReached*float64(e.Rate) || share(e.Limited) >= mostlyLimited):
		return LimitRate, "rate limit: " + speed(float64(e.Rate)) + ", as you asked for"
	case e.Elapsed < tooSoon || e.Requests == 0:
		return LimitNone, "over too soon to tell"
	case e.Throttled >= 3 && float64(e.Throttled) >= manyRefused*float64(e.Requests):
		return LimitServer, fmt.Sprintf("server throttling: %d of %d requests were told to slow down; ask for more throughput, or spread the keys over more prefixes",
			e.Throttled, e.Requests)
	case busy >= enoughCores*float64(e.Cores):
		where := ""
		if e.Path.Loopback {
			where = ", with the service on the same machine"
		}
		return LimitCPU, fmt.Sprintf("CPU: %.1f of %d processors busy%s", busy, e.Cores, where)
	case e.Disk > 0 && share(e.Disk) >= mostlyDisk:
		what := "writing to disk"
		if e.Upload {
			what = "reading from disk"
		}
		return LimitDisk, fmt.Sprintf("disk: %.0f %% of the time went into %s, at %s; a faster disk would help, more connections would not",
			100*share(e.Disk), what, speed(goodput))
	case e.Service > e.Send && float64(e.Useful()) < small*float64(e.Requests):
		return e.perRequest()
	case e.Path.Loopback:
		return LimitService, fmt.Sprintf("server time per request: the service is on the same machine; %s over %d connections", speed(goodput), e.Connections)
	default:
		return LimitPath, e.path(goodput)
	}
}

// perRequest explains that answers were waited for, and not bytes.
func (e Evidence) perRequest() (Limit, string) {
	mean := e.Service / time.Duration(e.Requests)
	// The smoothed RTT has the time in it that a busy machine takes to acknowledge.
	rtt := e.Path.RTT
	if e.Path.MinRTT > 0 {
		rtt = min(rtt, e.Path.MinRTT)
	}
	if rtt > mean/2 && !e.Path.Loopback {
		return LimitPath, fmt.Sprintf("path: RTT %s, of %s that a request took, with %d connections; fewer and larger objects would help",
			short(rtt), short(mean), e.Connections)
	}
	return LimitService, fmt.Sprintf("server time per request: %s each, with %d connections; fewer and larger objects would help",
		short(mean), e.Connections)
}

// path explains that the network was the limit.
func (e Evidence) path(goodput float64) string {
	p := e.Path
	if p.Conns == 0 {
		return fmt.Sprintf("path: %s over %d connections", speed(goodput), e.Connections)
	}
	s := "path: RTT " + short(p.RTT)
	if e.Upload && p.Sent >= minSegments {
		s += fmt.Sprintf(", %.1f %% loss", 100*p.Loss)
	}
	s += fmt.Sprintf(", %s over %d connections", speed(goodput), e.Connections)
	switch {
	case !e.Upload || p.Loopback || p.Congestion == ownControl:
	case p.Congestion != "bbr" && p.Loss >= lossy:
		s += "; the kernel sends by " + p.Congestion + ", which slows down at every loss: bbr would not (modprobe tcp_bbr)"
	case p.Buffers >= 0.5:
		s += "; the send buffers of the system hold each of them back: raise net.ipv4.tcp_wmem"
	}
	return s
}

// speed writes bytes a second for people.
func speed(b float64) string {
	for _, u := range []struct {
		size float64
		name string
	}{{1e9, "GB/s"}, {1e6, "MB/s"}, {1e3, "kB/s"}} {
		if b >= u.size {
			return fmt.Sprintf("%.3g %s", b/u.size, u.name)
		}
	}
	return fmt.Sprintf("%.0f B/s", b)
}

// short writes a duration in two or three digits.
func short(d time.Duration) string {
	switch {
	case d < time.Millisecond:
		return fmt.Sprintf("%d µs", d.Microseconds())
	case d < 10*time.Millisecond:
		return fmt.Sprintf("%.1f ms", d.Seconds()*1000)
	case d < time.Second:
		return fmt.Sprintf("%.0f ms", d.Seconds()*1000)
	}
	return fmt.Sprintf("%.1f s", d.Seconds())
}

// String returns a word or two for people, such as "disk".
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
		return "not known"
	}
}
