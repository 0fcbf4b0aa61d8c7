package emulate

import (
	"unsafe"

	"golang.org/x/sys/unix"
)

// entry is a segment on its way.
type entry struct {
	at      int64  // when it is due
	batch   []byte // what it is part of, in the arena
	segment int
}

// ring is a queue of entries of a fixed capacity, a power of two.
type ring struct {
	entries    []entry
	head, tail uint64
}

func newRing(capacity int) ring { return ring{entries: make([]entry, capacity)} }

func (r *ring) first() *entry {
	if r.head == r.tail {
		return nil
	}
	return &r.entries[r.head%uint64(len(r.entries))]
}

func (r *ring) push(e entry) bool {
	if r.tail-r.head == uint64(len(r.entries)) {
		return false
	}
	r.entries[r.tail%uint64(len(r.entries))] = e
	r.tail++
	return true
}

func (r *ring) pop() { r.head++ }

// arena is the memory that batches are read into, one after the other, and from
// the beginning again at the end. It is free from its tail to the oldest batch that
// still has a segment on its way.
type arena struct {
	b    []byte
	tail int
}

// newArena maps memory outside the heap, which the collector has no interest in.
func newArena(size int) (arena, error) {
	b, err := unix.Mmap(-1, 0, size, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_ANON|unix.MAP_PRIVATE)
	return arena{b: b}, err
}

func (a *arena) close() error { return unix.Munmap(a.b) }

// reserve returns room for n bytes, nil if there is none. Oldest is the first
// entry of the ring.
func (a *arena) reserve(n int, oldest *entry) []byte {
	if oldest == nil {
		a.tail = 0
		return a.b[:n]
	}
	// Both pointers are into the arena.
	head := int(uintptr(unsafe.Pointer(&oldest.batch[0])) - uintptr(unsafe.Pointer(&a.b[0])))
	if a.tail > head {
		if a.tail+n <= len(a.b) {
			return a.b[a.tail : a.tail+n]
		}
		a.tail = 0
	}
	// Some bytes stay free, so that a full arena is not taken for an empty one.
	if a.tail+n+align < head {
		return a.b[a.tail : a.tail+n]
	}
	return nil
}

// align is where batches begin.
const align = 64

// keep says that the first n bytes of what was reserved last are in use.
func (a *arena) keep(n int) { a.tail += (n + align - 1) &^ (align - 1) }
