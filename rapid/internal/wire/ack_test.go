package wire_test

import (
	"encoding/hex"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/icos-go/icos/rapid/internal/wire"
)

// writeAck appends an ACK of as many ranges as fit into room bytes.
func writeAck(b []byte, room int, ranges []wire.Range) []byte {
	w, ok := wire.StartAck(b, room, ranges[0], 25*time.Microsecond, 3)
	if !ok {
		return b
	}
	for _, r := range ranges[1:] {
		if !w.Add(r) {
			break
		}
	}
	return w.Finish()
}

// readAck returns the frame and its ranges.
func readAck(t *testing.T, b []byte) (wire.Acks, []wire.Range) {
	t.Helper()
	p := wire.Parse(b)
	if !p.Next() || p.Frame.Type != wire.Ack {
		t.Fatalf("%x: %v, %v", b, p.Frame.Type, p.Err())
	}
	a := p.Frame.Ack
	var ranges []wire.Range
	it := a.Ranges()
	for r, ok := it.Next(); ok; r, ok = it.Next() {
		ranges = append(ranges, r)
	}
	if p.Next() || p.Err() != nil {
		t.Fatalf("%x: something after the ACK, %v", b, p.Err())
	}
	return a, ranges
}

func TestAckBytes(t *testing.T) {
	b := writeAck(nil, 100, []wire.Range{{90, 99}, {40, 50}, {0, 2}})
	// type, largest 99, delay 25, dropped 3, two more ranges, first of 10;
	// gap 90-50-2, 11 numbers; gap 40-2-2, 3 numbers.
	if got, want := hex.EncodeToString(b), "024063"+"19"+"03"+"4002"+"09"+"260a"+"2402"; got != want {
		t.Errorf("ACK = %s, want %s", got, want)
	}
	a, ranges := readAck(t, b)
	if a.Largest != 99 || a.Delay != 25*time.Microsecond || a.Dropped != 3 {
		t.Errorf("ACK = %+v", a)
	}
	if want := []wire.Range{{90, 99}, {40, 50}, {0, 2}}; !slices.Equal(ranges, want) {
		t.Errorf("ranges %v, want %v", ranges, want)
	}
}

func TestAckFillsItsRoomAndNoMore(t *testing.T) {
	rng := rand.New(rand.NewPCG(5, 6))
	for range 2000 {
		var ranges []wire.Range
		at := uint64(1) << (20 + rng.IntN(40))
		for n := 1 + rng.IntN(300); n > 0 && at > 1<<18; n-- {
			high := at - 2 - rng.Uint64N(1<<rng.IntN(9))
			low := high - rng.Uint64N(1<<rng.IntN(9))
			ranges = append(ranges, wire.Range{Low: low, High: high})
			at = low
		}
		room := rng.IntN(500)
		prefix := []byte("before")
		b := writeAck(slices.Clip(prefix), room, ranges)
		if string(b[:6]) != "before" {
			t.Fatalf("overwrote what was there: %q", b[:6])
		}
		if len(b)-6 > room {
			t.Fatalf("ACK of %d bytes in a room of %d", len(b)-6, room)
		}
		if len(b) == 6 {
			if room >= 35 {
				t.Fatalf("no ACK in a room of %d", room)
			}
			continue
		}
		_, got := readAck(t, b[6:])
		if !slices.Equal(got, ranges[:len(got)]) {
			t.Fatalf("ranges %v, want the first of %v", got, ranges)
		}
		if len(got) < len(ranges) {
			next := ranges[len(got)]
			size := wire.VarintLen(ranges[len(got)-1].Low-next.High-2) + wire.VarintLen(next.High-next.Low)
			if len(b)-6+size <= room {
				t.Fatalf("left out %v although %d of %d bytes were free", next, room-len(b)+6, room)
			}
		}
	}
}

func TestAckOfEverything(t *testing.T) {
	_, ranges := readAck(t, writeAck(nil, 100, []wire.Range{{0, wire.MaxPacketNumber}}))
	if want := []wire.Range{{0, wire.MaxPacketNumber}}; !slices.Equal(ranges, want) {
		t.Errorf("ranges %v, want %v", ranges, want)
	}
}

func TestAckClampsWhatItCannotSay(t *testing.T) {
	w, ok := wire.StartAck(nil, 100, wire.Range{Low: 1, High: 1}, -time.Second, 1<<63)
	if !ok {
		t.Fatal("no room")
	}
	a, _ := readAck(t, w.Finish())
	if a.Delay != 0 || a.Dropped != wire.MaxVarint {
		t.Errorf("ACK = %+v, want delay 0 and dropped %d", a, uint64(wire.MaxVarint))
	}
	w, _ = wire.StartAck(nil, 100, wire.Range{Low: 1, High: 1}, 1<<62, 0)
	if a, _ := readAck(t, w.Finish()); a.Delay < time.Hour {
		t.Errorf("delay of a century = %v, want more than an hour", a.Delay)
	}
}

func TestAckRangesOutOfOrderPanic(t *testing.T) {
	for _, r := range []wire.Range{{50, 60}, {48, 49}, {10, 9}, {0, 1 << 63}} {
		w, _ := wire.StartAck(nil, 100, wire.Range{Low: 50, High: 60}, 0, 0)
		mustPanic(t, "range that is not below", func() { w.Add(r) })
	}
}
