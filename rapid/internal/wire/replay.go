package wire

// ReplayWindow is how far behind the newest packet another may come and still
// be taken, in packet numbers: more than is in flight at 10 Gbit/s and 100 ms.
const ReplayWindow = 1 << 17

// Replay remembers which packets have come. The zero value has seen none. It
// takes 16 KiB whatever comes (docs/rapid.md §6).
type Replay struct {
	// next is one more than the greatest number seen; the bits are those of
	// the numbers in [next-ReplayWindow, next), number pn at pn modulo the
	// window (the ring of RFC 6479, without its spare block, since bits are
	// cleared one word or less at a time).
	next uint64
	bits [ReplayWindow / 64]uint64
}

// Seen marks pn and reports whether it was marked before, or is so old that
// it may have been. It must only be asked about packets that authenticated.
func (r *Replay) Seen(pn uint64) bool {
	if pn+ReplayWindow < r.next {
		return true
	}
	if pn >= r.next {
		r.advance(pn)
	}
	word, bit := &r.bits[pn/64%uint64(len(r.bits))], uint64(1)<<(pn%64)
	seen := *word&bit != 0
	*word |= bit
	return seen
}

// advance makes pn the newest number: bits of the numbers between, which stand
// for older ones now outside the window, are cleared.
func (r *Replay) advance(pn uint64) {
	from := r.next
	r.next = pn + 1
	if pn-from >= ReplayWindow {
		clear(r.bits[:])
		return
	}
	for from <= pn {
		word := &r.bits[from/64%uint64(len(r.bits))]
		n := min(64-from%64, pn+1-from) // bits of this word to clear
		*word &^= (^uint64(0) >> (64 - n)) << (from % 64)
		from += n
	}
}
