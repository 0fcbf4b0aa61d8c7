//go:build !windows

package cli

import "os"

// redraws reports whether the terminal f obeys escape sequences. All do but
// those that TERM calls dumb.
func redraws(*os.File) bool { return true }
