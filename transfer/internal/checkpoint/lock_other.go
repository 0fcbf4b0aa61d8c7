//go:build !(darwin || dragonfly || freebsd || illumos || linux || netbsd || openbsd || windows)

package checkpoint

import "os"

// lock always succeeds: this system has no lock that ends with its process.
func lock(*os.File, bool) (bool, error) { return true, nil }
