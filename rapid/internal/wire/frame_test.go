package wire_test

import (
	"bytes"
	"encoding/hex"
	"errors"
	"fmt"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/icos-go/icos/rapid/internal/wire"
)

// frames holds every frame, with its least and its greatest values.
var frames = []struct {
	name  string
	bytes string // hexadecimal
	write func(b []byte) []byte
	want  wire.Frame
}{
	{
		"PADDING", "000000",
		func(b []byte) []byte { return wire.AppendPadding(b, 3) },
		wire.Frame{Type: wire.Padding},
	},
	{"PING", "01", wire.AppendPing, wire.Frame{Type: wire.Ping}},
	{
		"FLOOR", "037bbd",
		func(b []byte) []byte { return wire.AppendFloor(b, 15293) },
		wire.Frame{Type: wire.Floor, PN: 15293},
	},
	{
		"HELLO empty", "0400",
		func(b []byte) []byte { return wire.AppendHello(b, &wire.Hello{}) },
		wire.Frame{Type: wire.Greeting},
	},
	{
		"HELLO", "0407" + "0145c0" + "028001d4c0" + "036710" + "0480400000" + "0580100000" + "064080" + "0787d00000",
		func(b []byte) []byte {
			return wire.AppendHello(b, &wire.Hello{
				MaxDatagram: 1472, IdleTimeout: 2 * time.Minute, MaxAckDelay: 10 * time.Millisecond,
				MaxData: 1 << 22, MaxStreamData: 1 << 20, MaxStreams: 128, MaxRate: 125 << 20,
			})
		},
		wire.Frame{Type: wire.Greeting, Hello: wire.Hello{
			MaxDatagram: 1472, IdleTimeout: 2 * time.Minute, MaxAckDelay: 10 * time.Millisecond,
			MaxData: 1 << 22, MaxStreamData: 1 << 20, MaxStreams: 128, MaxRate: 125 << 20,
		}},
	},
	{
		"OPEN", "050704613a3433",
		func(b []byte) []byte { return wire.AppendOpen(b, 7, "a:43") },
		wire.Frame{Type: wire.Open, Stream: 7, Text: []byte("a:43")},
	},
	{
		"STREAM empty", "0a000000",
		func(b []byte) []byte { return wire.AppendStream(b, 0, 0, nil, false, false) },
		wire.Frame{Type: wire.Stream},
	},
	{
		"STREAM", "0a05800100000568656c6c6f",
		func(b []byte) []byte { return wire.AppendStream(b, 5, 1<<16, []byte("hello"), false, false) },
		wire.Frame{Type: wire.Stream, Stream: 5, Offset: 1 << 16, Data: []byte("hello")},
	},
	{
		"STREAM fin", "0b0540400568656c6c6f",
		func(b []byte) []byte { return wire.AppendStream(b, 5, 64, []byte("hello"), true, false) },
		wire.Frame{Type: wire.Stream, Stream: 5, Offset: 64, Data: []byte("hello"), Fin: true},
	},
	{
		"STREAM last", "08000568656c6c6f",
		func(b []byte) []byte { return wire.AppendStream(b, 0, 5, []byte("hello"), false, true) },
		wire.Frame{Type: wire.Stream, Offset: 5, Data: []byte("hello")},
	},
	{
		"STREAM last fin", "09cfffffffffffffffffffffffffffffff",
		func(b []byte) []byte {
			return wire.AppendStream(b, wire.MaxStreamID, wire.MaxVarint, nil, true, true)
		},
		wire.Frame{Type: wire.Stream, Stream: wire.MaxStreamID, Offset: wire.MaxVarint, Fin: true},
	},
	{
		"PARITY last", "0c05800100005000" + "4118154040" + strings.Repeat("5a", 128),
		func(b []byte) []byte {
			return wire.AppendParity(b, 5, 1<<16, 1<<12, 280, 21, 64, bytes.Repeat([]byte{0x5a}, 128), false)
		},
		wire.Frame{
			Type: wire.Parity, Stream: 5, Offset: 1 << 16, Length: 1 << 12, Rows: 280, Row: 21, Piece: 64,
			Data: bytes.Repeat([]byte{0x5a}, 128),
		},
	},
	{
		"PARITY last fin", "0d00000101004040" + strings.Repeat("5a", 64),
		func(b []byte) []byte {
			return wire.AppendParity(b, 0, 0, 1, 1, 0, 64, bytes.Repeat([]byte{0x5a}, 64), true)
		},
		wire.Frame{Type: wire.Parity, Length: 1, Rows: 1, Piece: 64, Data: bytes.Repeat([]byte{0x5a}, 64), Fin: true},
	},
	{
		"REPAIRED", "0e0580010000",
		func(b []byte) []byte { return wire.AppendRepaired(b, 5, 1<<16, false) },
		wire.Frame{Type: wire.Repaired, Stream: 5, Offset: 1 << 16},
	},
	{
		"REPAIRED fin", "0f0540ff",
		func(b []byte) []byte { return wire.AppendRepaired(b, 5, 255, true) },
		wire.Frame{Type: wire.Repaired, Stream: 5, Offset: 255, Fin: true},
	},
	{
		"RESET", "1009037bbd026e6f",
		func(b []byte) []byte { return wire.AppendReset(b, 9, wire.Unreachable, 15293, "no") },
		wire.Frame{Type: wire.Reset, Stream: 9, Code: wire.Unreachable, Size: 15293, Text: []byte("no")},
	},
	{
		"STOP", "110905",
		func(b []byte) []byte { return wire.AppendStop(b, 9, wire.Canceled) },
		wire.Frame{Type: wire.Stop, Stream: 9, Code: wire.Canceled},
	},
	{
		"MAX_DATA", "12ffffffffffffffff",
		func(b []byte) []byte { return wire.AppendMaxData(b, wire.MaxVarint) },
		wire.Frame{Type: wire.MaxData, Max: wire.MaxVarint},
	},
	{
		"MAX_STREAM_DATA", "130180100000",
		func(b []byte) []byte { return wire.AppendMaxStreamData(b, 1, 1<<20) },
		wire.Frame{Type: wire.MaxStreamData, Stream: 1, Max: 1 << 20},
	},
	{
		"MAX_STREAMS", "144080",
		func(b []byte) []byte { return wire.AppendMaxStreams(b, 128) },
		wire.Frame{Type: wire.MaxStreams, Max: 128},
	},
	{
		"RATES", "1502030187d0000000",
		func(b []byte) []byte { return wire.AppendRates(b, 2, 3, 1, 125<<20, 0) },
		wire.Frame{Type: wire.Rates, Seq: 2, Policy: 3, Among: 1, Target: 125 << 20},
	},
	{
		"PATH_CHALLENGE", "160102030405060708",
		func(b []byte) []byte { return wire.AppendPathChallenge(b, [8]byte{1, 2, 3, 4, 5, 6, 7, 8}) },
		wire.Frame{Type: wire.PathChallenge, Token: [8]byte{1, 2, 3, 4, 5, 6, 7, 8}},
	},
	{
		"PATH_RESPONSE", "170102030405060708",
		func(b []byte) []byte { return wire.AppendPathResponse(b, [8]byte{1, 2, 3, 4, 5, 6, 7, 8}) },
		wire.Frame{Type: wire.PathResponse, Token: [8]byte{1, 2, 3, 4, 5, 6, 7, 8}},
	},
	{
		"CLOSE", "180703627965",
		func(b []byte) []byte { return wire.AppendClose(b, wire.GoingAway, "bye") },
		wire.Frame{Type: wire.Close, Code: wire.GoingAway, Text: []byte("bye")},
	},
}

func TestFrames(t *testing.T) {
	for _, c := range frames {
		b := c.write(nil)
		if got := hex.EncodeToString(b); got != c.bytes {
			t.Errorf("%s: wrote %s, want %s", c.name, got, c.bytes)
		}
		p := wire.Parse(b)
		if !p.Next() {
			t.Errorf("%s: %v", c.name, p.Err())
			continue
		}
		if !equal(&p.Frame, &c.want) {
			t.Errorf("%s: parsed as %+v, want %+v", c.name, p.Frame, c.want)
		}
		if name, _, _ := strings.Cut(c.name, " "); p.Frame.Type.String() != name {
			t.Errorf("%s: called %v", c.name, p.Frame.Type)
		}
		if p.Next() || p.Err() != nil {
			t.Errorf("%s: something after the frame, %v", c.name, p.Err())
		}
		// A cut frame is never taken for a whole one, except for those that
		// reach to the end of their packet.
		for n := 1; n < len(b); n++ {
			p := wire.Parse(b[:n])
			cut := max(0, n-(len(b)-len(c.want.Data)))
			open := strings.Contains(c.name, "last") && n >= len(b)-len(c.want.Data) || c.want.Type == wire.Padding
			if c.want.Type == wire.Parity {
				open = cut > 0 && cut%c.want.Piece == 0 // whole rows
			}
			if got := p.Next(); got != open {
				t.Errorf("%s: first %d bytes: parsed %v, %v", c.name, n, got, p.Err())
			}
			if !open && !errors.Is(p.Err(), wire.ErrShort) {
				t.Errorf("%s: first %d bytes: %v, want %v", c.name, n, p.Err(), wire.ErrShort)
			}
		}
	}
}

// equal compares frames, and takes no data for empty data.
func equal(a, b *wire.Frame) bool {
	x, y := *a, *b
	for _, f := range []*wire.Frame{&x, &y} {
		f.Data, f.Text = append([]byte{}, f.Data...), append([]byte{}, f.Text...)
	}
	return reflect.DeepEqual(x, y)
}

func TestFramesOneAfterTheOther(t *testing.T) {
	var b []byte
	for _, c := range frames {
		if !strings.Contains(c.name, "last") {
			b = c.write(b)
		}
	}
	b = wire.AppendStream(b, 1, 2, []byte("to the end"), false, true)
	p := wire.Parse(b)
	for _, c := range frames {
		if strings.Contains(c.name, "last") {
			continue
		}
		if !p.Next() || p.Frame.Type != c.want.Type || p.Frame.Stream != c.want.Stream && c.want.Stream != 0 {
			t.Fatalf("%s: got %v, %v", c.name, p.Frame.Type, p.Err())
		}
	}
	if !p.Next() || string(p.Frame.Data) != "to the end" || p.Next() || p.Err() != nil {
		t.Errorf("last: %+v, %v", p.Frame, p.Err())
	}
}

// TestFrameTypesAreThoseOfTheDocument holds the table of §7.2 against the
// code: the names, and what is to be acknowledged.
func TestFrameTypesAreThoseOfTheDocument(t *testing.T) {
	doc := readDoc(t)
	for _, c := range frames {
		name := c.want.Type.String()
		code := fmt.Sprintf("0x%02x", uint8(c.want.Type))
		if c.want.Type == wire.Stream {
			code = "0x08–0x0b"
		}
		if c.want.Type == wire.Parity || c.want.Type == wire.Repaired {
			code += fmt.Sprintf("–0x%02x", uint8(c.want.Type)+1)
		}
		elicits := "no"
		if c.want.Type.Eliciting() {
			elicits = "yes"
		}
		found := false
		for line := range strings.Lines(doc) {
			cell := strings.Split(line, "|")
			if len(cell) > 5 && strings.TrimSpace(cell[1]) == code && strings.TrimSpace(cell[2]) == name {
				found = strings.TrimSpace(cell[4]) == elicits
			}
		}
		if !found {
			t.Errorf("docs/rapid.md has no row %s %s that elicits an ACK: %s", code, name, elicits)
		}
	}
}

func TestMalformedFrames(t *testing.T) {
	long := strings.Repeat("61", 513)
	row := strings.Repeat("5a", 64)
	for _, c := range []struct {
		name, bytes string
		want        error
	}{
		{"type 0x06", "06", wire.ErrType},
		{"type 0x07", "07", wire.ErrType},
		{"PARITY of an empty group", "0c00000001004040" + row, wire.ErrRange},
		{"PARITY of a group too long", "0c0000801000010100" + "4040" + row, wire.ErrRange},
		{"PARITY of rows too many", "0c000001420100" + "4040" + row, wire.ErrRange},
		{"PARITY of a row too many", "0c00000101014040" + row, wire.ErrRange},
		{"PARITY of two rows for one", "0c00000101004040" + row + row, wire.ErrRange},
		{"PARITY of part of a row", "0c00000101004040" + row[2:], wire.ErrShort},
		{"PARITY of no row", "0c00000101004040", wire.ErrShort},
		{"PARITY of rows too short", "0c00000102000161", wire.ErrRange},
		{"PARITY of rows of an odd size", "0c00000101004041" + row + "5a", wire.ErrRange},
		{"PARITY of pieces too many", "0c0000801000000100" + "4040" + row, wire.ErrRange},
		{"PARITY beyond 2^62", "0c00ffffffffffffffff0101004040" + row, wire.ErrRange},
		{"PARITY id too great", "0cd0000000000000000001010040" + "40" + row, wire.ErrRange},
		{"REPAIRED id too great", "0ed000000000000000" + "00", wire.ErrRange},
		{"type 0xff", "ff", wire.ErrType},
		{"STREAM id too great", "0ad0000000000000000000", wire.ErrRange},
		{"STREAM beyond 2^62", "0a00ffffffffffffffff0161", wire.ErrRange},
		{"STREAM last beyond 2^62", "0800ffffffffffffffff61", wire.ErrRange},
		{"STREAM length beyond packet", "0a000040ff61", wire.ErrShort},
		{"STREAM length of 2^62", "0a0000ffffffffffffffff61", wire.ErrShort},
		{"OPEN without destination", "050000", wire.ErrRange},
		{"OPEN destination too long", "05004201" + long, wire.ErrRange},
		{"OPEN id too great", "05ffffffffffffffff0161", wire.ErrRange},
		{"RESET reason too long", "100000004101" + long, wire.ErrRange},
		{"CLOSE reason too long", "18004101" + long, wire.ErrRange},
		{"MAX_STREAMS too many", "14d000000000000000", wire.ErrRange},
		{"RATES of no policy", "150104010000", wire.ErrRange},
		{"RATES among none", "150100000000", wire.ErrRange},
		{"HELLO too many parameters", "044041", wire.ErrRange},
		{"HELLO parameter twice", "040201050105", wire.ErrTwice},
		{"HELLO unknown parameter twice", "04023f003f00", wire.ErrTwice},
		{"HELLO of more parameters than there are", "04020105", wire.ErrShort},
		{"ACK below zero", "0205000000" + "06", wire.ErrRange},
		{"ACK second below zero", "0205000001" + "00" + "0301", wire.ErrRange},
		{"ACK gap below zero", "0205000001" + "00" + "0400", wire.ErrRange},
		{"ACK gap of 2^62", "0205000001" + "00" + "ffffffffffffffffffffffffffffffff", wire.ErrRange},
		{"ACK too many ranges", "02050000" + "80004000" + "00", wire.ErrRange},
		{"ACK of more ranges than there are", "0209000002000000", wire.ErrShort},
		{"fault after a frame", "01020304", wire.ErrShort},
	} {
		b, err := hex.DecodeString(c.bytes)
		if err != nil {
			t.Fatalf("%s: %v", c.name, err)
		}
		p := wire.Parse(b)
		for p.Next() {
			if p.Frame.Type != wire.Ping {
				t.Errorf("%s: parsed %v", c.name, p.Frame.Type)
			}
		}
		if !errors.Is(p.Err(), c.want) {
			t.Errorf("%s: %v, want %v", c.name, p.Err(), c.want)
		}
		if p.Next() {
			t.Errorf("%s: goes on after a fault", c.name)
		}
	}
}

func TestHelloPassesOverWhatItDoesNotKnow(t *testing.T) {
	p := wire.Parse([]byte{0x04, 0x03, 0x3f, 0x01, 0x06, 0x09, 0x40, 0x80, 0x02})
	if !p.Next() || p.Frame.Hello != (wire.Hello{MaxStreams: 9}) {
		t.Errorf("HELLO = %+v, %v; want 9 streams", p.Frame.Hello, p.Err())
	}
}

func TestHelloClampsTimes(t *testing.T) {
	b := []byte{0x04, 0x02}
	b = wire.AppendVarint(append(b, 0x02), wire.MaxVarint)
	b = wire.AppendVarint(append(b, 0x03), wire.MaxVarint)
	p := wire.Parse(b)
	if !p.Next() || p.Frame.Hello.IdleTimeout <= 0 || p.Frame.Hello.MaxAckDelay <= 0 {
		t.Errorf("HELLO = %+v, %v; want long times", p.Frame.Hello, p.Err())
	}
}

func TestSizesAreKnownBeforeWriting(t *testing.T) {
	numbers := []uint64{0, 63, 64, 1<<14 - 1, 1 << 14, 1<<30 - 1, 1 << 30, wire.MaxStreamID}
	long := strings.Repeat("r", 300)
	for _, id := range numbers {
		for _, n := range numbers {
			check := func(what string, got, want int) {
				if got != want {
					t.Errorf("%s of stream %d, number %d: %d bytes, said to be %d", what, id, n, got, want)
				}
			}
			data := make([]byte, 100)
			check("STREAM last", len(wire.AppendStream(nil, id, n, data, true, true)), wire.StreamOverhead(id, n)+100)
			check("STREAM", len(wire.AppendStream(nil, id, n, data, false, false)), wire.StreamOverheadLen(id, n, 100)+100)
			check("RESET", len(wire.AppendReset(nil, id, wire.Busy, n, long)), wire.ResetSize(id, wire.Busy, n, long))
			check("REPAIRED", len(wire.AppendRepaired(nil, id, n, true)), 1+wire.VarintLen(id)+wire.VarintLen(n))
			if got := len(wire.AppendParity(nil, id, n, wire.MaxGroup, wire.MaxRows, wire.MaxRows, wire.MaxRow, nil, true)); got > wire.ParityOverhead(id, n) {
				t.Errorf("PARITY of stream %d, number %d: %d bytes beside its rows", id, n, got)
			}
			check("OPEN", len(wire.AppendOpen(nil, id, "host:443")), wire.OpenSize(id, "host:443"))
		}
	}
	most := wire.Hello{wire.MaxVarint, 1<<62 - 1, 1<<62 - 1, wire.MaxVarint, wire.MaxVarint, wire.MaxVarint, wire.MaxVarint, wire.MaxVarint}
	if n := len(wire.AppendHello(nil, &most)); n > wire.HelloMax {
		t.Errorf("HELLO of %d bytes, at most %d expected", n, wire.HelloMax)
	}
	if n := len(wire.AppendRates(nil, wire.MaxVarint, 3, 255, wire.MaxVarint, wire.MaxVarint)); n != wire.RatesMax {
		t.Errorf("RATES of %d bytes, want %d", n, wire.RatesMax)
	}
}

func TestReasonsAreCutDestinationsAreNot(t *testing.T) {
	long := strings.Repeat("x", wire.MaxReason+1)
	for _, b := range [][]byte{
		wire.AppendReset(nil, 1, wire.Internal, 2, long),
		wire.AppendClose(nil, wire.Internal, long),
	} {
		p := wire.Parse(b)
		if !p.Next() || len(p.Frame.Text) != wire.MaxReason {
			t.Errorf("%v: reason of %d bytes, %v", p.Frame.Type, len(p.Frame.Text), p.Err())
		}
	}
	mustPanic(t, "OPEN of nothing", func() { wire.AppendOpen(nil, 1, "") })
	mustPanic(t, "OPEN of 513 bytes", func() { wire.AppendOpen(nil, 1, strings.Repeat("x", 513)) })
}

func TestCodesHaveWords(t *testing.T) {
	seen := map[string]bool{}
	for c := wire.NoError; c <= wire.GoingAway; c++ {
		if s := c.String(); seen[s] || strings.HasPrefix(s, "code") {
			t.Errorf("code %d is called %q", uint64(c), s)
		} else {
			seen[s] = true
		}
	}
	if got, want := wire.Code(99).String(), "code 99"; got != want {
		t.Errorf("Code(99) = %q, want %q", got, want)
	}
}

func TestFramesAllocateNothing(t *testing.T) {
	var payload []byte
	for _, c := range frames {
		if !strings.Contains(c.name, "last") {
			payload = c.write(payload)
		}
	}
	payload = writeAck(payload, 200, []wire.Range{{90, 99}, {40, 50}, {1, 2}})
	payload = wire.AppendStream(payload, 1, 2, make([]byte, 100), false, true)
	if n := testing.AllocsPerRun(100, func() {
		p := wire.Parse(payload)
		sum := uint64(0)
		for p.Next() {
			if p.Frame.Type == wire.Ack {
				ranges := p.Frame.Ack.Ranges()
				for r, ok := ranges.Next(); ok; r, ok = ranges.Next() {
					sum += r.High
				}
			}
		}
		if p.Err() != nil || sum != 151 {
			t.Fatalf("sum %d, %v", sum, p.Err())
		}
	}); n != 0 {
		t.Errorf("parsing allocates %v times", n)
	}
	ranges := []wire.Range{{90, 99}, {40, 50}, {1, 2}}
	hello := wire.Hello{MaxData: 1 << 30}
	buf, data := make([]byte, 0, 1472), make([]byte, 300)
	if n := testing.AllocsPerRun(100, func() {
		b := writeAck(buf, 200, ranges)
		b = wire.AppendHello(b, &hello)
		b = wire.AppendOpen(b, 3, "host:443")
		b = wire.AppendMaxStreamData(b, 3, 1<<20)
		wire.AppendStream(b, 3, 0, data, true, true)
	}); n != 0 {
		t.Errorf("writing allocates %v times", n)
	}
}

func BenchmarkParse(b *testing.B) {
	data := make([]byte, 1400)
	payload := wire.AppendStream(wire.AppendFloor(nil, 1e6), 5, 1<<33, data, false, true)
	b.SetBytes(int64(len(payload)))
	b.ReportAllocs()
	for b.Loop() {
		p := wire.Parse(payload)
		for p.Next() {
		}
	}
}
