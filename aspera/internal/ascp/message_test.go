package ascp_test

import (
	"errors"
	"io"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/icos-go/icos/aspera/internal/ascp"
)

// fields makes fields of keys and values.
func fields(kv ...string) (list []ascp.Field) {
	for i := 0; i+1 < len(kv); i += 2 {
		list = append(list, ascp.Field{Key: kv[i], Value: kv[i+1]})
	}
	return list
}

func TestReader(t *testing.T) {
	const head = "FASPMGR 2\n"
	for _, tt := range []struct {
		name, text string
		want       []ascp.Message
		end        error
	}{
		{"nothing", "", nil, io.EOF},
		{
			"as published", head + "Type: INIT\nSessionId: a-b\nUserStr:\n\n" + head + "Type: DONE\n\n",
			[]ascp.Message{{Type: "INIT", Fields: fields("SessionId", "a-b", "UserStr", "")}, {Type: "DONE"}},
			io.EOF,
		},
		{
			"one space is part of the syntax, others are not, and nor is a second colon",
			head + "Type: STATS\nA: b: c\nD:  e \nF:g\n\n",
			[]ascp.Message{{Type: "STATS", Fields: fields("A", "b: c", "D", " e ", "F", "g")}},
			io.EOF,
		},
		{
			"escapes in paths and nowhere else",
			head + "Type: STOP\nFile: a\x1bnb\x1brc\x1b\x1bd\x1bxe\x1b\nCookie: a\x1bn\n\n",
			[]ascp.Message{{Type: "STOP", Fields: fields("File", "a\nb\rc\x1bd\x1bxe\x1b", "Cookie", "a\x1bn")}},
			io.EOF,
		},
		{
			"a header in the middle drops what was begun",
			head + "Type: STATS\nTransferBytes: 1\n" + head + "Type: DONE\n\n",
			[]ascp.Message{{Type: "DONE"}},
			io.EOF,
		},
		{
			"noise between messages, and lines without a colon",
			"\n\nhello\nKey: value\n" + head + "no colon\nType: DONE\n\nmore\n\n",
			[]ascp.Message{{Type: "DONE"}},
			io.EOF,
		},
		{"a message without a type says nothing", head + "A: b\n\n" + head + "Type: DONE\n\n", []ascp.Message{{Type: "DONE"}}, io.EOF},
		{"line ends of another system", "FASPMGR 2\r\nType: DONE\r\nCode: 5\r\n\r\n", []ascp.Message{{Type: "DONE", Fields: fields("Code", "5")}}, io.EOF},
		{"ends in a line", head + "Type: DO", nil, io.ErrUnexpectedEOF},
		{"ends in a message", head + "Type: DONE\n", nil, io.ErrUnexpectedEOF},
		{"a line too long", head + "A: " + strings.Repeat("x", 64<<10) + "\n\n", nil, nil},
		{"too many lines", head + strings.Repeat("A: b\n", 300) + "\n", nil, nil},
		{"no message at all", strings.Repeat("nonsense\n", 200_000), nil, nil},
	} {
		t.Run(tt.name, func(t *testing.T) {
			r := ascp.NewReader(strings.NewReader(tt.text))
			var got []ascp.Message
			var err error
			for {
				var m *ascp.Message
				if m, err = r.Next(); err != nil {
					break
				}
				got = append(got, *m)
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Error(diff)
			}
			if tt.end != nil && !errors.Is(err, tt.end) || tt.end == nil && (errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF)) {
				t.Errorf("ended with %v, want %v", err, tt.end)
			}
		})
	}
}

func TestMessageValues(t *testing.T) {
	m := ascp.Message{Fields: fields("Rate", "50%", "Bytes", " 12 ", "PreTransferBytes", "1", "TransferBytes", "2")}
	for key, want := range map[string]int64{"Rate": 0, "Bytes": 12, "PreTransferBytes": 1, "TransferBytes": 2, "None": 0} {
		if got := m.Int(key); got != want {
			t.Errorf("%s is %d, want %d", key, got, want)
		}
	}
}

func TestAppend(t *testing.T) {
	m := ascp.Message{Type: "START", Fields: fields("Source", "/a\nb\x1bc", "Destination", "d")}
	b, err := m.Append([]byte("x"))
	if err != nil {
		t.Fatal(err)
	}
	if want := "xFASPMGR 2\nType: START\nSource: /a\x1bnb\x1b\x1bc\nDestination: d\n\n"; string(b) != want {
		t.Errorf("%q, want %q", b, want)
	}
	for _, bad := range [][]ascp.Field{fields("Cookie", "a\nType: DONE"), fields("Cookie", "a\r"), fields("A\nB", "c"), fields("A:", "c")} {
		m := ascp.Message{Type: "START", Fields: bad}
		if b, err := m.Append(nil); err == nil {
			t.Errorf("%q became %q", bad, b)
		}
	}
}

func FuzzReader(f *testing.F) {
	f.Add("FASPMGR 2\nType: STATS\nFile: a\x1bn\x1b\x1b\nTransferBytes: 7\n\n")
	f.Add("FASPMGR 2\nType: DONE\n\nFASPMGR 2\n")
	f.Fuzz(func(t *testing.T, text string) {
		r := ascp.NewReader(strings.NewReader(text))
		for {
			m, err := r.Next()
			if err != nil {
				return
			}
			b, err := m.Append(nil)
			if err != nil {
				continue // a carriage return in it, which a line may have
			}
			again, err := ascp.NewReader(strings.NewReader(string(b))).Next()
			if err != nil || !cmp.Equal(m, again) {
				t.Fatalf("%+v is written as %q, and read as %+v, %v", m, b, again, err)
			}
		}
	})
}
