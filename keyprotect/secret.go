package keyprotect

import (
	"crypto/rand"
	"encoding/base64"
	"fmt"
	"io"
	"log/slog"
)

// A Secret is key material. It prints as REDACTED under every verb of fmt, in slog and in JSON.
type Secret []byte

const redacted = "REDACTED"

// NewSecret returns 32 random bytes: a key for AES-256.
func NewSecret() Secret {
	s := make(Secret, 32)
	_, _ = rand.Read(s) // never fails
	return s
}

// ParseSecret reads material that is written in base64, as Key Protect writes it.
func ParseSecret(text string) (Secret, error) {
	b, err := base64.StdEncoding.DecodeString(text)
	if err != nil {
		return nil, fmt.Errorf("key material: not base64") // err would quote a piece of it
	}
	return b, nil
}

// Base64 returns the material in base64, for those who must write it down.
func (s Secret) Base64() string { return base64.StdEncoding.EncodeToString(s) }

// Format implements fmt.Formatter.
func (Secret) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, redacted) }

// LogValue implements slog.LogValuer.
func (Secret) LogValue() slog.Value { return slog.StringValue(redacted) }

// MarshalText implements encoding.TextMarshaler, which JSON uses.
func (Secret) MarshalText() ([]byte, error) { return []byte(redacted), nil }
