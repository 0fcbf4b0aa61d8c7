package wire

import (
	"slices"
	"time"
)

// AppendPadding appends n bytes of PADDING.
func AppendPadding(b []byte, n int) []byte {
	at := len(b)
	b = slices.Grow(b, n)[:at+n]
	clear(b[at:])
	return b
}

// AppendPing appends a PING.
func AppendPing(b []byte) []byte { return append(b, byte(Ping)) }

// AppendFloor appends a FLOOR: the peer need not acknowledge packets below pn
// any more.
func AppendFloor(b []byte, pn uint64) []byte {
	return AppendVarint(append(b, byte(Floor)), pn)
}

// Parameters of a HELLO, by number.
const (
	paramMaxDatagram = 1 + iota
	paramIdleTimeout
	paramMaxAckDelay
	paramMaxData
	paramMaxStreamData
	paramMaxStreams
	paramMaxRate
	paramMaxParity
)

// HelloMax is the most that AppendHello writes, in bytes.
const HelloMax = 1 + 1 + 8*(1+8)

// AppendHello appends a HELLO with the fields of h that are not zero.
func AppendHello(b []byte, h *Hello) []byte {
	b = append(b, byte(Greeting), 0)
	count := len(b) - 1
	for _, p := range [...]struct {
		id    byte
		value uint64
	}{
		{paramMaxDatagram, h.MaxDatagram},
		{paramIdleTimeout, uint64(max(h.IdleTimeout, 0) / time.Millisecond)},
		{paramMaxAckDelay, uint64(max(h.MaxAckDelay, 0) / time.Microsecond)},
		{paramMaxData, h.MaxData},
		{paramMaxStreamData, h.MaxStreamData},
		{paramMaxStreams, h.MaxStreams},
		{paramMaxRate, h.MaxRate},
		{paramMaxParity, h.MaxParity},
	} {
		if p.value != 0 {
			b = AppendVarint(append(b, p.id), p.value)
			b[count]++
		}
	}
	return b
}

// OpenSize is how many bytes AppendOpen writes.
func OpenSize(stream uint64, destination string) int {
	return 1 + VarintLen(stream) + VarintLen(uint64(len(destination))) + len(destination)
}

// AppendOpen appends an OPEN. The destination has 1 to MaxDestination bytes.
func AppendOpen(b []byte, stream uint64, destination string) []byte {
	if len(destination) == 0 || len(destination) > MaxDestination {
		panic("wire: destination empty or too long")
	}
	b = AppendVarint(append(b, byte(Open)), stream)
	return appendText(b, destination)
}

// StreamOverhead is how many bytes AppendStream writes beside the data when
// the frame is the last of its packet.
func StreamOverhead(stream, offset uint64) int {
	return 1 + VarintLen(stream) + VarintLen(offset)
}

// StreamOverheadLen is how many bytes AppendStream writes beside n bytes of
// data when other frames follow.
func StreamOverheadLen(stream, offset uint64, n int) int {
	return StreamOverhead(stream, offset) + VarintLen(uint64(n))
}

// AppendStream appends a STREAM with data, and with the end of the stream
// after it if fin. If last, no length is written and the data reaches to the
// end of the packet: nothing may follow the frame.
func AppendStream(b []byte, stream, offset uint64, data []byte, fin, last bool) []byte {
	b = AppendStreamHead(b, stream, offset, len(data), fin, last)
	return append(b, data...)
}

// AppendStreamHead appends what comes before the n bytes of data in a STREAM;
// the caller appends these itself. See AppendStream.
func AppendStreamHead(b []byte, stream, offset uint64, n int, fin, last bool) []byte {
	t := withFin(Stream, fin)
	if !last {
		t |= streamLen
	}
	b = AppendVarint(AppendVarint(append(b, t), stream), offset)
	if !last {
		b = AppendVarint(b, uint64(n))
	}
	return b
}

// ParityOverhead is how many bytes AppendParity writes beside the rows, at most.
func ParityOverhead(stream, offset uint64) int {
	return 1 + VarintLen(stream) + VarintLen(offset) + VarintLen(MaxGroup) + VarintLen(MaxRows) + VarintLen(MaxRows) + VarintLen(MaxRow)
}

// AppendParity appends a PARITY with rows of piece bytes each of the group of length bytes at an offset,
// from row on, of so many in all. With fin the stream ends with the group. Nothing may
// follow the frame.
func AppendParity(b []byte, stream, offset uint64, length, rows, row, piece int, data []byte, fin bool) []byte {
	b = AppendVarint(AppendVarint(append(b, withFin(Parity, fin)), stream), offset)
	b = AppendVarint(AppendVarint(b, uint64(length)), uint64(rows))
	b = AppendVarint(AppendVarint(b, uint64(row)), uint64(piece))
	return append(b, data...)
}

// AppendRepaired appends a REPAIRED: all of the stream up to offset has come, and with fin that is its end.
func AppendRepaired(b []byte, stream, offset uint64, fin bool) []byte {
	return AppendVarint(AppendVarint(append(b, withFin(Repaired, fin)), stream), offset)
}

func withFin(t FrameType, fin bool) byte {
	if fin {
		t |= streamFin
	}
	return byte(t)
}

// ResetSize is how many bytes AppendReset writes.
func ResetSize(stream uint64, code Code, size uint64, reason string) int {
	n := min(len(reason), MaxReason)
	return 1 + VarintLen(stream) + VarintLen(uint64(code)) + VarintLen(size) + VarintLen(uint64(n)) + n
}

// AppendReset appends a RESET: size is how many bytes of the stream were sent
// in all. A reason longer than MaxReason is cut.
func AppendReset(b []byte, stream uint64, code Code, size uint64, reason string) []byte {
	b = AppendVarint(append(b, byte(Reset)), stream)
	b = AppendVarint(AppendVarint(b, uint64(code)), size)
	return appendText(b, reason[:min(len(reason), MaxReason)])
}

// AppendStop appends a STOP.
func AppendStop(b []byte, stream uint64, code Code) []byte {
	return AppendVarint(AppendVarint(append(b, byte(Stop)), stream), uint64(code))
}

// AppendMaxData appends a MAX_DATA: bytes in all that the peer may send.
func AppendMaxData(b []byte, n uint64) []byte {
	return AppendVarint(append(b, byte(MaxData)), n)
}

// AppendMaxStreamData appends a MAX_STREAM_DATA: bytes in all that the peer may
// send on the stream.
func AppendMaxStreamData(b []byte, stream, n uint64) []byte {
	return AppendVarint(AppendVarint(append(b, byte(MaxStreamData)), stream), n)
}

// AppendMaxStreams appends a MAX_STREAMS: streams in all that the peer may
// have opened.
func AppendMaxStreams(b []byte, n uint64) []byte {
	return AppendVarint(append(b, byte(MaxStreams)), n)
}

// RatesMax is the most that AppendRates writes, in bytes.
const RatesMax = 1 + 8 + 1 + 1 + 8 + 8

// AppendRates appends a RATES: target and least are in bytes per second, 0 for
// none; the session is one of so many that take the share of one, at least 1.
func AppendRates(b []byte, seq uint64, policy, sessions uint8, target, least uint64) []byte {
	b = AppendVarint(append(b, byte(Rates)), seq)
	b = append(b, policy, max(sessions, 1))
	return AppendVarint(AppendVarint(b, target), least)
}

// AppendPathChallenge appends a PATH_CHALLENGE.
func AppendPathChallenge(b []byte, token [8]byte) []byte {
	return append(append(b, byte(PathChallenge)), token[:]...)
}

// AppendPathResponse appends a PATH_RESPONSE.
func AppendPathResponse(b []byte, token [8]byte) []byte {
	return append(append(b, byte(PathResponse)), token[:]...)
}

// AppendClose appends a CLOSE. A reason longer than MaxReason is cut.
func AppendClose(b []byte, code Code, reason string) []byte {
	b = AppendVarint(append(b, byte(Close)), uint64(code))
	return appendText(b, reason[:min(len(reason), MaxReason)])
}

func appendText(b []byte, s string) []byte {
	return append(AppendVarint(b, uint64(len(s))), s...)
}
