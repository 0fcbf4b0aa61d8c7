//go:build !windows

package checkpoint

import (
	"errors"
	"os"
)

// removeAndClose removes a file that f has locked. Nobody can have opened and
// locked it in between, since the name goes before the lock does.
func removeAndClose(f *os.File, path string) error {
	return errors.Join(os.Remove(path), f.Close())
}

// replaceAndClose puts next, which is locked, in the place of old. It returns
// the file to go on with, open and locked, which is old if that did not work.
func replaceAndClose(old, next *os.File, path string) (*os.File, error) {
	if err := os.Rename(next.Name(), path); err != nil {
		return old, errors.Join(err, removeAndClose(next, next.Name()))
	}
	old.Close() // nothing of it is needed any more
	return next, nil
}
