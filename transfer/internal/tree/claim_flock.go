//go:build darwin || dragonfly || freebsd || illumos || linux || netbsd || openbsd

package tree

import (
	"os"

	"golang.org/x/sys/unix"
)

// claim makes f this Partial's alone until it is closed. It returns false if it is
// another's. Where the file system has no locks it is taken for free.
func claim(f *os.File) bool {
	_, err := ignoringEINTR(func() (struct{}, error) {
		return struct{}{}, unix.Flock(int(f.Fd()), unix.LOCK_EX|unix.LOCK_NB)
	})
	return err != unix.EWOULDBLOCK
}

// hold keeps the claim on f when f is closed, until the function that it returns is
// called.
func hold(f *os.File) (release func()) {
	fd, err := unix.FcntlInt(f.Fd(), unix.F_DUPFD_CLOEXEC, 0)
	if err != nil {
		return func() {} // too many files are open: what may happen then is unlikely, too
	}
	return func() { unix.Close(fd) } //nolint:errcheck // nothing was written by it
}
