package tree

import (
	"context"
	"errors"
	"io/fs"
	"path/filepath"
	"time"
)

// Sweep removes partial files that were last written before the given time, and
// returns how many there were. It goes on past what it cannot remove.
func (r *Root) Sweep(ctx context.Context, before time.Time) (removed int, err error) {
	var errs []error
	l := usual()
	l.partials = true
	for e, err := range walk(ctx, r.Name(), WalkOptions{}, l) {
		if err == nil && e.ModTime.Before(before) {
			if err = r.root.Remove(filepath.FromSlash(e.Key)); err == nil {
				removed++
			}
		}
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			errs = append(errs, err)
		}
	}
	return removed, errors.Join(errs...)
}
