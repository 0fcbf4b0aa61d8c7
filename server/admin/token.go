package admin

import (
	"crypto/rand"
	"encoding/hex"
)

// NewToken returns 256 random bits to guard a handler with.
func NewToken() string {
	var b [32]byte
	_, _ = rand.Read(b[:]) // never fails, says its documentation
	return hex.EncodeToString(b[:])
}
