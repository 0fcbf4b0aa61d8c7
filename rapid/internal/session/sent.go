package session

import "github.com/icos-go/icos/rapid/internal/cc"

// sent is what is remembered of a packet in flight besides its time: enough to
// send again what was in it, not the packet.
type sent struct {
	cc    cc.Packet
	refs  uint32 // index of the first of its refs
	n     uint16 // refs
	size  uint16 // of the datagram
	probe bool   // of the MTU: not seen by the congestion controller
}

// refKind says what a ref stands for.
type refKind uint8

const (
	refData    refKind = iota // [off, off+n) of st, and with fin its end
	refStream                 // frames of st, as bits of streamPending in n
	refSession                // frames of the session, as bits of pending in n
)

// ref is one thing that was in a packet and has to be sent again if the packet is lost.
type ref struct {
	st    *Stream
	off   uint64
	n     uint32
	kind  refKind
	fin   bool
	again bool // it was lost before
}

// refRing holds the refs of all packets in the history, in the order of sending.
// Indices wrap around.
type refRing struct {
	ring       []ref // length a power of two
	head, tail uint32
}

func (r *refRing) at(i uint32) *ref { return &r.ring[i&uint32(len(r.ring)-1)] }

func (r *refRing) add(f ref) {
	if int(r.tail-r.head) == len(r.ring) {
		ring := make([]ref, max(64, 2*len(r.ring)))
		for i := r.head; i != r.tail; i++ {
			ring[i&uint32(len(ring)-1)] = *r.at(i)
		}
		r.ring = ring
	}
	*r.at(r.tail) = f
	r.tail++
}

// release forgets the refs before i, so that their streams can be collected.
func (r *refRing) release(i uint32) {
	for r.head != i {
		*r.at(r.head) = ref{}
		r.head++
	}
}
