package transfer

import (
	"fmt"
	"strings"
	"time"

	"github.com/icos-go/icos/transfer/internal/pace"
)

// A Limit is what kept a [Transfer] from being faster.
type Limit string

const (
	LimitUnknown Limit = ""        // too short to tell
	LimitDisk    Limit = "disk"    // reading or writing files
	LimitCPU     Limit = "cpu"     // this machine's processors
	LimitPath    Limit = "path"    // the network: its rate, delay and loss
	LimitServer  Limit = "server"  // the service asked to slow down
	LimitService Limit = "service" // the service's time for each request
	LimitRate    Limit = "rate"    // the limit that was asked for
)

func limitOf(l pace.Limit) Limit {
	switch l {
	case pace.LimitDisk:
		return LimitDisk
	case pace.LimitCPU:
		return LimitCPU
	case pace.LimitPath:
		return LimitPath
	case pace.LimitServer:
		return LimitServer
	case pace.LimitService:
		return LimitService
	case pace.LimitRate:
		return LimitRate
	}
	return LimitUnknown
}

// A Report says what a [Transfer] has done, and what its limit was.
type Report struct {
	Bytes   int64 // of objects that are complete, and of others what need not be moved again
	Sent    int64 // bytes of data that crossed the network, repeats included
	Resumed int64 // bytes that did not, because another process or Transfer had moved them

	Objects int64 // complete
	Skipped int64
	Failed  int64
	Deleted int64

	Elapsed time.Duration // without the time spent queued or paused

	Limit  Limit
	Detail string        // the limit in one sentence
	RTT    time.Duration // of the connections, 0 if unknown
	Loss   float64       // share of the bytes that had to be sent again, 0 to 1; -1 if unknown

	Retries     int64 // requests made again
	Throttled   int64 // answers that asked to slow down
	Connections int   // bound of requests at once, as it is now
	PartSize    int64 // bytes; 0 if there were no parts

	Verified   int64 // objects whose checksum as a whole was compared with the service's
	Unverified int64 // objects where the service had nothing to compare with
}

// Report says what has been done so far; after the end, in all.
func (t *Transfer) Report() Report {
	now := time.Now()
	t.mu.Lock()
	state, elapsed, cpu := t.state, t.elapsedAt(now), t.cpu
	if state == Running {
		cpu += pace.CPU() - t.cpuAt
	}
	rate := t.limiter.Rate()
	t.mu.Unlock()

	p := t.tally.progress(now, state, elapsed)
	sums := t.meter.Sum()
	r := Report{
		Bytes: p.Bytes, Sent: sums.Moved, Resumed: t.tally.resumed.Load(),
		Objects: p.Objects, Skipped: p.Skipped, Failed: p.Failed, Deleted: p.Deleted,
		Elapsed: p.Elapsed, Loss: -1,
		Retries: sums.Retried, Throttled: sums.Throttled,
		Connections: t.m.env.Tuner.Connections(), PartSize: t.tally.partSize.Load(),
		Verified: t.tally.verified.Load(), Unverified: t.tally.unverified.Load(),
	}
	if state != Running {
		// What was on its way was lost when it stopped, except for what is kept.
		r.Bytes = t.tally.whole.Load() + t.tally.kept.Load()
	}
	path, known := t.meter.Path()
	if known {
		r.RTT = path.RTT
		if t.plan.upload {
			r.Loss = path.Loss
		}
	}
	if all := t.m.limiter.Rate(); rate == 0 || all > 0 && all < rate {
		rate = all
	}
	limit, detail := pace.Explain(pace.Evidence{
		Sums: sums, Elapsed: elapsed, CPU: cpu, Connections: r.Connections, Objects: r.Objects,
		Path: path, Rate: rate, Upload: t.plan.upload,
	})
	r.Limit, r.Detail = limitOf(limit), detail
	return r
}

// String says it for people, in several lines without a newline at the end.
func (r Report) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%d objects, %s in %s", r.Objects, size(r.Bytes), duration(r.Elapsed))
	if s := r.Elapsed.Seconds(); s > 0 && r.Bytes > r.Resumed {
		fmt.Fprintf(&b, ", %s/s", size(int64(float64(r.Bytes-r.Resumed)/s)))
	}
	for _, n := range []struct {
		n    int64
		what string
	}{{r.Skipped, "skipped"}, {r.Deleted, "deleted"}, {r.Failed, "failed"}} {
		if n.n > 0 {
			fmt.Fprintf(&b, "; %d %s", n.n, n.what)
		}
	}
	if r.Resumed > 0 {
		fmt.Fprintf(&b, "\nresumed: %s had been moved before", size(r.Resumed))
	}
	if r.Detail != "" && r.Limit != LimitUnknown {
		fmt.Fprintf(&b, "\nlimit: %s", r.Detail)
	}
	if again := r.Sent - (r.Bytes - r.Resumed); again > 0 && r.Retries > 0 {
		fmt.Fprintf(&b, "\nrepeated: %d requests, %s", r.Retries, size(again))
	} else if r.Retries > 0 {
		fmt.Fprintf(&b, "\nrepeated: %d requests", r.Retries)
	}
	if r.Throttled > 0 {
		fmt.Fprintf(&b, "\nthe service asked %d times to slow down", r.Throttled)
	}
	switch {
	case r.Verified > 0 && r.Unverified > 0:
		fmt.Fprintf(&b, "\nverified: %d by checksum, %d had none to compare with", r.Verified, r.Unverified)
	case r.Verified > 0:
		fmt.Fprintf(&b, "\nverified: all by checksum")
	}
	return b.String()
}

// size writes a number of bytes in binary units.
func size(n int64) string {
	const units = "KMGTPE"
	if n < 1<<10 {
		return fmt.Sprintf("%d B", n)
	}
	f, u := float64(n)/(1<<10), 0
	for f >= 1023.95 {
		f, u = f/(1<<10), u+1
	}
	return fmt.Sprintf("%.1f %ciB", f, units[u])
}

// duration writes a duration with as many digits as matter.
func duration(d time.Duration) string {
	switch {
	case d < time.Second:
		return d.Round(time.Millisecond).String()
	case d < time.Minute:
		return d.Round(100 * time.Millisecond).String()
	}
	return d.Round(time.Second).String()
}
