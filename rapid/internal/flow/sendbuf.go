package flow

// SendBuffer holds what was written to a stream until all of it is
// acknowledged, and knows what to send next: what was lost comes before what is new.
type SendBuffer struct {
	data  chunks
	acked Ranges // above done
	lost  Ranges // to be sent again; never below done, never acknowledged
	done  uint64 // everything below is acknowledged
	next  uint64 // everything from here on is new
	end   uint64 // written so far
}

// Write appends p.
func (b *SendBuffer) Write(p []byte, pool *Pool) {
	b.data.write(b.end, p, pool)
	b.end += uint64(len(p))
}

// End returns how much was written so far.
func (b *SendBuffer) End() uint64 { return b.end }

// Next returns the offset of the first byte that was never sent.
func (b *SendBuffer) Next() uint64 { return b.next }

// Unsent returns how many bytes were never sent.
func (b *SendBuffer) Unsent() int { return int(b.end - b.next) }

// Unacked returns how many bytes are held: from the first that is not acknowledged.
func (b *SendBuffer) Unacked() int { return int(b.end - b.done) }

// Done reports whether all that was written is acknowledged.
func (b *SendBuffer) Done() bool { return b.done == b.end }

// HasLost reports whether something is to be sent again.
func (b *SendBuffer) HasLost() bool { return b.lost.Len() > 0 }

// FirstLost returns the first range that is to be sent again, if HasLost.
func (b *SendBuffer) FirstLost() Range { return b.lost.At(0) }

// TakeLost copies the first bytes that are to be sent again, which are the first n from
// FirstLost's start, into p.
func (b *SendBuffer) TakeLost(p []byte) {
	r := b.lost.At(0)
	b.data.read(r.Start, p)
	b.lost.Remove(r.Start, r.Start+uint64(len(p)))
}

// TakeNew copies the next len(p) ≤ Unsent bytes that were never sent into p.
func (b *SendBuffer) TakeNew(p []byte) {
	b.data.read(b.next, p)
	b.next += uint64(len(p))
}

// Ack says that the peer has [start, end). It returns how many of these bytes it was not known to have.
func (b *SendBuffer) Ack(start, end uint64, pool *Pool) (fresh uint64) {
	if end <= b.done {
		return 0
	}
	start = max(start, b.done)
	if b.lost.Len() > 0 {
		b.lost.Remove(start, end)
	}
	if start == b.done && b.acked.Len() == 0 {
		fresh = end - start
		b.done = end
	} else {
		fresh = b.acked.Add(start, end)
		if r := b.acked.At(0); r.Start == b.done {
			b.done = r.End
			b.acked.Remove(r.Start, r.End)
		}
	}
	if b.data.base < b.done/ChunkSize {
		b.data.release(b.done/ChunkSize, pool)
	}
	if b.done == b.end { // nothing left: do not keep a piece for its last bytes
		b.data.clear(pool)
		b.data.base = b.end / ChunkSize
	}
	return fresh
}

// Lose says that [start, end) is to be sent again, as far as it is not acknowledged.
func (b *SendBuffer) Lose(start, end uint64) {
	start = max(start, b.done)
	if start >= end {
		return
	}
	if b.acked.Len() == 0 {
		b.lost.Add(start, end)
		return
	}
	for i := b.acked.search(start); start < end; i++ {
		if i == b.acked.Len() || b.acked.At(i).Start >= end {
			b.lost.Add(start, end)
			return
		}
		r := b.acked.At(i)
		b.lost.Add(start, r.Start)
		start = r.End
	}
}

// Drop forgets everything.
func (b *SendBuffer) Drop(pool *Pool) {
	b.data.clear(pool)
	b.data.base = b.end / ChunkSize
	b.acked.Clear()
	b.lost.Clear()
	b.done, b.next = b.end, b.end
}
