package wire

import (
	"fmt"
	"time"
)

// FrameType is the first byte of a frame (docs/rapid.md §7).
type FrameType uint8

// The frames.
const (
	Padding       FrameType = 0x00 // nothing; a run of it is one frame to the parser
	Ping          FrameType = 0x01 // asks for an acknowledgement
	Ack           FrameType = 0x02 // packets that came
	Floor         FrameType = 0x03 // packets that need not be acknowledged any more
	Greeting      FrameType = 0x04 // HELLO: what this end is and allows
	Open          FrameType = 0x05 // a new stream and its destination
	Stream        FrameType = 0x08 // bytes of a stream; the parser takes 0x08 to 0x0b to it
	Parity        FrameType = 0x0c // sums of the bytes of a stream; the parser takes 0x0d to it
	Repaired      FrameType = 0x0e // up to where Parity has made a stream whole; the parser takes 0x0f to it
	Reset         FrameType = 0x10 // the sender gives up sending on a stream
	Stop          FrameType = 0x11 // the receiver wants no more of a stream
	MaxData       FrameType = 0x12 // session credit
	MaxStreamData FrameType = 0x13 // stream credit
	MaxStreams    FrameType = 0x14 // how many streams the peer may have opened
	Rates         FrameType = 0x15 // how fast the peer is asked to send
	PathChallenge FrameType = 0x16 // proves an address
	PathResponse  FrameType = 0x17 // answers PathChallenge
	Close         FrameType = 0x18 // the session is over
)

// Bits of the type of a Stream frame, of which Parity and Repaired have the first too.
const (
	streamFin = 0x01 // the data ends the stream
	streamLen = 0x02 // a length is given; without it the data fills the packet
)

// Bounds of what a frame may carry; a frame beyond them is an error.
const (
	MaxDestination = 512       // bytes of an OPEN's destination
	MaxReason      = 256       // bytes of a RESET's or CLOSE's reason
	MaxStreamID    = 1<<60 - 1 // greatest stream id
	MaxAckRanges   = 1<<14 - 1 // ranges of one ACK
	MaxParameters  = 64        // parameters of one HELLO
	MaxGroup       = 1 << 20   // bytes of the group of a PARITY
	MaxRows        = 512       // rows of the group of a PARITY
	MinRow         = 64        // bytes of a row of a PARITY, of which its size is …
	RowStep        = 8         // … a multiple of these
	MaxRow         = 1 << 14
	MaxPieces      = 1 << 13 // pieces, of the size of a row, of the group of a PARITY
)

// maxPolicy is the last of the rate policies.
const maxPolicy = 3

// maxDelay bounds an ACK's delay on the way in and out.
const maxDelay = 1 << 32 * time.Microsecond

// String names the frame as docs/rapid.md does.
func (t FrameType) String() string {
	switch t {
	case Padding:
		return "PADDING"
	case Ping:
		return "PING"
	case Ack:
		return "ACK"
	case Floor:
		return "FLOOR"
	case Greeting:
		return "HELLO"
	case Open:
		return "OPEN"
	case Stream, Stream | streamFin, Stream | streamLen, Stream | streamFin | streamLen:
		return "STREAM"
	case Parity, Parity | streamFin:
		return "PARITY"
	case Repaired, Repaired | streamFin:
		return "REPAIRED"
	case Reset:
		return "RESET"
	case Stop:
		return "STOP"
	case MaxData:
		return "MAX_DATA"
	case MaxStreamData:
		return "MAX_STREAM_DATA"
	case MaxStreams:
		return "MAX_STREAMS"
	case Rates:
		return "RATES"
	case PathChallenge:
		return "PATH_CHALLENGE"
	case PathResponse:
		return "PATH_RESPONSE"
	case Close:
		return "CLOSE"
	}
	return fmt.Sprintf("frame type %#02x", uint8(t))
}

// Eliciting reports whether a packet with such a frame is to be acknowledged
// (and so is in flight until it is, or is lost).
func (t FrameType) Eliciting() bool {
	return t != Padding && t != Ack && t != Floor && t != Close
}

// Frame is one frame as parsed. Only the fields named for its Type are
// meaningful; slices lie in the payload that was parsed.
type Frame struct {
	Type FrameType

	Stream uint64 // Open, Stream, Parity, Repaired, Reset, Stop, MaxStreamData
	Offset uint64 // Stream: where Data begins; Parity: where the group does; Repaired: up to where all has come
	Data   []byte // Stream; Parity: one or more rows
	Fin    bool   // Stream, Parity, Repaired: the stream ends with Data, with the group, at Offset

	Length int // Parity: of the group in bytes
	Rows   int // Parity: of the group in all
	Row    int // Parity: the first of Data
	Piece  int // Parity: size of a piece and of a row in bytes

	Text []byte // Open: destination; Reset, Close: reason, not to be trusted as UTF-8
	Code Code   // Reset, Stop, Close
	Size uint64 // Reset: final size of the stream in bytes

	Max uint64 // MaxData, MaxStreamData: bytes in all; MaxStreams: streams in all
	PN  uint64 // Floor: the least packet number that still matters

	Seq    uint64 // Rates: the greatest counts, whatever the order of arrival
	Policy uint8  // Rates: 0 fair, 1 high, 2 low, 3 fixed
	Among  uint8  // Rates: the session is one of so many that share the part of one; at least 1
	Target uint64 // Rates: bytes per second, 0 none
	Min    uint64 // Rates: bytes per second, 0 none

	Token [8]byte // PathChallenge, PathResponse

	Ack   Acks  // Ack
	Hello Hello // Greeting
}

// Hello is what one end tells the other about itself (docs/rapid.md §7.5). A
// zero field is not sent, and means that the value in force without HELLO
// stands.
type Hello struct {
	MaxDatagram   uint64        // largest datagram it takes, bytes of UDP payload
	IdleTimeout   time.Duration // after this long without packets it forgets the session; in milliseconds on the wire
	MaxAckDelay   time.Duration // longest that it waits before acknowledging; in microseconds on the wire
	MaxData       uint64        // first session credit, bytes
	MaxStreamData uint64        // first credit of every stream, bytes
	MaxStreams    uint64        // how many streams the peer may open at first
	MaxRate       uint64        // fastest it lets the peer send, bytes per second
	MaxParity     uint64        // longest group of PARITY that it takes, bytes
}
