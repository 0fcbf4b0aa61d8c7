//go:build unix

package pace

import (
	"syscall"
	"time"
)

// CPU returns the processor time that this process has used so far, or zero where that cannot be told.
func CPU() time.Duration {
	var u syscall.Rusage
	if syscall.Getrusage(syscall.RUSAGE_SELF, &u) != nil {
		return 0
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
