package cli

import (
	"fmt"
	"strings"
	"time"

	"github.com/icos-go/icos/internal/control"
)

// jobHeader stands above the rows of jobs.
const jobHeader = "ID           STATE   DONE               RATE    ETA  JOB"

// jobRow is one job on a line, of any length.
func jobRow(j control.Job) string {
	rate, eta := "-", "-"
	if j.State == "running" {
		rate = formatSize(int64(j.Rate)) + "/s"
		if j.ETA >= 0 {
			eta = formatETA(j.ETA)
		}
	}
	return fmt.Sprintf("%-12s %-7s %-10s %12s %6s  %s", cut(printable(j.ID), 12), j.State, share(j), rate, eta, printable(j.Work))
}

// share is how much of a job is done: a percentage, or failing that bytes.
func share(j control.Job) string {
	switch {
	case j.Total < 0 || j.Listing:
		return formatSize(j.Bytes)
	case j.Total == 0:
		return "-"
	}
	return percent(j.Bytes, j.Total)
}

// percent rounds down, so that 100 % means that nothing is left.
func percent(n, of int64) string {
	if of <= 0 {
		return "-"
	}
	return fmt.Sprintf("%d%%", int64(float64(n)/float64(of)*100))
}

// formatETA writes seconds in at most six columns.
func formatETA(seconds float64) string {
	s := int64(seconds + 0.5)
	switch {
	case s < 60:
		return fmt.Sprintf("%ds", s)
	case s < 3600:
		return fmt.Sprintf("%dm%02ds", s/60, s%60)
	case s < 48*3600:
		return fmt.Sprintf("%dh%02dm", s/3600, s/60%60)
	}
	return fmt.Sprintf("%dd", min(s/(24*3600), 99999))
}

// jobDetails are the lines about the selected job, at most rows of them.
func jobDetails(j control.Job, rows int) []string {
	state := j.State
	if j.State == "running" && j.Seconds >= 1 {
		state += " for " + formatETA(j.Seconds)
	}
	if j.Limit > 0 {
		state += ", limited to " + formatSize(j.Limit) + "/s"
	}
	lines := []string{
		fmt.Sprintf("%s (process %d)", printable(j.Command), j.PID),
		state + ": " + jobCounts(j),
	}
	if j.Detail != "" {
		lines = append(lines, "bound by "+printable(j.Detail))
	}
	for _, a := range j.Active {
		done := percent(a.Bytes, a.Total)
		if a.Total < 0 {
			done = formatSize(a.Bytes)
		}
		lines = append(lines, fmt.Sprintf("  %10s  %s", done, printable(a.Name)))
	}
	if over := len(lines) - rows; over > 0 && rows > 0 {
		lines = append(lines[:rows-1], fmt.Sprintf("  and %d more", over+1))
	}
	return lines
}

// jobCounts says what has been moved.
func jobCounts(j control.Job) string {
	done := formatSize(j.Bytes)
	if j.Total >= 0 {
		done = part(done, formatSize(j.Total))
	}
	if j.ObjectsTotal > 1 || j.ObjectsTotal < 0 {
		objects := count(j.Objects)
		if j.ObjectsTotal >= 0 {
			objects = part(objects, plural(j.ObjectsTotal, "object"))
		}
		done += ", " + objects
	}
	if j.Listing {
		done += " so far"
	}
	for _, n := range []struct {
		count int64
		what  string
	}{{j.Skipped, "skipped"}, {j.Deleted, "deleted"}, {j.Failed, "failed"}} {
		if n.count > 0 {
			done += ", " + count(n.count) + " " + n.what
		}
	}
	return done
}

// topKeys is the last line, when it has nothing better to say.
const topKeys = "p pause/resume   c cancel   r rate   j/k or arrows select   q quit"

// Reverse and bold (ECMA-48, SGR). Their codes take no columns.
const (
	sgrBold    = "\x1b[1m"
	sgrReverse = "\x1b[7m"
	sgrReset   = "\x1b[0m"
)

// view is the whole screen, one string a row and none longer than cols.
func (t *topState) view(now time.Time, cols, rows int) []string {
	if rows < 4 || cols < 20 {
		return append([]string{cut("too small", cols)}, make([]string, max(rows-1, 0))...)
	}
	lines := []string{sgrBold + pad(cut(t.title(now), cols), cols) + sgrReset, cut("  "+jobHeader, cols)}
	space := rows - len(lines) - 1
	details := t.details(space, len(t.jobs))
	listed := space - len(details)
	t.scroll(listed)
	for i := t.top; i < min(t.top+listed, len(t.jobs)); i++ {
		if i == t.selected {
			lines = append(lines, sgrReverse+pad(cut("> "+t.row(i, cols-2), cols), cols)+sgrReset)
		} else {
			lines = append(lines, cut("  "+t.row(i, cols-2), cols))
		}
	}
	if len(t.jobs) == 0 {
		lines = append(lines, cut(t.nothing(), cols))
	}
	for len(lines) < rows-1-len(details) {
		lines = append(lines, "")
	}
	for _, d := range details {
		lines = append(lines, cut(d, cols))
	}
	return append(lines, cut(t.foot(), cols))
}

// row is jobRow with the end of what is moved, where files differ, if all of it
// has no room.
func (t *topState) row(i, cols int) string {
	j := t.jobs[i]
	work := printable(j.Work)
	j.Work = ""
	row := jobRow(j)
	return row + shorten(work, max(cols-textWidth(row), 8))
}

func (t *topState) title(now time.Time) string {
	rate := 0.0
	for _, j := range t.jobs {
		rate += j.Rate
	}
	return fmt.Sprintf("icos top  %s  %s, %s", now.Format(time.TimeOnly), plural(len(t.jobs), "job"), formatBytesRate(rate))
}

func (t *topState) nothing() string {
	if !t.looked {
		return ""
	}
	return "  nothing is moving"
}

// details are those of the selected job, with a line above, in what the list of
// jobs leaves of space: at least a third of it if there is much of both.
func (t *topState) details(space, jobs int) []string {
	if len(t.jobs) == 0 || space < 8 {
		return nil
	}
	rows := max(space-jobs-1, space/3)
	return append([]string{strings.Repeat("-", 200)}, jobDetails(t.jobs[t.selected], rows-1)...)
}

// scroll moves the part of the list that is seen, so that the selected job is in it.
func (t *topState) scroll(rows int) {
	t.top = min(t.top, t.selected, max(len(t.jobs)-rows, 0))
	t.top = max(t.top, t.selected-rows+1)
}

// foot is the last line.
func (t *topState) foot() string {
	switch {
	case t.asking == askCancel:
		return "cancel " + t.about + " for good? [y/N] "
	case t.asking == askRate:
		return "rate of its command (10M, 1.5MB, off): " + printable(t.input) + "_"
	case t.message != "":
		return t.message
	}
	return topKeys
}
