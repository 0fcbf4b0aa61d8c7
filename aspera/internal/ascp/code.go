package ascp

import (
	"slices"
	"strings"
)

// Codes of ascp that this package acts upon.
const (
	CodeUserCancel = 28
	codeUDPConnect = 14
)

// retryable are the codes of failures that may pass: of the control connection, of
// UDP, of memory, threads and disks under load, of the peer.
var retryable = []int{12, 13, 14, 15, 16, 17, 18, 23, 32, 33, 35, 36, 37, 39, 40, 44, 45, 47, 61, 69}

// passing reports whether the same transfer may succeed later.
func passing(code int, description string) bool {
	text := strings.ToLower(description)
	if strings.Contains(text, "bearer token") {
		return true // with another token
	}
	if code == codeUDPConnect && strings.Contains(text, "target address not available") {
		return false
	}
	return slices.Contains(retryable, code)
}

// staleToken reports whether a failure was for want of a valid token.
func staleToken(description string) bool {
	return strings.Contains(strings.ToLower(description), "bearer token")
}
