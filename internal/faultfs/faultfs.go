// Package faultfs is a file system for tests that fails on demand: by a predicate over operations, by a budget of bytes, or by
// losing what was not synced.
//
// Begin with [Wrap] around the disk or around memory, and [FS.Fail]; for crashes begin with [NewMem] and [FS.Crash].
package faultfs

import (
	"math/rand/v2"
	"os"
	"sync"

	"github.com/cockroachdb/pebble/v2/vfs"
)

// Kind is a kind of operation.
type Kind int

// Kinds of operations that can fail.
const (
	Create Kind = iota // making a file, or reusing an old one under a new name
	Open               // opening for reading or as a folder
	Read
	Write
	Sync // of a file or folder, in whole or in part
	Rename
	Remove
	Mkdir
)

// Op is an operation about to happen.
type Op struct {
	Kind Kind
	Path string
}

// FS is a file system that fails on demand. Its methods may be called from several goroutines.
type FS struct {
	vfs.FS

	mu       sync.Mutex
	fail     func(Op) error
	budgeted bool
	budget   int64
}

// Wrap returns a file system that keeps everything on fsys and fails when told to.
func Wrap(fsys vfs.FS) *FS { return &FS{FS: fsys} }

// NewMem returns an empty file system in memory that can Crash.
func NewMem() *FS { return Wrap(vfs.NewCrashableMem()) }

// Crash returns a new file system as it might be found after a power loss now: everything synced, and of the rest each piece with
// the given chance in percent. It panics unless f is from NewMem or Crash.
func (f *FS) Crash(percent int, rng *rand.Rand) *FS {
	mem := f.FS.(*vfs.MemFS)
	return Wrap(mem.CrashClone(vfs.CrashCloneCfg{UnsyncedDataPercent: percent, RNG: rng}))
}

// Fail has predicate asked before every operation; an error it returns is the operation's, which then does not happen. Nil
// ends that. Calls of predicate do not overlap.
func (f *FS) Fail(predicate func(Op) error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.fail = predicate
}

// Nth returns a predicate that fails the nth operation, counted from 1, of those that match, and no other.
func Nth(n int, match func(Op) bool, err error) func(Op) error {
	return func(o Op) error {
		if match(o) {
			if n--; n == 0 {
				return err
			}
		}
		return nil
	}
}

// From returns a predicate that fails the nth operation, counted from 1, of those that match, and all later ones.
func From(n int, match func(Op) bool, err error) func(Op) error {
	return func(o Op) error {
		if match(o) {
			if n--; n <= 0 {
				return err
			}
		}
		return nil
	}
}

// Limit leaves that many bytes on the disk: writes beyond fail with ENOSPC after what still fits. Removing files makes room. A
// negative limit ends that.
func (f *FS) Limit(bytes int64) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.budgeted, f.budget = bytes >= 0, bytes
}

func (f *FS) check(k Kind, path string) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.fail == nil {
		return nil
	}
	return f.fail(Op{k, path})
}

// take takes up to n bytes from the budget and returns how many there were.
func (f *FS) take(n int) int {
	f.mu.Lock()
	defer f.mu.Unlock()
	if !f.budgeted {
		return n
	}
	n = int(min(int64(n), f.budget))
	f.budget -= int64(n)
	return n
}

func (f *FS) credit(path string) {
	if info, err := f.FS.Stat(path); err == nil && !info.IsDir() {
		f.mu.Lock()
		defer f.mu.Unlock()
		f.budget += info.Size()
	}
}

// Create implements vfs.FS.
func (f *FS) Create(name string, c vfs.DiskWriteCategory) (vfs.File, error) {
	if err := f.check(Create, name); err != nil {
		return nil, err
	}
	f.credit(name)
	return f.wrap(name)(f.FS.Create(name, c))
}

// OpenReadWrite implements vfs.FS.
func (f *FS) OpenReadWrite(name string, c vfs.DiskWriteCategory, o ...vfs.OpenOption) (vfs.File, error) {
	if err := f.check(Create, name); err != nil {
		return nil, err
	}
	return f.wrap(name)(f.FS.OpenReadWrite(name, c, o...))
}

// ReuseForWrite implements vfs.FS.
func (f *FS) ReuseForWrite(oldname, newname string, c vfs.DiskWriteCategory) (vfs.File, error) {
	if err := f.check(Create, newname); err != nil {
		return nil, err
	}
	return f.wrap(newname)(f.FS.ReuseForWrite(oldname, newname, c))
}

// Open implements vfs.FS.
func (f *FS) Open(name string, o ...vfs.OpenOption) (vfs.File, error) {
	if err := f.check(Open, name); err != nil {
		return nil, err
	}
	return f.wrap(name)(f.FS.Open(name, o...))
}

// OpenDir implements vfs.FS.
func (f *FS) OpenDir(name string) (vfs.File, error) {
	if err := f.check(Open, name); err != nil {
		return nil, err
	}
	return f.wrap(name)(f.FS.OpenDir(name))
}

// Rename implements vfs.FS.
func (f *FS) Rename(oldname, newname string) error {
	if err := f.check(Rename, newname); err != nil {
		return err
	}
	f.credit(newname)
	return f.FS.Rename(oldname, newname)
}

// Remove implements vfs.FS.
func (f *FS) Remove(name string) error {
	if err := f.check(Remove, name); err != nil {
		return err
	}
	f.credit(name)
	return f.FS.Remove(name)
}

// MkdirAll implements vfs.FS.
func (f *FS) MkdirAll(dir string, perm os.FileMode) error {
	if err := f.check(Mkdir, dir); err != nil {
		return err
	}
	return f.FS.MkdirAll(dir, perm)
}

// Unwrap implements vfs.FS.
func (f *FS) Unwrap() vfs.FS { return f.FS }

func (f *FS) wrap(name string) func(vfs.File, error) (vfs.File, error) {
	return func(inner vfs.File, err error) (vfs.File, error) {
		if err != nil {
			return nil, err
		}
		return &file{inner, f, name}, nil
	}
}
