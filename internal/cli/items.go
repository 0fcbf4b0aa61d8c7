package cli

import (
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/icos-go/icos/transfer"
)

// showing is the flags that say what a command of transfers tells.
type showing struct {
	verbose bool
}

func (s *showing) addFlags(cmd *cobra.Command) {
	cmd.Flags().BoolVarP(&s.verbose, "verbose", "v", false, "a line for each object")
}

// item notes what became of one object.
func (h *haul) item(t *transfer.Transfer, it transfer.Item) {
	switch it.Op {
	case transfer.Failed, transfer.Refused:
		h.itemFailed(t, it)
		return
	case transfer.WouldCopy, transfer.WouldMove, transfer.WouldDelete:
		h.planned(it)
		return
	case transfer.Skipped:
		if it.New { // a link that leads to no file, or a device: nothing that an object could be
			h.mu.Lock()
			h.report.leftOut++
			h.mu.Unlock()
		}
	}
	if h.flags.json {
		h.emitEvent(itemRecord(it))
		return
	}
	if h.show.verbose {
		h.tell("%s", itemLine(it))
	} else if it.Op == transfer.Copied && it.Reason != "" && !isTree(t) {
		h.tell("%s: begun anew: %s", printable(it.Key), it.Reason)
	}
}

func isTree(t *transfer.Transfer) bool {
	_, tree := t.Work().(transfer.Sync)
	return tree
}

// itemFailed reports one object of several that could not be moved. That of an
// only one, or of a command that is being stopped, is the command's error.
func (h *haul) itemFailed(t *transfer.Transfer, it transfer.Item) {
	if !isTree(t) || h.ctx.Err() != nil {
		return // done tells
	}
	err := it.Err
	if err == nil {
		err = errors.New(it.Reason)
	}
	h.reportItem(it, err)
}

func (h *haul) reportItem(it transfer.Item, err error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.failed++
	key := strings.TrimSuffix(it.Key, "/") // of a directory that could not be read
	if key != "" && !strings.Contains(err.Error(), key) && !strings.Contains(err.Error(), printable(key)) {
		err = fmt.Errorf("%s: %w", printable(it.From), err)
	}
	h.reportErrorAt(h.display.above(), it, err, exitCode(err))
}

// skip counts an object that the command itself leaves alone.
func (h *haul) skip(it transfer.Item) {
	h.mu.Lock()
	h.past.skipped++
	h.report.Skipped++
	h.mu.Unlock()
	if h.flags.json {
		h.emitEvent(itemRecord(it))
		return
	}
	h.tell("%s", itemLine(it))
}

// planned prints what a dry run would do.
func (h *haul) planned(it transfer.Item) {
	h.mu.Lock()
	h.plan.add(it)
	h.mu.Unlock()
	if h.flags.json {
		r := itemRecord(it)
		r.Status = "planned"
		h.emitEvent(r)
		return
	}
	if h.flags.quiet {
		return
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	// A closed standard output is no reason to stop looking; the total goes
	// to standard error.
	_, _ = fmt.Fprintln(h.display.out(), itemLine(it))
}

// itemLine is one object for people: what was or would be done, and why.
func itemLine(it transfer.Item) string {
	var b strings.Builder
	b.WriteString(string(it.Op) + " ")
	from, to := printable(it.From), printable(it.To)
	switch {
	case it.From == "":
		b.WriteString(to)
	case it.To == "":
		b.WriteString(from)
	default:
		b.WriteString(from + " -> " + to)
	}
	reason := printable(strings.TrimPrefix(it.Reason, it.From+": ")) // the name stands there already
	if it.Op == transfer.Skipped && it.To == "" || it.Bytes < 0 {
		return b.String() + " (" + reason + ")" // the size of a link says nothing, and some are not known
	}
	b.WriteString(" (" + formatSize(it.Bytes))
	if reason != "" {
		b.WriteString("; " + reason)
	}
	return b.String() + ")"
}

func itemRecord(it transfer.Item) record {
	kind := string(it.Op)
	switch it.Op {
	case transfer.Copied, transfer.WouldCopy:
		kind = "copy"
	case transfer.Moved, transfer.WouldMove:
		kind = "move"
	case transfer.Skipped:
		kind = "skip"
	case transfer.Deleted, transfer.WouldDelete:
		kind = "delete"
	}
	r := record{Type: kind, Source: it.From, Target: it.To, Reason: it.Reason}
	if it.Bytes >= 0 {
		r.Size = &it.Bytes
	}
	return r
}
