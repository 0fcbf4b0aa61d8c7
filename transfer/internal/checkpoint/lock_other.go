//go:build !(darwin || dragonfly || freebsd || illumos || linux || netbsd || openbsd || windows)

package checkpoint

import (
	"errors"
	"os"
)

// lock always succeeds: this system has no lock that ends with its process.
func lock(*os.File, bool) (bool, error) { return true, nil }

func removeAndClose(f *os.File, path string) error {
	return errors.Join(os.Remove(path), f.Close())
}

func replaceAndClose(old, next *os.File, path string) (*os.File, error) {
	if err := os.Rename(next.Name(), path); err != nil {
		return old, errors.Join(err, removeAndClose(next, next.Name()))
	}
	old.Close() // nothing of it is needed any more
	return next, nil
}
