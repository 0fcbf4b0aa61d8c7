package flow

import "errors"

// MaxGaps is how many ranges may wait behind gaps in one ReceiveBuffer. An honest
// peer stays below it, since it makes a gap only by losing a packet in flight.
const MaxGaps = 1 << 14

// ErrGaps is returned for data that would leave more than MaxGaps ranges waiting.
var ErrGaps = errors.New("too many gaps in a stream")

// ReceiveBuffer puts the bytes of a stream in order.
type ReceiveBuffer struct {
	data  chunks
	got   Ranges // above ready
	kept  uint64 // everything from here on is there still, although it may have been read
	read  uint64 // everything below was read
	ready uint64 // everything below has come
}

// Write takes data that came for offset off, wherever that is, and returns how
// many of its bytes had not come before. How far it may be ahead is the caller's
// to bound.
func (b *ReceiveBuffer) Write(off uint64, data []byte, pool *Pool) (fresh int, err error) {
	end := off + uint64(len(data))
	if end <= b.ready {
		return 0, nil
	}
	if off < b.ready {
		data = data[b.ready-off:]
		off = b.ready
	}
	if off == b.ready && b.got.Len() == 0 {
		b.data.write(off, data, pool)
		b.ready = end
		return len(data), nil
	}
	if b.got.Len() >= MaxGaps && off != b.ready {
		return 0, ErrGaps
	}
	n := b.got.Add(off, end)
	if n == 0 {
		return 0, nil
	}
	b.data.write(off, data, pool)
	if r := b.got.At(0); r.Start == b.ready {
		b.ready = r.End
		b.got.Remove(r.Start, r.End)
	}
	return int(n), nil
}

// Read copies bytes in order into p, and lets go of what was read but for the last keep bytes.
func (b *ReceiveBuffer) Read(p []byte, keep int, pool *Pool) int {
	n := min(uint64(len(p)), b.ready-b.read)
	if n == 0 {
		return 0
	}
	b.data.read(b.read, p[:n])
	b.read += n
	b.Forget(keep, pool)
	return int(n)
}

// Forget lets go of what was read but for the last keep bytes.
func (b *ReceiveBuffer) Forget(keep int, pool *Pool) {
	b.kept = max(b.kept, b.read-min(b.read, uint64(keep)))
	if b.data.base < b.kept/ChunkSize {
		b.data.release(b.kept/ChunkSize, pool)
	}
	if b.kept == b.ready && b.got.Len() == 0 {
		b.data.empty(b.kept, pool)
	}
}

// Kept returns how many bytes are there although they were read.
func (b *ReceiveBuffer) Kept() int { return int(b.read - b.kept) }

// Gap returns the first range in r that is not there, because it has not come or is kept no more; ok is false if
// there is none.
func (b *ReceiveBuffer) Gap(r Range) (gap Range, ok bool) {
	if r.Start < b.kept {
		return Range{r.Start, min(r.End, b.kept)}, true
	}
	from := max(r.Start, b.ready)
	i := b.got.search(from)
	if i < b.got.Len() && b.got.At(i).Start <= from {
		from = b.got.At(i).End
		i++
	}
	if from >= r.End {
		return Range{}, false
	}
	if i < b.got.Len() {
		r.End = min(r.End, b.got.At(i).Start)
	}
	return Range{from, r.End}, true
}

// Bytes returns the bytes of r, in which there is no Gap. It may use scratch, and has to be used before anything else
// is done.
func (b *ReceiveBuffer) Bytes(r Range, scratch []byte) []byte { return b.data.bytes(r, scratch) }

// Ready returns how many bytes Read can return.
func (b *ReceiveBuffer) Ready() int { return int(b.ready - b.read) }

// Gaps returns how many ranges wait behind gaps.
func (b *ReceiveBuffer) Gaps() int { return b.got.Len() }

// Consumed returns how many bytes were read so far.
func (b *ReceiveBuffer) Consumed() uint64 { return b.read }

// Complete returns up to where all bytes have come.
func (b *ReceiveBuffer) Complete() uint64 { return b.ready }

// Drop forgets everything.
func (b *ReceiveBuffer) Drop(pool *Pool) {
	b.data.clear(pool)
	b.data.base = b.ready / ChunkSize
	b.read, b.kept = b.ready, b.ready
	b.got.Clear()
}
