//go:build !unix

package tree

import (
	"io/fs"
	"os"
)

// directory is a directory named by its path.
type directory struct{ f *os.File }

func openTop(path string) (directory, error) {
	f, err := os.Open(path)
	if err != nil {
		return directory{}, err
	}
	info, err := f.Stat()
	if err == nil && !info.IsDir() {
		err = &fs.PathError{Op: "open", Path: path, Err: errNotDirectory}
	}
	if err != nil {
		f.Close() //nolint:errcheck // nothing was written
		return directory{}, err
	}
	return directory{f}, nil
}

// child opens the directory at path, which must not be a link.
func (d directory) child(_ string, path func() string) (directory, error) {
	info, err := os.Lstat(path())
	if err != nil {
		return directory{}, err
	}
	if !info.IsDir() {
		return directory{}, fs.ErrNotExist // it was one when its name was read
	}
	return openTop(path())
}

func (d directory) close() error { return d.f.Close() }

// readNames is [os.File.ReadDir].
func (d directory) readNames(n int) ([]fs.DirEntry, error) { return d.f.ReadDir(n) }

// stat describes what is at path into e: a link itself, or what it points to.
func (d directory) stat(_, path string, e *Entry, follow bool) error {
	stat := os.Lstat
	if follow {
		stat = os.Stat
	}
	info, err := stat(path)
	if err != nil {
		return err
	}
	e.Size, e.Mode, e.ModTime, e.ChangeTime = info.Size(), info.Mode(), info.ModTime(), info.ModTime()
	return nil
}

// readlink returns what the link at path points to.
func (d directory) readlink(_, path string) (string, error) { return os.Readlink(path) }
