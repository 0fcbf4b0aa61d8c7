package transfer

import (
	"context"
	"encoding/json"
	"iter"
	"time"

	"github.com/icos-go/icos"
)

// A JobInfo describes work that has begun and is not complete, as a state
// directory knows it.
type JobInfo struct {
	ID      string
	Kind    string          // upload, download, copy or sync
	From    string          // path, or cos://bucket/key
	To      string          // path, or cos://bucket/key
	Label   json.RawMessage // as [Options] had it
	Created time.Time
	Updated time.Time

	Bytes   int64 // moved
	Total   int64 // -1 if unknown
	Objects int64 // complete
	Failed  int64 // objects to be tried again

	Running bool // a process is at it
	PID     int  // which one; 0 if none
	Paused  bool // it was stopped by [Transfer.Pause]
}

// Jobs lists the work kept in a state directory, the oldest first. Entries that
// cannot be read come as errors, and the list goes on after them.
func Jobs(stateDir string) iter.Seq2[JobInfo, error] {
	return func(func(JobInfo, error) bool) {}
}

// RemoveJob forgets the work of an ID: it aborts its uploads, with c, and
// removes its partial files and its checkpoints. It is an error, [ErrBusy], if a
// process is at it. If c is nil only what is on this machine is removed, and the
// error says which uploads stay.
func RemoveJob(ctx context.Context, stateDir, id string, c *icos.Client) error { return nil }
