package multipart

import (
	"encoding/base64"
	"encoding/binary"
	"hash"
	"io"

	"github.com/icos-go/icos/internal/crc"
	"github.com/icos-go/icos/s3"
)

// A digest sums the bytes of a piece: with the CRC that goes into the checkpoint, and with what
// the service is told, if that is another.
type digest struct {
	crc   hash.Hash
	other hash.Hash // nil if the service gets the CRC, or nothing
	wire  s3.ChecksumAlgorithm
}

// sums says what the pieces of an object are summed with.
type sums struct {
	crc  crc.Algorithm        // of the checkpoint, and of the whole
	wire s3.ChecksumAlgorithm // of the service; NoChecksum: it is told nothing
}

// sumsFor returns those that go with what a client checks uploads with.
func sumsFor(wire s3.ChecksumAlgorithm) sums {
	if a, ok := crc.Parse(string(wire)); ok {
		return sums{a, wire}
	}
	return sums{crc.CRC32C, wire}
}

// whole says whether the CRC of the whole, put together from the pieces, is what the
// service has, too.
func (s sums) whole() bool { return string(s.wire) == s.crc.String() }

func (s sums) new() *digest {
	d := &digest{crc: s3.ChecksumAlgorithm(s.crc.String()).New(), wire: s.wire}
	if !s.whole() {
		d.other = s.wire.New()
	}
	return d
}

// Write implements io.Writer. It never fails.
func (d *digest) Write(p []byte) (int, error) {
	_, _ = d.crc.Write(p)
	if d.other != nil {
		_, _ = d.other.Write(p)
	}
	return len(p), nil
}

// sum returns the CRC.
func (d *digest) sum() uint64 { return sumOf(d.crc) }

// checksum returns what the service is told.
func (d *digest) checksum() s3.Checksum {
	if d.wire == s3.NoChecksum {
		return s3.Checksum{Algorithm: s3.NoChecksum}
	}
	h := d.other
	if h == nil {
		h = d.crc
	}
	return s3.Checksum{Algorithm: d.wire, Value: base64.StdEncoding.EncodeToString(h.Sum(nil))}
}

// sumOf returns the value of a CRC of 4 or 8 bytes.
func sumOf(h hash.Hash) uint64 {
	var b [8]byte
	switch sum := h.Sum(b[:0]); len(sum) {
	case 4:
		return uint64(binary.BigEndian.Uint32(sum))
	case 8:
		return binary.BigEndian.Uint64(sum)
	}
	panic("multipart: not a CRC")
}

// bytesOf returns a CRC as its hash does.
func bytesOf(a crc.Algorithm, v uint64) []byte {
	return binary.BigEndian.AppendUint64(nil, v)[8-a.Size():]
}

// encodeSum writes a CRC as the wire has it.
func encodeSum(a crc.Algorithm, v uint64) string {
	return base64.StdEncoding.EncodeToString(bytesOf(a, v))
}

// decodeSum reads a CRC as the wire has it.
func decodeSum(a crc.Algorithm, s string) (uint64, bool) {
	sum, err := base64.StdEncoding.DecodeString(s)
	if err != nil || len(sum) != a.Size() {
		return 0, false
	}
	var b [8]byte
	copy(b[8-len(sum):], sum)
	return binary.BigEndian.Uint64(b[:]), true
}

// bufferSize is that of the pieces in which bytes are read and written, in bytes.
// They stay in the cache of the processor while they are summed.
const bufferSize = 256 << 10

// buffer returns a buffer of bufferSize, to be given back to e.buffers.
func (e *Env) buffer() *[]byte {
	if b, ok := e.buffers.Get().(*[]byte); ok {
		return b
	}
	b := make([]byte, bufferSize)
	return &b
}

// sumFile writes length bytes at offset of a file to w. An end of the file before that is
// io.ErrUnexpectedEOF.
func (e *Env) sumFile(w io.Writer, f io.ReaderAt, offset, length int64) error {
	buf := e.buffer()
	defer e.buffers.Put(buf)
	for length > 0 {
		p := (*buf)[:min(int64(len(*buf)), length)]
		n, err := f.ReadAt(p, offset)
		_, _ = w.Write(p[:n]) // a hash never fails
		offset += int64(n)
		length -= int64(n)
		if length > 0 && err != nil {
			if err == io.EOF {
				err = io.ErrUnexpectedEOF
			}
			return err
		}
	}
	return nil
}
