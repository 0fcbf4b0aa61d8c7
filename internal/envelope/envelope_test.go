package envelope_test

import (
	"bytes"
	"errors"
	"testing"

	"github.com/icos-go/icos/internal/envelope"
)

func TestRoundTrip(t *testing.T) {
	key, inner := envelope.NewKey(), envelope.NewKey()
	sealed, err := envelope.Seal(key[:], inner[:], "for this")
	if err != nil {
		t.Fatal(err)
	}
	if len(sealed) != len(inner)+envelope.Overhead {
		t.Errorf("%d bytes, want %d", len(sealed), len(inner)+envelope.Overhead)
	}
	if got, err := envelope.OpenKey(key[:], sealed, "for this"); err != nil || got != inner {
		t.Errorf("OpenKey: %v", err)
	}
	again, err := envelope.Seal(key[:], inner[:], "for this")
	if err != nil || bytes.Equal(sealed, again) {
		t.Errorf("two envelopes are the same, %v", err)
	}
}

func TestRefused(t *testing.T) {
	key, other, inner := envelope.NewKey(), envelope.NewKey(), envelope.NewKey()
	sealed, err := envelope.Seal(key[:], inner[:], "for this")
	if err != nil {
		t.Fatal(err)
	}
	refused := func(what string, key, sealed []byte, context string) {
		t.Helper()
		if _, err := envelope.Open(key, sealed, context); !errors.Is(err, envelope.ErrOpen) {
			t.Errorf("%s: %v, want ErrOpen", what, err)
		}
	}
	refused("another key", other[:], sealed, "for this")
	refused("another purpose", key[:], sealed, "for that")
	for i := range sealed {
		altered := bytes.Clone(sealed)
		altered[i] ^= 1
		refused("altered", key[:], altered, "for this")
		refused("cut", key[:], sealed[:i], "for this")
	}
	refused("longer", key[:], append(bytes.Clone(sealed), 0), "for this")

	short, err := envelope.Seal(key[:], inner[:16], "")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := envelope.OpenKey(key[:], short, ""); !errors.Is(err, envelope.ErrOpen) {
		t.Errorf("OpenKey of 16 bytes: %v, want ErrOpen", err)
	}
}

func BenchmarkSealOpen(b *testing.B) {
	key, inner := envelope.NewKey(), envelope.NewKey()
	for b.Loop() {
		sealed, err := envelope.Seal(key[:], inner[:], "bucket\x00key")
		if err != nil {
			b.Fatal(err)
		}
		if _, err := envelope.OpenKey(key[:], sealed, "bucket\x00key"); err != nil {
			b.Fatal(err)
		}
	}
}
