package tree

import (
	"io/fs"
	"os"
	"syscall"

	"golang.org/x/sys/unix"
)

const (
	// defersSync says that syncAll may stand for many calls of Sync.
	defersSync = true
	// syncsDirs says that the names in a directory are put on disk by its Sync.
	syncsDirs = true
)

// syncAll puts everything on disk that was written to the file system of f.
func syncAll(f *os.File) error {
	return os.NewSyscallError("syncfs", unix.Syncfs(int(f.Fd())))
}

// sameDevice reports whether two files are on one file system, so that one
// syncAll serves both.
func sameDevice(a, b fs.FileInfo) bool {
	s, ok := a.Sys().(*syscall.Stat_t)
	t, also := b.Sys().(*syscall.Stat_t)
	return ok && also && s.Dev == t.Dev
}
