//go:build !unix

package pace

import "time"

// CPU returns the processor time that this process has used so far, or zero where that cannot be told.
func CPU() time.Duration { return 0 }
