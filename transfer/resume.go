package transfer

import (
	"errors"
	"io/fs"
	"strings"
	"time"

	"github.com/icos-go/icos/transfer/internal/checkpoint"
	"github.com/icos-go/icos/transfer/internal/mirror"
)

// doneBefore returns a function that tells what an earlier run has done, or nil if
// there is nothing.
//
// Done is what comes up to the frontier and was neither under way nor failed,
// unless it has changed since the job began: then it may have been read before it
// changed.
func (r *sweep) doneBefore(s checkpoint.State) func(*mirror.Entry) bool {
	if s.Frontier == "" || s.Overflow {
		return nil
	}
	redo := map[string]bool{}
	var gaps []string // directories that could not be read: nothing is known of what is in them
	for _, key := range s.Pending {
		redo[key] = true
	}
	retry := r.t.runs.Load() == 1 // see carried
	for _, key := range s.Failed {
		if !retry {
			continue
		}
		redo[key] = true
		if strings.HasSuffix(key, "/") {
			gaps = append(gaps, key)
		}
	}
	changed := r.changedSince(s.Started)
	return func(e *mirror.Entry) bool {
		if e.Key > s.Frontier || redo[e.Key] || changed(e) {
			return false
		}
		for _, g := range gaps {
			if strings.HasPrefix(e.Key, g) {
				return false
			}
		}
		return r.w.To.Bucket != nil || r.hasFile(e)
	}
}

const (
	// clockGrain is how far the times of files are behind the clock: file systems
	// take them from one that ticks a hundred times a second.
	clockGrain = 10 * time.Millisecond

	// coarseGrain is that of file systems that keep whole seconds, of FAT every second one.
	coarseGrain = 2 * time.Second

	// serviceGrain is that of objects, whose times are in whole seconds.
	serviceGrain = time.Second
)

// changedSince returns a function that tells which sources may have changed since
// the job began. Where in doubt they have: what is moved once more is not lost.
func (r *sweep) changedSince(began time.Time) func(*mirror.Entry) bool {
	if r.w.From.Bucket != nil {
		began = began.Truncate(serviceGrain)
		return func(e *mirror.Entry) bool { return !e.ModTime.Before(began) }
	}
	fine, coarse := began.Add(-clockGrain), began.Add(-coarseGrain)
	return func(e *mirror.Entry) bool {
		began := fine
		if e.ModTime.Nanosecond() == 0 && e.ChangeTime.Nanosecond() == 0 {
			began = coarse
		}
		return !e.ModTime.Before(began) || !e.ChangeTime.Before(began)
	}
}

// hasFile reports whether the target of a download is as it was left. Its name
// survives a power cut sooner than its bytes do.
func (r *sweep) hasFile(e *mirror.Entry) bool {
	info, err := r.root.Stat(e.Key)
	if err != nil {
		if !errors.Is(err, fs.ErrNotExist) {
			r.t.m.o.Logger.Debug("look at target", "key", e.Key, "err", err)
		}
		return false
	}
	if info.IsDir() {
		return strings.HasSuffix(e.Key, "/")
	}
	if info.Size() != e.Size {
		return false
	}
	if r.w.Preserve.ModTime || info.Mode()&fs.ModeSymlink != 0 {
		return true // the list does not tell the time that it was given
	}
	return info.ModTime().Truncate(time.Second).Equal(e.ModTime.Truncate(time.Second))
}
