package faultfs

import (
	"syscall"

	"github.com/cockroachdb/pebble/v2/vfs"
)

// file asks its file system before everything that can fail.
type file struct {
	vfs.File
	fs   *FS
	path string
}

func (f *file) Read(p []byte) (int, error) {
	if err := f.fs.check(Read, f.path); err != nil {
		return 0, err
	}
	return f.File.Read(p)
}

func (f *file) ReadAt(p []byte, off int64) (int, error) {
	if err := f.fs.check(Read, f.path); err != nil {
		return 0, err
	}
	return f.File.ReadAt(p, off)
}

func (f *file) Write(p []byte) (int, error) {
	if err := f.fs.check(Write, f.path); err != nil {
		return 0, err
	}
	fits := f.fs.take(len(p))
	n, err := f.File.Write(p[:fits])
	if err == nil && n < len(p) {
		err = syscall.ENOSPC
	}
	return n, err
}

func (f *file) WriteAt(p []byte, off int64) (int, error) {
	if err := f.fs.check(Write, f.path); err != nil {
		return 0, err
	}
	fits := f.fs.take(len(p))
	n, err := f.File.WriteAt(p[:fits], off)
	if err == nil && n < len(p) {
		err = syscall.ENOSPC
	}
	return n, err
}

// Preallocate does nothing, so that only bytes written count against a limit.
func (f *file) Preallocate(int64, int64) error { return syscall.EOPNOTSUPP }

func (f *file) Sync() error {
	if err := f.fs.check(Sync, f.path); err != nil {
		return err
	}
	return f.File.Sync()
}

func (f *file) SyncData() error {
	if err := f.fs.check(Sync, f.path); err != nil {
		return err
	}
	return f.File.SyncData()
}

func (f *file) SyncTo(length int64) (bool, error) {
	if err := f.fs.check(Sync, f.path); err != nil {
		return false, err
	}
	return f.File.SyncTo(length)
}

// Fd hides the descriptor, so that nothing reaches the disk past f.
func (f *file) Fd() uintptr { return vfs.InvalidFd }
