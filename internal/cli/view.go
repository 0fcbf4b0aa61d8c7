package cli

import (
	"fmt"
	"strings"
	"time"
)

// view is what there is to see of a command at one moment.
type view struct {
	active []viewItem
	totals
	stopping bool // an interrupt came and the rest is being put away
	paused   bool // from another terminal, all of it
}

// viewItem is one object on its way.
type viewItem struct {
	name         string
	bytes, total int64 // total is -1 if it is not known
}

// totals count what a command has moved and what it knows to be there.
type totals struct {
	bytes, total          int64 // total is -1 if it is not known
	objects, objectsTotal int64
	listing               bool // the totals still grow
	skipped, failed       int64
	deleted               int64
	rate                  float64       // bytes a second, lately
	eta                   time.Duration // -1 if it is not known
}

// add puts the totals of another transfer on top.
func (t *totals) add(o totals) {
	t.bytes += o.bytes
	t.objects += o.objects
	t.total = addKnown(t.total, o.total)
	t.objectsTotal = addKnown(t.objectsTotal, o.objectsTotal)
	t.listing = t.listing || o.listing
	t.skipped += o.skipped
	t.failed += o.failed
	t.deleted += o.deleted
	t.rate += o.rate
}

// addKnown adds two sizes, either of which is -1 if it is not known.
func addKnown(a, b int64) int64 {
	if a < 0 || b < 0 {
		return -1
	}
	return a + b
}

// lines draws v for a terminal of cols columns and rows lines: the objects on
// their way as far as there is room, and the totals last.
func (v *view) lines(cols, rows int) []string {
	var out []string
	for _, item := range v.active[:min(len(v.active), max(0, min(rows-2, maxBars)))] {
		out = append(out, item.line(cols-1))
	}
	return append(out, v.line(cols-1))
}

// maxBars is how many objects are shown at once. More than that nobody reads.
const maxBars = 8

// line draws one object: its name, how far it is, and a bar in what is left.
func (i viewItem) line(width int) string {
	name := shorten(printable(i.name), max(8, width*2/5))
	if i.total < 0 {
		return pad(name, max(8, width*2/5)) + "  " + formatSize(i.bytes)
	}
	size := part(formatSize(i.bytes), formatSize(i.total))
	line := fmt.Sprintf("%s  %3d %%  ", pad(name, max(8, width*2/5)), percentOf(i.bytes, i.total))
	if room := width - textWidth(line) - 22; room >= 5 {
		return line + bar(i.bytes, i.total, room) + "  " + size
	}
	return line + size
}

func percentOf(n, total int64) int64 {
	if total <= 0 {
		return 100
	}
	return min(100, int64(float64(n)/float64(total)*100))
}

// bar draws how much n is of total in width columns.
func bar(n, total int64, width int) string {
	filled := width
	if total > 0 {
		filled = int(float64(n) / float64(total) * float64(width))
	}
	filled = min(max(filled, 0), width)
	return strings.Repeat("━", filled) + strings.Repeat("─", width-filled)
}

// line writes the totals in as much detail as width has room for.
func (t *view) line(width int) string {
	for _, detail := range []int{4, 3, 2, 1, 0} {
		if s := t.detailed(detail, width); textWidth(s) <= width || detail == 0 {
			return s
		}
	}
	panic("cli: unreachable")
}

func (t *view) detailed(detail, width int) string {
	atLeast := ""
	if t.listing {
		atLeast = "≥"
	}
	parts := make([]string, 0, 8)
	if t.stopping {
		parts = append(parts, "stopping; again to stop at once")
	}
	if t.paused {
		parts = append(parts, "paused")
	}
	if t.objectsTotal != 1 || t.listing {
		s := count(t.objects)
		if t.objectsTotal >= 0 && detail >= 1 {
			s += " of " + atLeast + count(t.objectsTotal)
		}
		parts = append(parts, s+" objects")
	}
	size := formatSize(t.bytes)
	if t.total >= 0 && detail >= 1 {
		size = part(size, atLeast+formatSize(t.total))
		if t.listing {
			size = formatSize(t.bytes) + " of " + atLeast + formatSize(t.total)
		}
	}
	parts = append(parts, size)
	switch {
	case t.paused:
	case detail >= 3:
		parts = append(parts, formatBytesRate(t.rate))
	default:
		parts = append(parts, formatSize(int64(t.rate))+"/s")
	}
	if t.eta >= 0 && detail >= 1 && !t.stopping && !t.paused {
		parts = append(parts, atLeast+t.eta.Round(time.Second).String()+" left")
	}
	for _, n := range []struct {
		n    int64
		what string
	}{{t.failed, "failed"}, {t.deleted, "deleted"}, {t.skipped, "skipped"}} {
		if n.n > 0 && (detail >= 2 || n.what == "failed") {
			parts = append(parts, count(n.n)+" "+n.what)
		}
	}
	line := strings.Join(parts, "  ")
	if detail < 4 || t.total <= 0 || t.listing {
		return line
	}
	// A bar of all in front, if there is room for one that shows anything.
	room := min(width-textWidth(line)-8, 30)
	if room < 8 {
		return line
	}
	return fmt.Sprintf("%3d %%  %s  %s", percentOf(t.bytes, t.total), bar(t.bytes, t.total, room), line)
}
