package checkpoint

import (
	"errors"
	"fmt"
	"os"

	"golang.org/x/sys/windows"
)

// lockOffset is the byte that stands for the file, far past its end: a lock on
// bytes that are there would keep others from reading them.
const lockOffset = 1 << 30 // in units of 4 GiB

// lock takes the lock of a file without waiting for it; false if somebody else
// has it. The lock ends when the file is closed, which the system does for a
// process that dies. A shared lock is compatible with other shared ones.
func lock(f *os.File, shared bool) (bool, error) {
	flags := uint32(windows.LOCKFILE_FAIL_IMMEDIATELY)
	if !shared {
		flags |= windows.LOCKFILE_EXCLUSIVE_LOCK
	}
	err := windows.LockFileEx(windows.Handle(f.Fd()), flags, 0, 1, 0, &windows.Overlapped{OffsetHigh: lockOffset})
	switch {
	case err == nil:
		return true, nil
	case errors.Is(err, windows.ERROR_LOCK_VIOLATION):
		return false, nil
	default:
		return false, fmt.Errorf("lock %s: %w", f.Name(), err)
	}
}

// removeAndClose removes a file that f has locked. An open file cannot be
// removed here: if another process opens it in between it stays, with nothing
// in it, and is that process's.
func removeAndClose(f *os.File, path string) error {
	if err := errors.Join(f.Truncate(0), f.Close()); err != nil {
		return err
	}
	if err := os.Remove(path); err != nil && !errors.Is(err, windows.ERROR_SHARING_VIOLATION) {
		return err
	}
	return nil
}

// replaceAndClose puts next, which is locked, in the place of old. It returns
// the file to go on with, open and locked, or nil if there is none any more: an
// open file cannot be replaced here, and should another process take the lock
// in between it is a *BusyError and the file is that process's.
func replaceAndClose(old, next *os.File, path string) (*os.File, error) {
	if err := errors.Join(next.Close(), old.Close(), os.Rename(next.Name(), path)); err != nil {
		return nil, err
	}
	f, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		return nil, err
	}
	ok, err := lock(f, false)
	if ok {
		return f, nil
	}
	f.Close()
	if err != nil {
		return nil, err
	}
	return nil, &BusyError{}
}
