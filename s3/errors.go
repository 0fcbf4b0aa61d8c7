package s3

import (
	"errors"
)

// An Error is an answer of the service that says no. Callers ask errors.Is for
// fs.ErrNotExist, fs.ErrExist and fs.ErrPermission, and errors.AsType[*s3.Error] for the rest.
type Error struct {
	Op         string // "PutObject"
	Bucket     string
	Key        string
	Code       string // "NoSuchKey"; for an answer without a body, a name for the status such as "NotFound"
	Message    string
	StatusCode int
	RequestID  string // what IBM support asks for
	Resource   string // as the service names it; may be empty
}

// Error says what was tried, on what, and what the service answered.
func (e *Error) Error() string { return e.Op + ": " + e.Code }

// ErrChecksum is what an error is when bytes did not match their checksum: they
// were damaged on the way, or stored damaged.
var ErrChecksum = errors.New("checksum mismatch")
