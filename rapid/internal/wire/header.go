package wire

import (
	"encoding/binary"
	"fmt"
)

// Sizes of a packet's parts, in bytes (docs/rapid.md §4.1).
const (
	HeaderLen = 17                 // first byte, connection id, packet number
	TagLen    = 16                 // the AEAD's tag at the end
	Overhead  = HeaderLen + TagLen // what a packet costs beside its frames

	// MinPacket is the shortest packet: a header, one frame of one byte, a tag.
	MinPacket = Overhead + 1

	// MinFirst is the least size of a datagram that carries a HELLO, so that
	// a path too narrow for the protocol shows at once (R4.7).
	MinFirst = 1200
)

// MaxPacketNumber is the last packet number that may be sent.
const MaxPacketNumber = MaxVarint

// firstByte is every packet's first byte: version 1 in the two upper bits, the
// others zero.
const firstByte = 1 << 6

// ID is a connection id: it names a session on the wire and is chosen by
// whoever issues the grant.
type ID uint64

// String gives the id as sixteen hexadecimal digits.
func (id ID) String() string { return fmt.Sprintf("%016x", uint64(id)) }

// PeekID reads the connection id of a datagram without authenticating
// anything; ok is false if the datagram cannot be a packet of this version.
func PeekID(datagram []byte) (id ID, ok bool) {
	if len(datagram) < MinPacket || datagram[0] != firstByte {
		return 0, false
	}
	return ID(binary.BigEndian.Uint64(datagram[1:9])), true
}

// putHeader writes a header into the first HeaderLen bytes of b.
func putHeader(b []byte, id ID, pn uint64) {
	_ = b[HeaderLen-1]
	b[0] = firstByte
	binary.BigEndian.PutUint64(b[1:9], uint64(id))
	binary.BigEndian.PutUint64(b[9:17], pn)
}
