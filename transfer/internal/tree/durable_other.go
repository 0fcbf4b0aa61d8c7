//go:build !linux

package tree

import (
	"io/fs"
	"os"
	"runtime"
)

const (
	// defersSync says that syncAll may stand for many calls of Sync. The sync of
	// other systems returns before it is done.
	defersSync = false
	// syncsDirs says that the names in a directory are put on disk by its Sync.
	syncsDirs = runtime.GOOS != "windows"
)

func syncAll(*os.File) error { return nil }

func sameDevice(a, b fs.FileInfo) bool { return false }
