package flow

import (
	"math/bits"
	"time"
)

// Sent is the record of one packet.
type Sent[T any] struct {
	At   time.Duration // when it was sent
	Lost time.Duration // when it was declared lost, if it was
	Data T
}

// History records the packets that were sent and wait to be acknowledged, and those
// declared lost not long ago, which may be acknowledged after all. Packet
// numbers begin at 0 and rise by one. Records move when the history grows: no pointer
// to one may be kept while packets are added.
type History[T any] struct {
	ring  []Sent[T] // packet pn is at pn modulo len, a power of two not below 64
	wait  []uint64  // bit per record: to be acknowledged
	lost  []uint64  // bit per record: declared lost
	first uint64    // records below are gone
	next  uint64

	waiting int
}

// Next returns the number of the next packet.
func (h *History[T]) Next() uint64 { return h.next }

// First returns the number below which every packet is settled: acknowledged, or lost for
// good.
func (h *History[T]) First() uint64 { return h.first }

// Waiting returns how many packets wait to be acknowledged.
func (h *History[T]) Waiting() int { return h.waiting }

// Span returns how many numbers lie between the oldest packet not settled and the next.
func (h *History[T]) Span() int { return int(h.next - h.first) }

// At returns the record of packet pn, which is not below First and not settled.
func (h *History[T]) At(pn uint64) *Sent[T] { return &h.ring[pn&uint64(len(h.ring)-1)] }

// Add records that the next packet is sent now, and returns its record for the
// caller to fill in. Packets that need not be acknowledged are recorded by Skip.
func (h *History[T]) Add(now time.Duration) (pn uint64, rec *Sent[T]) {
	if h.next-h.first >= uint64(len(h.ring)) {
		h.grow()
	}
	pn = h.next
	h.next++
	i := pn & uint64(len(h.ring)-1)
	h.wait[i/64] |= 1 << (i % 64)
	h.lost[i/64] &^= 1 << (i % 64)
	h.waiting++
	rec = &h.ring[i]
	var zero T
	rec.At, rec.Lost, rec.Data = now, 0, zero
	return pn, rec
}

// Skip takes the next number for a packet that need not be acknowledged.
func (h *History[T]) Skip() (pn uint64) {
	if h.next-h.first >= uint64(len(h.ring)) {
		h.grow()
	}
	pn = h.next
	h.next++
	i := pn & uint64(len(h.ring)-1)
	h.wait[i/64] &^= 1 << (i % 64)
	h.lost[i/64] &^= 1 << (i % 64)
	if h.first == pn {
		h.first = h.next
	}
	return pn
}

func (h *History[T]) grow() {
	size := max(64, 2*len(h.ring))
	ring, wait, lost := make([]Sent[T], size), make([]uint64, size/64), make([]uint64, size/64)
	for pn := h.first; pn < h.next; pn++ {
		i, k := pn&uint64(len(h.ring)-1), pn&uint64(size-1)
		ring[k] = h.ring[i]
		wait[k/64] |= h.wait[i/64] >> (i % 64) & 1 << (k % 64)
		lost[k/64] |= h.lost[i/64] >> (i % 64) & 1 << (k % 64)
	}
	h.ring, h.wait, h.lost = ring, wait, lost
}

// Awaited returns the first packet in [from, end) that waits to be acknowledged.
func (h *History[T]) Awaited(from, end uint64) (pn uint64, ok bool) { return h.scan(h.wait, from, end) }

// Missed returns the first packet in [from, end) that was declared lost.
func (h *History[T]) Missed(from, end uint64) (pn uint64, ok bool) { return h.scan(h.lost, from, end) }

// scan returns the first packet in [from, end) whose bit is set, looking at 64 at a time.
func (h *History[T]) scan(set []uint64, from, end uint64) (pn uint64, ok bool) {
	from, end = max(from, h.first), min(end, h.next)
	for from < end {
		i := from & uint64(len(h.ring)-1)
		if w := set[i/64] >> (i % 64); w != 0 {
			from += uint64(bits.TrailingZeros64(w))
			return from, from < end
		}
		from += 64 - i%64
	}
	return 0, false
}

// Ack settles packet pn, which was Awaited or Missed.
func (h *History[T]) Ack(pn uint64) {
	i := pn & uint64(len(h.ring)-1)
	if h.wait[i/64]&(1<<(i%64)) != 0 {
		h.waiting--
	}
	h.wait[i/64] &^= 1 << (i % 64)
	h.lost[i/64] &^= 1 << (i % 64)
}

// Lose says that packet pn, which was Awaited, is lost.
func (h *History[T]) Lose(now time.Duration, pn uint64) {
	i := pn & uint64(len(h.ring)-1)
	h.wait[i/64] &^= 1 << (i % 64)
	h.lost[i/64] |= 1 << (i % 64)
	h.ring[i].Lost = now
	h.waiting--
}

// Settle forgets the packets at the old end of the history that are acknowledged, or
// have been lost since before. It returns the first number not settled.
func (h *History[T]) Settle(before time.Duration) (first uint64) {
	for h.first < h.next {
		i := h.first & uint64(len(h.ring)-1)
		bit := uint64(1) << (i % 64)
		if h.wait[i/64]&bit != 0 {
			break
		}
		if h.lost[i/64]&bit != 0 {
			if h.ring[i].Lost >= before {
				break
			}
			h.lost[i/64] &^= bit
		}
		h.first++
	}
	return h.first
}
