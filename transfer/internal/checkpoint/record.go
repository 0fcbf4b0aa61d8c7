package checkpoint

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
)

// A file begins with a preamble:
//
//	7 bytes   "icosckp"
//	1 byte    version of the format
//	4 bytes   id of the process that opened it last, little endian; not under any CRC
//	4 bytes   zero
//
// and goes on with records:
//
//	1 byte    kind
//	4 bytes   length of the payload, little endian
//	4 bytes   CRC-32C of the kind, the length and the payload, little endian
//	payload
const (
	magic        = "icosckp"
	version      = 1
	preambleSize = 16
	prefixSize   = 9
	maxRecord    = 4 << 20   // bytes of payload
	maxFile      = 256 << 20 // bytes; more is never written nor read
	maxPieces    = 1 << 20   // in one checkpoint, for the sake of memory
)

// Kinds of records. Each takes the place of earlier ones of its kind, pieces
// those of their Number only.
const (
	kindIdentity byte = 1 + iota // and whether it is a job's
	kindHeader                   // and forgets all pieces before it
	kindPiece
	kindState
)

// contents is what the records of a file amount to.
type contents struct {
	known    bool // identity and job were there
	identity Identity
	job      bool
	header   *Header
	pieces   map[int]Piece
	bytes    int64 // sum of the lengths of pieces
	state    *State
}

// fields are those of the identity record.
func (c *contents) fields(codec *codec) {
	c.identity.fields(codec)
	codec.bool(&c.job)
}

// first returns the record a file begins with.
func (c *contents) first() []byte { return appendRecord(nil, kindIdentity, encode(c)) }

func (c *contents) begin(h Header) {
	c.header, c.pieces, c.bytes = &h, nil, 0
}

func (c *contents) add(p Piece) {
	if c.pieces == nil {
		c.pieces = map[int]Piece{}
	}
	c.bytes += p.Length - c.pieces[p.Number].Length
	c.pieces[p.Number] = p
}

// A VersionError is returned for a checkpoint that a newer icos wrote. It is
// left alone.
type VersionError struct {
	Version int // of the file's format
}

// Error says what to do.
func (e *VersionError) Error() string {
	return fmt.Sprintf("checkpoint has format %d, and this icos knows %d: go on with the icos that wrote it, or remove the job", e.Version, version)
}

// errTorn is where the good records end.
var errTorn = errors.New("torn record")

func appendRecord(b []byte, kind byte, payload []byte) []byte {
	start := len(b)
	b = append(b, kind)
	b = binary.LittleEndian.AppendUint32(b, uint32(len(payload)))
	sum := recordSum(b[start:], payload)
	b = binary.LittleEndian.AppendUint32(b, sum)
	return append(b, payload...)
}

func recordSum(prefix, payload []byte) uint32 {
	table := crc32.MakeTable(crc32.Castagnoli)
	return crc32.Update(crc32.Checksum(prefix, table), table, payload)
}

// readAll reads a file from its preamble on. It returns what the file says, and
// where its good records end: what follows is torn or garbage, and is of no
// account. A file with no good preamble has nothing in it, and ends at 0.
//
// The error is a *VersionError, or one of reading.
func readAll(r io.Reader) (c *contents, end int64, pid int, err error) {
	c = &contents{}
	br := bufio.NewReaderSize(io.LimitReader(r, maxFile), 32<<10)
	var head [preambleSize]byte
	if _, err := io.ReadFull(br, head[:]); err != nil {
		return c, 0, 0, torn(err)
	}
	if string(head[:len(magic)]) != magic || head[len(magic)] == 0 {
		return c, 0, 0, nil
	}
	if v := head[len(magic)]; v != version {
		return c, 0, 0, &VersionError{Version: int(v)}
	}
	pid = int(binary.LittleEndian.Uint32(head[8:]))
	var payload []byte
	for end = preambleSize; ; {
		kind, p, err := readRecord(br, payload)
		if err != nil {
			return c, end, pid, torn(err)
		}
		if !c.take(kind, p) {
			return c, end, pid, nil
		}
		payload = p[:0]
		end += prefixSize + int64(len(p))
	}
}

// torn returns nil for what a crash leaves behind.
func torn(err error) error {
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, errTorn) {
		return nil
	}
	return fmt.Errorf("read checkpoint: %w", err)
}

// readRecord reads one record into buf, which it returns grown.
func readRecord(r io.Reader, buf []byte) (kind byte, payload []byte, err error) {
	var prefix [prefixSize]byte
	if _, err := io.ReadFull(r, prefix[:]); err != nil {
		return 0, nil, err
	}
	length := binary.LittleEndian.Uint32(prefix[1:])
	if length > maxRecord {
		return 0, nil, errTorn
	}
	// A length that is not true shall not cost more memory than there are bytes.
	payload = buf[:0]
	for rest := int(length); rest > 0; {
		n := min(rest, 64<<10)
		have := len(payload)
		payload = append(payload, make([]byte, n)...)
		if _, err := io.ReadFull(r, payload[have:]); err != nil {
			return 0, nil, err
		}
		rest -= n
	}
	if recordSum(prefix[:5], payload) != binary.LittleEndian.Uint32(prefix[5:]) {
		return 0, nil, errTorn
	}
	return prefix[0], payload, nil
}

// take applies a record; false if it does not hold what its kind should, which
// no crash does to a record whose CRC is right.
func (c *contents) take(kind byte, payload []byte) bool {
	if c.known == (kind == kindIdentity) { // it is the first, and there is one
		return false
	}
	switch kind {
	case kindIdentity:
		c.known = decode(payload, c) == nil
		return c.known
	case kindHeader:
		var h Header
		if decode(payload, &h) != nil {
			return false
		}
		c.begin(h)
	case kindPiece:
		var p Piece
		if decode(payload, &p) != nil || p.Length < 0 || p.Offset < 0 || len(c.pieces) >= maxPieces {
			return false
		}
		c.add(p)
	case kindState:
		var s State
		if decode(payload, &s) != nil {
			return false
		}
		c.state = &s
	default:
		return false
	}
	return true
}
