//go:build unix

package multipart

import (
	"io/fs"
	"strconv"
	"syscall"
)

// fileID names a file, whatever its path: by its device and inode. It is "" if the system does not say.
func fileID(info fs.FileInfo) string {
	s, ok := info.Sys().(*syscall.Stat_t)
	if !ok {
		return ""
	}
	return strconv.FormatUint(uint64(s.Dev), 16) + ":" + strconv.FormatUint(uint64(s.Ino), 16)
}
