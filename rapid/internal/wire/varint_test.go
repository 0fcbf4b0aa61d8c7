package wire_test

import (
	"bytes"
	"encoding/hex"
	"testing"

	"github.com/icos-go/icos/rapid/internal/wire"
)

func TestVarintsAreThoseOfRFC9000(t *testing.T) {
	for _, c := range []struct {
		v    uint64
		want string
	}{
		{0, "00"},
		{37, "25"}, // the examples of RFC 9000, A.1
		{63, "3f"},
		{64, "4040"},
		{15293, "7bbd"},
		{1<<14 - 1, "7fff"},
		{1 << 14, "80004000"},
		{494878333, "9d7f3e7d"},
		{1<<30 - 1, "bfffffff"},
		{1 << 30, "c000000040000000"},
		{151288809941952652, "c2197c5eff14e88c"},
		{wire.MaxVarint, "ffffffffffffffff"},
	} {
		got := hex.EncodeToString(wire.AppendVarint(nil, c.v))
		if got != c.want {
			t.Errorf("AppendVarint(%d) = %s, want %s", c.v, got, c.want)
		}
		if n := wire.VarintLen(c.v); n != len(got)/2 {
			t.Errorf("VarintLen(%d) = %d, want %d", c.v, n, len(got)/2)
		}
	}
}

func TestVarintsMayBeLong(t *testing.T) {
	// MAX_DATA 37 in all four forms.
	for _, s := range []string{"1225", "124025", "1280000025", "12c000000000000025"} {
		b, err := hex.DecodeString(s)
		if err != nil {
			t.Fatal(err)
		}
		p := wire.Parse(b)
		if !p.Next() || p.Frame.Max != 37 || p.Next() || p.Err() != nil {
			t.Errorf("%s: max %d, %v; want 37", s, p.Frame.Max, p.Err())
		}
	}
}

func TestVarintBeyondItsRangePanics(t *testing.T) {
	mustPanic(t, "AppendVarint(2^62)", func() { wire.AppendVarint(nil, 1<<62) })
	mustPanic(t, "VarintLen(2^62)", func() { wire.VarintLen(1 << 62) })
}

func mustPanic(t *testing.T, what string, f func()) {
	t.Helper()
	defer func() {
		t.Helper()
		if recover() == nil {
			t.Errorf("%s did not panic", what)
		}
	}()
	f()
}

func TestPeekID(t *testing.T) {
	packet := seal(t, wire.ClientToServer, 9)
	if id, ok := wire.PeekID(packet); !ok || id != testID {
		t.Errorf("PeekID = %v, %v; want %v", id, ok, testID)
	}
	if got, want := testID.String(), "00c0ffee00c0ffee"; got != want {
		t.Errorf("String = %q, want %q", got, want)
	}
	version2 := bytes.Clone(packet)
	version2[0] = 0x80
	reserved := bytes.Clone(packet)
	reserved[0] |= 1
	for name, b := range map[string][]byte{
		"empty": nil, "cut": packet[:wire.MinPacket-1], "version 2": version2, "reserved bit": reserved,
	} {
		if id, ok := wire.PeekID(b); ok {
			t.Errorf("%s: PeekID = %v, want none", name, id)
		}
	}
}
