//go:build !linux

package pace

import "net"

// Sample asks the system about c. Here it knows nothing.
func Sample(net.Conn) (PathInfo, bool) { return PathInfo{}, false }

// Acked returns how many bytes the other side of c has acknowledged. Here that is not known.
func Acked(net.Conn) (bytes int64, ok bool) { return 0, false }
