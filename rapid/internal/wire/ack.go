package wire

import "time"

// Acks is the content of an ACK frame as parsed. Its ranges were checked: a
// walk over them cannot fail.
type Acks struct {
	Largest uint64        // greatest packet number that came
	Delay   time.Duration // how long ago the packet Largest came when the ACK was written
	Dropped uint64        // packets that the receiver's own host has dropped so far

	ranges []byte // first range, then gap and length in turns
}

// Range is a run of packet numbers, both ends included.
type Range struct{ Low, High uint64 }

// Ranges walks the ranges, greatest first.
func (a *Acks) Ranges() AckRanges {
	return AckRanges{rest: a.ranges, above: a.Largest, first: true}
}

// AckRanges walks the ranges of an ACK.
type AckRanges struct {
	rest  []byte
	above uint64 // the first range's high end, then the low end of the range before
	first bool
}

// Next returns the next lower range; ok is false after the last.
func (r *AckRanges) Next() (g Range, ok bool) {
	if len(r.rest) == 0 {
		return Range{}, false
	}
	high := r.above
	if !r.first {
		gap, n := varint(r.rest)
		r.rest = r.rest[n:]
		high -= gap + 2
	}
	r.first = false
	length, n := varint(r.rest)
	r.rest = r.rest[n:]
	r.above = high - length
	return Range{high - length, high}, true
}

// An AckWriter writes one ACK frame, range by range, without knowing ahead how
// many there will be.
type AckWriter struct {
	b      []byte
	limit  int
	count  int // where the number of further ranges stands
	n      int // further ranges written
	bottom uint64
}

// ackHead is the most that the parts of an ACK before its further ranges take:
// type, largest, delay, dropped, count, first range.
const ackHead = 1 + 8 + 8 + 8 + 2 + 8

// StartAck begins an ACK frame at the end of b that may take room bytes; top
// is the range with the greatest packet numbers. The delay is rounded to
// microseconds. ok is false, and nothing is written, if room does not allow
// even for one range.
func StartAck(b []byte, room int, top Range, delay time.Duration, dropped uint64) (w AckWriter, ok bool) {
	if room < ackHead {
		return AckWriter{b: b}, false
	}
	delay = min(max(delay, 0), maxDelay)
	w.limit = len(b) + room
	b = append(b, byte(Ack))
	b = AppendVarint(b, top.High)
	b = AppendVarint(b, uint64(delay/time.Microsecond))
	b = AppendVarint(b, min(dropped, MaxVarint))
	w.count = len(b)
	b = append(b, 1<<6, 0) // a varint of two bytes, known in Finish
	b = AppendVarint(b, top.High-top.Low)
	w.b, w.bottom = b, top.Low
	return w, true
}

// Add appends the next lower range, which must not touch the one before. It
// reports false, and leaves the frame as it was, when the room is used up.
func (w *AckWriter) Add(r Range) bool {
	if r.High+1 >= w.bottom || r.Low > r.High {
		panic("wire: ranges of an ACK out of order")
	}
	gap, length := w.bottom-r.High-2, r.High-r.Low
	if len(w.b)+VarintLen(gap)+VarintLen(length) > w.limit || w.n == MaxAckRanges {
		return false
	}
	w.b = AppendVarint(AppendVarint(w.b, gap), length)
	w.bottom = r.Low
	w.n++
	return true
}

// Finish completes the frame and returns the slice that it was appended to.
func (w *AckWriter) Finish() []byte {
	w.b[w.count] = 1<<6 | byte(w.n>>8)
	w.b[w.count+1] = byte(w.n)
	return w.b
}
