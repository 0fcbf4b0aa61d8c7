//go:build unix

package tree

import (
	"io/fs"
	"os"
	"time"

	"golang.org/x/sys/unix"
)

// directory is an open directory. What is in it is reached from it and not by
// a path, so that a tree may be deeper than a path may be long, and a link that
// takes the place of a directory is not followed.
type directory struct{ f *os.File }

// openTop opens the directory at path, following links.
func openTop(path string) (directory, error) {
	f, err := os.OpenFile(path, os.O_RDONLY|unix.O_DIRECTORY, 0)
	return directory{f}, err
}

// child opens the directory name in d, which must not be a link. Its path is
// not needed.
func (d directory) child(name string, _ func() string) (directory, error) {
	fd, err := ignoringEINTR(func() (int, error) {
		return unix.Openat(int(d.f.Fd()), name, unix.O_RDONLY|unix.O_DIRECTORY|unix.O_NOFOLLOW|unix.O_CLOEXEC, 0)
	})
	if err != nil {
		return directory{}, err
	}
	return directory{os.NewFile(uintptr(fd), name)}, nil
}

func (d directory) close() error { return d.f.Close() }

// readNames is [os.File.ReadDir].
func (d directory) readNames(n int) ([]fs.DirEntry, error) { return d.f.ReadDir(n) }

// stat describes name in d into e: a link itself, or what it points to.
func (d directory) stat(name, _ string, e *Entry, follow bool) error {
	flags := unix.AT_SYMLINK_NOFOLLOW
	if follow {
		flags = 0
	}
	var st unix.Stat_t
	_, err := ignoringEINTR(func() (struct{}, error) {
		return struct{}{}, unix.Fstatat(int(d.f.Fd()), name, &st, flags)
	})
	if err != nil {
		return err
	}
	e.Size = st.Size
	e.Mode = fileMode(uint32(st.Mode)) //nolint:unconvert // 16 bits wide on some systems
	e.ModTime = time.Unix(st.Mtim.Unix())
	e.ChangeTime = time.Unix(st.Ctim.Unix())
	return nil
}

// readlink returns what the link name in d points to.
func (d directory) readlink(name, _ string) (string, error) {
	for size := 256; ; size *= 4 {
		b := make([]byte, size)
		n, err := ignoringEINTR(func() (int, error) { return unix.Readlinkat(int(d.f.Fd()), name, b) })
		if err != nil {
			return "", err
		}
		if n < size {
			return string(b[:n]), nil
		}
	}
}

func ignoringEINTR[T any](f func() (T, error)) (T, error) {
	for {
		v, err := f()
		if err != unix.EINTR {
			return v, err
		}
	}
}
