package checkpoint

import (
	"fmt"
	"io/fs"
	"slices"
	"time"
)

// A Job is the open checkpoint of a tree's transfer. It is safe for concurrent
// use.
type Job struct {
	*entry
}

// maxSnapshots is how long, in bytes, a file of States may be before Save makes
// a new one.
const maxSnapshots = 1 << 20

// State returns what was last saved; false if nothing was.
func (j *Job) State() (State, bool) {
	j.mu.Lock()
	defer j.mu.Unlock()
	if j.contents.state == nil {
		return State{}, false
	}
	return j.contents.state.clone(), true
}

// Save keeps s, which takes the place of what was saved before. The file does
// not grow past 1 MiB, or four times s. After an error what was saved before
// still holds on disk, and the next Save may succeed.
func (j *Job) Save(s State) error {
	s = s.bounded().clone()
	if s.Updated.IsZero() {
		s.Updated = time.Now()
	}
	payload := encode(&s)
	if len(s.Label) > MaxLabel || len(s.Pending) > maxTexts || len(payload) > maxRecord {
		return fmt.Errorf("write checkpoint: state with %d keys pending and a label of %d bytes is too long", len(s.Pending), len(s.Label))
	}
	j.mu.Lock()
	defer j.mu.Unlock()
	if j.closed {
		return fmt.Errorf("write checkpoint: %w", fs.ErrClosed)
	}
	j.contents.state = &s
	return j.replace(kindState, payload, maxSnapshots)
}

func (s State) clone() State {
	s.Label, s.Pending, s.Failed = slices.Clone(s.Label), slices.Clone(s.Pending), slices.Clone(s.Failed)
	return s
}
