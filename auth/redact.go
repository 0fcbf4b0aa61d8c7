package auth

import (
	"fmt"
	"io"
	"log/slog"
)

// redacted is what a secret prints as.
const redacted = "REDACTED"

// redactor is embedded by a type that holds secrets. Its methods are promoted, so
// that the type prints as REDACTED under every verb of fmt, in slog and in JSON. It
// must be embedded by value and its methods must not be shadowed.
//
// A Stringer would not do: %#v, %d and %x bypass it and print the fields.
type redactor struct{}

// Format implements fmt.Formatter.
func (redactor) Format(f fmt.State, _ rune) { io.WriteString(f, redacted) }

// LogValue implements slog.LogValuer.
func (redactor) LogValue() slog.Value { return slog.StringValue(redacted) }

// MarshalText implements encoding.TextMarshaler, which JSON uses.
func (redactor) MarshalText() ([]byte, error) { return []byte(redacted), nil }
