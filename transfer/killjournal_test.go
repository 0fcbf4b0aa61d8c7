package transfer_test

import (
	"fmt"
	"slices"
	"testing"

	"github.com/icos-go/icos/internal/flaky"
	"github.com/icos-go/icos/transfer/internal/checkpoint"
)

// A ledger remembers what checkpoints said was done when their process was
// killed, and what the server had seen of it by then. It must see no more.
type ledger struct {
	bucket string             // of the data
	parts  map[flaky.Part]int // how often each part that is recorded had arrived
	ranges map[rangeID]int    // from which answer on a range must not be sent
}

type rangeID struct {
	key         string
	first, last int64
}

func newLedger(bucket string) *ledger {
	return &ledger{bucket: bucket, parts: map[flaky.Part]int{}, ranges: map[rangeID]int{}}
}

// record reads the checkpoints of a process that is gone.
func (l *ledger) record(t *testing.T, state string, net *flaky.Handler, keys []string, prefix string) {
	t.Helper()
	store, err := checkpoint.Open(state)
	if err != nil {
		t.Fatal(err)
	}
	parts, answers := net.Parts(), net.Ranges()
	for info, err := range store.List() {
		if err != nil {
			t.Fatal(err)
		}
		switch {
		case info.Err != nil:
			t.Errorf("checkpoint %s: %v", info.ID, info.Err)
		case info.Running:
			t.Errorf("checkpoint %s is still locked by process %d", info.ID, info.PID)
		case info.Job:
			l.job(info, parts, answers, keys, prefix)
		default:
			o, err := store.Object(info.Identity)
			if err != nil {
				t.Fatal(err)
			}
			l.object(info, o.Pieces(), parts, answers)
			if err := o.Close(); err != nil {
				t.Error(err)
			}
		}
	}
}

// object records the parts of an upload or the ranges of a download.
func (l *ledger) object(info checkpoint.Info, pieces []checkpoint.Piece, parts map[flaky.Part]flaky.PartCount, answers []flaky.Range) {
	for _, p := range pieces {
		if info.Header.UploadID != "" {
			id := flaky.Part{Bucket: info.Identity.Bucket, Key: info.Identity.Key, UploadID: info.Header.UploadID, Number: p.Number}
			if _, known := l.parts[id]; !known {
				l.parts[id] = parts[id].Received
			}
			continue
		}
		id := rangeID{info.Identity.Key, p.Offset, p.Offset + p.Length - 1}
		if _, known := l.ranges[id]; !known && p.Length > 0 {
			l.ranges[id] = len(answers)
		}
	}
}

// job records the objects of a tree that are done.
func (l *ledger) job(info checkpoint.Info, parts map[flaky.Part]flaky.PartCount, answers []flaky.Range, keys []string, prefix string) {
	if info.State.Overflow {
		return
	}
	for _, key := range keys {
		if key > info.State.Frontier || slices.Contains(info.State.Pending, key) || slices.Contains(info.State.Failed, key) {
			continue
		}
		put := flaky.Part{Bucket: l.bucket, Key: prefix + key}
		if _, known := l.parts[put]; !known {
			l.parts[put] = parts[put].Received
		}
		get := rangeID{prefix + key, 0, 1 << 40}
		if _, known := l.ranges[get]; !known {
			l.ranges[get] = len(answers)
		}
	}
}

// check complains of what was moved again though it was recorded.
func (l *ledger) check(t *testing.T, net *flaky.Handler) {
	t.Helper()
	var again []string
	parts := net.Parts()
	for id, before := range l.parts {
		if got := parts[id].Received; got != before {
			again = append(again, fmt.Sprintf("part %d of %s/%s (upload %.8s) %d times", id.Number, id.Bucket, id.Key, id.UploadID, got-before))
		}
	}
	answers := net.Ranges()
	for id, from := range l.ranges {
		for _, r := range answers[from:] {
			if r.Key == id.key && r.Offset <= id.last && r.Offset+r.Length > id.first && r.Length > 0 {
				again = append(again, fmt.Sprintf("bytes %d-%d of %s, of which %d-%d were recorded", r.Offset, r.Offset+r.Length-1, r.Key, id.first, id.last))
			}
		}
	}
	for i, what := range again {
		if i == 5 {
			t.Errorf("and %d more", len(again)-i)
			break
		}
		t.Errorf("sent though it was recorded: %s", what)
	}
}
