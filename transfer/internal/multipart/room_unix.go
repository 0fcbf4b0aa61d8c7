//go:build linux || darwin || freebsd

package multipart

import "syscall"

// errQuota is what a write gets when the user may not have more of the disk.
const errQuota = syscall.EDQUOT

// room returns how large a file can become where it is; false if that cannot be told.
func room(t Target) (int64, bool) {
	f, ok := t.(syscall.Conn)
	if !ok {
		return 0, false
	}
	raw, err := f.SyscallConn()
	if err != nil {
		return 0, false
	}
	var fs syscall.Statfs_t
	var st syscall.Stat_t
	var failed error
	if err := raw.Control(func(fd uintptr) {
		if failed = syscall.Fstatfs(int(fd), &fs); failed == nil {
			failed = syscall.Fstat(int(fd), &st)
		}
	}); err != nil || failed != nil {
		return 0, false
	}
	const sector = 512 // bytes; the unit of Blocks, whatever the disk
	return int64(fs.Bavail)*int64(fs.Bsize) + st.Blocks*sector, true
}
