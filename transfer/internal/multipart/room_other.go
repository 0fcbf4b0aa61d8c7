//go:build !linux && !darwin && !freebsd

package multipart

import "errors"

var errQuota = errors.ErrUnsupported

// room returns how large a file can become where it is; false, because that cannot be told.
func room(Target) (int64, bool) { return 0, false }
