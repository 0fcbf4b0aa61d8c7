package cli

import (
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/icos-go/icos/transfer"
)

// reports sums up what transfers were.
type reports struct {
	transfer.Report
	longest time.Duration // that any of them took
	leftOut int64         // links and special files that nothing was made of; Skipped counts them too
	ways    []string      // engines that bytes travelled by, if --accelerate chose them
}

func (s *reports) add(r transfer.Report) {
	s.Bytes += r.Bytes
	s.Sent += r.Sent
	s.Resumed += r.Resumed
	s.Objects += r.Objects
	s.Skipped += r.Skipped
	s.Failed += r.Failed
	s.Deleted += r.Deleted
	s.Retries += r.Retries
	s.Throttled += r.Throttled
	s.Verified += r.Verified
	s.Unverified += r.Unverified
	if r.Elapsed >= s.longest { // what held up the longest held up the command
		s.longest, s.Limit, s.Detail = r.Elapsed, r.Limit, r.Detail
	}
}

// sumUp ends a command with what it has done. Records go to events.
func (a *app) sumUp(events io.Writer, verb string, r *reports, failed int64, took time.Duration) error {
	if a.flags.json {
		return writeRecord(events, r.record(failed, took))
	}
	var b strings.Builder
	fmt.Fprintf(&b, "%s %s, %s in %s", verb, plural(r.Objects, "object"), formatSize(r.Bytes), formatDuration(took))
	if moved := r.Bytes - r.Resumed; moved >= tellRateFrom {
		fmt.Fprintf(&b, " (%s)", formatRate(moved, took))
	}
	b.WriteString(r.way())
	for _, n := range []struct {
		n    int64
		what string
	}{{r.Skipped, "skipped"}, {r.Deleted, "deleted"}, {failed, "failed"}} {
		if n.n > 0 {
			fmt.Fprintf(&b, "; %s %s", count(n.n), n.what)
		}
	}
	b.WriteString("\n")
	if r.leftOut > 0 {
		fmt.Fprintf(&b, "  left out: %s to directories or to nothing, or special files; --verbose lists them, --preserve=symlinks keeps links\n", plural(r.leftOut, "link"))
	}
	if r.Resumed > 0 {
		fmt.Fprintf(&b, "  resumed: %s of it had arrived in an earlier run\n", formatSize(r.Resumed))
	}
	if r.Unverified > 0 {
		fmt.Fprintf(&b, "  checksums: %s compared, of %s the service has none\n", count(r.Verified), count(r.Unverified))
	}
	if took >= tellLimitAfter && r.Limit != transfer.LimitUnknown {
		fmt.Fprintf(&b, "  limit: %s\n", r.Detail)
	}
	a.notef("%s", b.String())
	return nil
}

// A rate says something of that many bytes, and of what took that long people
// ask why.
const (
	tellRateFrom   = 1 << 20
	tellLimitAfter = 3 * time.Second
)

func (s *reports) record(failed int64, took time.Duration) record {
	seconds := took.Seconds()
	r := record{
		Type: "summary", Objects: &s.Objects, Size: &s.Bytes, Failed: &failed, Skipped: &s.Skipped, Deleted: &s.Deleted,
		Sent: &s.Sent, Resumed: &s.Resumed, Verified: &s.Verified, Unverified: &s.Unverified, Retries: &s.Retries,
		Seconds: &seconds, Engine: strings.Join(s.ways, ","),
	}
	if s.Limit != transfer.LimitUnknown {
		r.Limit, r.Detail = string(s.Limit), s.Detail
	}
	return r
}

// stoppedError is the end of a command that can be gone on with.
type stoppedError struct {
	err error
	how string // how to go on
}

func (e *stoppedError) Error() string { return e.err.Error() }
func (e *stoppedError) Unwrap() error { return e.err }

// stopped is the end by a signal, with how to go on.
func (h *haul) stopped(cause error) error {
	err := h.resumable(cause)
	if _, ok := errors.AsType[*stoppedError](err); ok || h.dryRun {
		return err
	}
	how := "nothing has arrived yet; the same command goes on"
	if h.state == "" || h.stream {
		how = "nothing was kept; run the same command to begin anew"
	}
	return &stoppedError{err: cause, how: how}
}

// resumable adds to err which jobs remember how far the command has come.
func (h *haul) resumable(err error) error {
	var guard *guardError
	if errors.As(err, &guard) {
		return err // it says itself what to do
	}
	id, kept := h.job()
	if id == "" {
		return err
	}
	return &stoppedError{err: err, how: fmt.Sprintf("icos jobs resume %s goes on where this stopped (%s), and so does the same command", id, kept.there())}
}

// tryAgain adds to err how to try once more what failed.
func (h *haul) tryAgain(err error) error {
	if id, _ := h.job(); id != "" && h.shared == nil {
		return &stoppedError{err: err, how: fmt.Sprintf("icos jobs resume %s tries those again, and so does the same command", id)}
	}
	return err
}

// job finds the first job that the command left behind, and how much all of them
// have moved.
func (h *haul) job() (id string, kept totals) {
	if h.state == "" {
		return "", kept
	}
	for job, err := range transfer.Jobs(h.state) {
		// What cannot be read is told by "icos jobs".
		if err != nil || job.Running || job.Bytes+job.Objects+job.Failed == 0 || string(job.Label) != string(h.label) {
			continue
		}
		if id == "" {
			id = job.ID
		}
		kept.add(totals{bytes: job.Bytes, total: job.Total, objects: job.Objects})
	}
	return id, kept
}

// there is how much of something has been moved.
func (t *totals) there() string {
	s := formatSize(t.bytes)
	if t.total > 0 {
		s = part(s, formatSize(t.total))
	}
	if t.objects > 0 {
		s += ", " + plural(t.objects, "object")
	}
	return s
}

// dryPlan counts what a dry run would do.
type dryPlan struct {
	objects, bytes, deletes, deletedBytes, requests int64
}

func (p *dryPlan) add(it transfer.Item) {
	switch it.Op {
	case transfer.WouldDelete:
		p.deletes++
		p.deletedBytes += it.Bytes
		return
	case transfer.WouldMove:
		p.requests++ // to remove the source
	}
	p.objects++
	p.bytes += it.Bytes
	p.requests += requestsFor(it)
}

// requestsFor is about how many requests one object takes, with parts of the
// usual size.
func requestsFor(it transfer.Item) int64 {
	const part, oneCopy = 16 << 20, 5 << 30
	remote := func(name string) bool { return strings.HasPrefix(name, "cos://") }
	parts := (it.Bytes + part - 1) / part
	switch {
	case it.Bytes < part, remote(it.From) && remote(it.To) && it.Bytes <= oneCopy:
		return 1
	case remote(it.To):
		return parts + 2 // one to begin with, one to complete
	}
	return parts
}

// sumUpPlan ends a dry run.
func (a *app) sumUpPlan(events io.Writer, verb string, p *dryPlan, skipped, failed int64) error {
	requests := p.requests + (p.deletes+999)/1000 // a thousand keys a request
	if a.flags.json {
		return writeRecord(events, record{
			Type: "summary", Status: "planned", Objects: &p.objects, Size: &p.bytes, Skipped: &skipped, Deleted: &p.deletes,
			Failed: &failed, Requests: &requests,
		})
	}
	var b strings.Builder
	infinitive := strings.TrimSuffix(verb, "d") // of "moved"
	if verb == "copied" {
		infinitive = "copy"
	}
	fmt.Fprintf(&b, "would %s %s, %s, with about %s", infinitive, plural(p.objects, "object"), formatSize(p.bytes), plural(requests, "request"))
	if p.deletes > 0 {
		fmt.Fprintf(&b, "; would delete %s, %s", count(p.deletes), formatSize(p.deletedBytes))
	}
	if skipped > 0 {
		fmt.Fprintf(&b, "; %s skipped", count(skipped))
	}
	if failed > 0 {
		fmt.Fprintf(&b, "; %s cannot be", count(failed))
	}
	a.notef("%s\n", b.String())
	return nil
}
