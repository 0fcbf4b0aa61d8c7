package rapid

import (
	"crypto/rand"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"io"
	"log/slog"
)

// ID is the connection id of a session. It is no secret, every packet shows it.
type ID uint64

// String returns the id as 16 hexadecimal digits.
func (id ID) String() string { return fmt.Sprintf("%016x", uint64(id)) }

// MarshalText returns what [ID.String] does.
func (id ID) MarshalText() ([]byte, error) { return []byte(id.String()), nil }

// UnmarshalText reads 16 hexadecimal digits.
func (id *ID) UnmarshalText(text []byte) error {
	var b [8]byte
	if len(text) != 2*len(b) {
		return fmt.Errorf("session id of %d characters, want %d", len(text), 2*len(b))
	}
	if _, err := hex.Decode(b[:], text); err != nil {
		return fmt.Errorf("session id: %w", err)
	}
	*id = ID(binary.BigEndian.Uint64(b[:]))
	return nil
}

// Key is the secret of a grant, from which the keys of its session are made.
// Printed in any way it is REDACTED; only [Key.MarshalText], and so JSON,
// shows it.
type Key [32]byte

// Format prints REDACTED, whatever the verb.
func (Key) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, "REDACTED") }

// LogValue returns REDACTED.
func (Key) LogValue() slog.Value { return slog.StringValue("REDACTED") }

// MarshalText returns the key in base64.
func (k Key) MarshalText() ([]byte, error) {
	return base64.StdEncoding.AppendEncode(nil, k[:]), nil
}

// UnmarshalText reads a key in base64. Errors do not tell what was read.
func (k *Key) UnmarshalText(text []byte) error {
	b := make([]byte, len(k)+3) // what Decode may touch
	if len(text) != base64.StdEncoding.EncodedLen(len(k)) {
		return fmt.Errorf("session key of %d characters, want %d", len(text), base64.StdEncoding.EncodedLen(len(k)))
	}
	n, err := base64.StdEncoding.Decode(b, text)
	if err != nil || n != len(k) {
		return fmt.Errorf("session key: not %d bytes in base64", len(k))
	}
	copy(k[:], b)
	return nil
}

func newKey() (k Key) {
	_, _ = rand.Read(k[:]) // never fails, see its documentation
	return k
}

func newID() ID {
	var b [8]byte
	_, _ = rand.Read(b[:])
	return ID(binary.BigEndian.Uint64(b[:]))
}
