package flow

// SendBuffer holds what was written to a stream until all of it is acknowledged,
// and knows what to send next: what was lost comes before what is new.
type SendBuffer struct {
	data   chunks
	acked  Ranges // above done
	urgent Ranges // to be sent again, and to be first
	lost   Ranges // to be sent again
	copies Ranges // to be sent again although it may not be lost
	done   uint64 // everything below is acknowledged
	next   uint64 // everything from here on is new
	end    uint64 // written so far
	held   int
}

// Write appends p.
func (b *SendBuffer) Write(p []byte, pool *Pool) {
	b.data.write(b.end, p, pool)
	b.end += uint64(len(p))
	b.held += len(p)
}

// End returns how much was written so far.
func (b *SendBuffer) End() uint64 { return b.end }

// Next returns the offset of the first byte that was never sent.
func (b *SendBuffer) Next() uint64 { return b.next }

// Unsent returns how many bytes were never sent.
func (b *SendBuffer) Unsent() int { return int(b.end - b.next) }

// Unacked returns how many bytes there are from the first that is not acknowledged.
func (b *SendBuffer) Unacked() int { return int(b.end - b.done) }

// Held returns how many bytes take memory: fewer than Unacked, if whole chunks in between
// are acknowledged.
func (b *SendBuffer) Held() int { return b.held }

// Done reports whether all that was written is acknowledged.
func (b *SendBuffer) Done() bool { return b.done == b.end }

// Resend returns the first range that is to be sent again, and the set that it is from; nil if there
// is none.
func (b *SendBuffer) Resend() (Range, *Ranges) {
	for _, s := range [...]*Ranges{&b.urgent, &b.lost, &b.copies} {
		if s.Len() > 0 {
			return s.At(0), s
		}
	}
	return Range{}, nil
}

// HasLost reports whether something is to be sent again.
func (b *SendBuffer) HasLost() bool {
	return b.lost.Len() > 0 || b.urgent.Len() > 0 || b.copies.Len() > 0
}

// TakeAgain copies the first bytes of a set that Resend returned into p, and
// reports whether they are urgent.
func (b *SendBuffer) TakeAgain(from *Ranges, p []byte) (urgent bool) {
	r := from.At(0)
	b.data.read(r.Start, p)
	from.Remove(r.Start, r.Start+uint64(len(p)))
	return from == &b.urgent
}

// Tail returns the offset from which on nothing is acknowledged.
func (b *SendBuffer) Tail() uint64 {
	if n := b.acked.Len(); n > 0 {
		return b.acked.At(n - 1).End
	}
	return b.done
}

// CopyGaps says that what is not acknowledged between from and Tail is to be sent once more, as far as may
// allows so many bytes. Nothing may wait to be sent again.
func (b *SendBuffer) CopyGaps(from uint64, may func(n int) bool) {
	from = max(from, b.done)
	for i := range b.acked.Len() {
		r := b.acked.At(i)
		if from < r.Start && may(int(r.Start-from)) {
			b.copies.Add(from, r.Start)
		}
		from = max(from, r.End)
	}
}

// Bytes returns the bytes of r, which has been written and is not acknowledged. It may use scratch, and has to be
// used before anything else is done.
func (b *SendBuffer) Bytes(r Range, scratch []byte) []byte { return b.data.bytes(r, scratch) }

// Copy says that [start, end), which was just taken, is to be sent once more.
func (b *SendBuffer) Copy(start, end uint64) { b.copies.Add(start, end) }

// TakeNew copies the next len(p) ≤ Unsent bytes that were never sent into p.
func (b *SendBuffer) TakeNew(p []byte) {
	b.data.read(b.next, p)
	b.next += uint64(len(p))
}

// Ack says that the peer has [start, end), and lets go of the memory that is not needed for
// anything else.
func (b *SendBuffer) Ack(start, end uint64, pool *Pool) {
	if end <= b.done {
		return
	}
	start = max(start, b.done)
	for _, s := range [...]*Ranges{&b.urgent, &b.lost, &b.copies} {
		if s.Len() > 0 {
			s.Remove(start, end)
		}
	}
	if start > b.done {
		b.acked.Add(start, end)
		b.release(start, end, pool)
		return
	}
	was := b.done
	b.done = end
	if b.acked.Len() > 0 {
		b.acked.Remove(was, end)
		if b.acked.Len() > 0 && b.acked.At(0).Start <= end {
			b.done = b.acked.At(0).End
			b.acked.Remove(b.done-b.acked.At(0).Len(), b.done)
		}
	}
	// What lies in chunks released before is not held.
	for from := was; from < b.done; {
		to := min((from/ChunkSize+1)*ChunkSize, b.done)
		if b.data.at(from/ChunkSize) != nil {
			b.held -= int(to - from)
		}
		from = to
	}
	if b.data.base < b.done/ChunkSize {
		b.data.release(b.done/ChunkSize, pool)
	}
	if b.done == b.end { // nothing left: do not keep a chunk for its last bytes
		b.data.empty(b.end, pool)
	}
}

// release lets go of the chunks that [start, end) has completed, above done.
func (b *SendBuffer) release(start, end uint64, pool *Pool) {
	r := b.acked.At(b.acked.search(start))
	first := max((r.Start+ChunkSize-1)/ChunkSize, start/ChunkSize)
	for i := first; (i+1)*ChunkSize <= r.End && i*ChunkSize < end; i++ {
		if b.data.drop(i, pool) {
			b.held -= ChunkSize
		}
	}
}

// Lose says that [start, end) is to be sent again as far as it is not acknowledged;
// if it is urgent, first.
func (b *SendBuffer) Lose(start, end uint64, urgent bool) {
	to := &b.lost
	if urgent {
		to = &b.urgent
	}
	start = max(start, b.done)
	if start >= end {
		return
	}
	if b.acked.Len() == 0 {
		to.Add(start, end)
		return
	}
	for i := b.acked.search(start); start < end; i++ {
		if i == b.acked.Len() || b.acked.At(i).Start >= end {
			to.Add(start, end)
			return
		}
		r := b.acked.At(i)
		to.Add(start, r.Start)
		start = r.End
	}
}

// Drop forgets everything.
func (b *SendBuffer) Drop(pool *Pool) {
	b.data.clear(pool)
	*b = SendBuffer{data: chunks{base: b.end / ChunkSize}, done: b.end, next: b.end, end: b.end}
}
