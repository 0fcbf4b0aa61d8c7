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
	walkErr := fs.WalkDir(r.root.FS(), ".", func(name string, entry fs.DirEntry, err error) error {
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		if err != nil {
			errs = append(errs, err)
			return nil
		}
		if !entry.Type().IsRegular() || !isPartialName(entry.Name()) {
			return nil
		}
		info, err := entry.Info()
		if err == nil && info.ModTime().Before(before) {
			if err = r.root.Remove(filepath.FromSlash(name)); err == nil {
				removed++
			}
		}
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			errs = append(errs, err)
		}
		return nil
	})
	return removed, errors.Join(append(errs, walkErr)...)
}
