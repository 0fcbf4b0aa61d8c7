package wire_test

import (
	"bytes"
	"testing"

	"github.com/icos-go/icos/rapid/internal/wire"
)

// FuzzParse parses anything. Whatever parses must be within its bounds, and
// must come out the same when it is written and parsed again.
func FuzzParse(f *testing.F) {
	for _, c := range frames {
		f.Add(c.write(nil))
	}
	f.Add(writeAck(nil, 100, []wire.Range{{90, 99}, {40, 50}, {0, 2}}))
	f.Fuzz(func(t *testing.T, payload []byte) {
		before := bytes.Clone(payload)
		var again []byte
		count := 0
		p := wire.Parse(payload)
		for p.Next() {
			count++
			f := p.Frame
			if f.Type != wire.Padding && f.Type.String() == "PADDING" || len(f.Data) > len(payload) {
				t.Fatalf("frame %+v", f)
			}
			again = writeFrame(t, again[:0], &f)
			q := wire.Parse(again)
			if !q.Next() {
				t.Fatalf("%v written as %x does not parse: %v", f.Type, again, q.Err())
			}
			same(t, &f, &q.Frame)
			if q.Next() {
				t.Fatalf("%v written as %x is two frames", f.Type, again)
			}
		}
		if count > len(payload) || p.Err() == nil && count == 0 && len(payload) > 0 {
			t.Fatalf("%d frames in %d bytes, %v", count, len(payload), p.Err())
		}
		if !bytes.Equal(before, payload) {
			t.Fatal("parsing changed the payload")
		}
	})
}

// writeFrame writes what was parsed.
func writeFrame(t *testing.T, b []byte, f *wire.Frame) []byte {
	switch f.Type {
	case wire.Padding:
		return wire.AppendPadding(b, 1)
	case wire.Ping:
		return wire.AppendPing(b)
	case wire.Ack:
		ranges := f.Ack.Ranges()
		top, ok := ranges.Next()
		if !ok || top.High != f.Ack.Largest {
			t.Fatalf("first range %v of an ACK up to %d", top, f.Ack.Largest)
		}
		w, ok := wire.StartAck(b, 1<<20, top, f.Ack.Delay, f.Ack.Dropped)
		for r, more := ranges.Next(); more; r, more = ranges.Next() {
			ok = ok && w.Add(r) // panics if r is not below the one before
		}
		if !ok {
			t.Fatal("ACK does not fit into a mebibyte")
		}
		return w.Finish()
	case wire.Floor:
		return wire.AppendFloor(b, f.PN)
	case wire.Greeting:
		return wire.AppendHello(b, &f.Hello)
	case wire.Open:
		return wire.AppendOpen(b, f.Stream, string(f.Text))
	case wire.Stream:
		return wire.AppendStream(b, f.Stream, f.Offset, f.Data, f.Fin, false)
	case wire.Parity:
		return wire.AppendParity(b, f.Stream, f.Offset, f.Length, f.Rows, f.Row, f.Piece, f.Data, f.Fin)
	case wire.Repaired:
		return wire.AppendRepaired(b, f.Stream, f.Offset, f.Fin)
	case wire.Reset:
		return wire.AppendReset(b, f.Stream, f.Code, f.Size, string(f.Text))
	case wire.Stop:
		return wire.AppendStop(b, f.Stream, f.Code)
	case wire.MaxData:
		return wire.AppendMaxData(b, f.Max)
	case wire.MaxStreamData:
		return wire.AppendMaxStreamData(b, f.Stream, f.Max)
	case wire.MaxStreams:
		return wire.AppendMaxStreams(b, f.Max)
	case wire.Rates:
		return wire.AppendRates(b, f.Seq, f.Policy, f.Among, f.Target, f.Min)
	case wire.PathChallenge:
		return wire.AppendPathChallenge(b, f.Token)
	case wire.PathResponse:
		return wire.AppendPathResponse(b, f.Token)
	case wire.Close:
		return wire.AppendClose(b, f.Code, string(f.Text))
	}
	t.Fatalf("parsed %v", f.Type)
	return nil
}

// same compares two frames as far as their type gives the fields a meaning.
func same(t *testing.T, a, b *wire.Frame) {
	t.Helper()
	ok := a.Type == b.Type
	switch a.Type {
	case wire.Ack:
		x, y := a.Ack.Ranges(), b.Ack.Ranges()
		ok = ok && a.Ack.Largest == b.Ack.Largest && a.Ack.Delay == b.Ack.Delay && a.Ack.Dropped == b.Ack.Dropped
		for {
			r, more := x.Next()
			s, too := y.Next()
			ok = ok && r == s && more == too
			if !more || !too {
				break
			}
		}
	case wire.Floor:
		ok = ok && a.PN == b.PN
	case wire.Greeting:
		ok = ok && a.Hello == b.Hello
	case wire.Parity:
		ok = ok && a.Length == b.Length && a.Rows == b.Rows && a.Row == b.Row && a.Piece == b.Piece
		ok = ok && a.Stream == b.Stream && a.Offset == b.Offset && a.Fin == b.Fin && bytes.Equal(a.Data, b.Data)
	case wire.Repaired:
		ok = ok && a.Stream == b.Stream && a.Offset == b.Offset && a.Fin == b.Fin
	case wire.Open, wire.Stream, wire.Reset, wire.Stop:
		ok = ok && a.Stream == b.Stream
		ok = ok && (a.Type != wire.Open || bytes.Equal(a.Text, b.Text))
		ok = ok && (a.Type != wire.Stream || a.Offset == b.Offset && a.Fin == b.Fin && bytes.Equal(a.Data, b.Data))
		ok = ok && (a.Type != wire.Reset || a.Code == b.Code && a.Size == b.Size && bytes.Equal(a.Text, b.Text))
		ok = ok && (a.Type != wire.Stop || a.Code == b.Code)
	case wire.MaxData, wire.MaxStreams:
		ok = ok && a.Max == b.Max
	case wire.MaxStreamData:
		ok = ok && a.Max == b.Max && a.Stream == b.Stream
	case wire.Rates:
		ok = ok && a.Seq == b.Seq && a.Policy == b.Policy && a.Among == b.Among && a.Target == b.Target && a.Min == b.Min
	case wire.PathChallenge, wire.PathResponse:
		ok = ok && a.Token == b.Token
	case wire.Close:
		ok = ok && a.Code == b.Code && bytes.Equal(a.Text, b.Text)
	}
	if !ok {
		t.Fatalf("frame %+v became %+v", a, b)
	}
}
