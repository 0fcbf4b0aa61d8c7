package authn

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"hash"
	"io"
	"strings"
)

const (
	// maxChunkHeader bounds "hex size;chunk-signature=64 hex": 97 bytes with
	// the longest size.
	maxChunkHeader = 128
	// maxTrailers bounds everything after the last chunk.
	maxTrailers = 4 << 10
	// chunkBuffer is what one stream allocates; larger reads bypass it.
	chunkBuffer = 4 << 10
)

// A chunkReader removes aws-chunked framing:
//
//	(hex size [;chunk-signature=hex] \r\n  data \r\n)*
//	0 [;chunk-signature=hex] \r\n
//	(name:value \r\n)*  [x-amz-trailer-signature:hex \r\n]  \r\n
//
// as described in the Amazon S3 API reference, "Signature Calculations for the
// Authorization Header: Transferring Payload in Multiple Chunks". Data is
// handed out before the signature of its chunk is checked, so that a chunk of
// any size costs no memory; io.EOF comes only if all held.
type chunkReader struct {
	src           *bufio.Reader
	length        int64        // of all data; -1 if unknown
	signer        *chunkSigner // nil if chunks are not signed
	signedTrailer bool
	trailer       string                    // lower-case name of the one trailer expected; "" if none
	onTrailer     func(value string) *Error // gets its value

	total     int64 // data bytes announced so far
	left      int64 // data bytes left in this chunk
	inChunk   bool
	signature string // of this chunk
	hash      hash.Hash
	err       error // sticky
}

func newChunkReader(src io.Reader, length int64) *chunkReader {
	return &chunkReader{src: bufio.NewReaderSize(src, chunkBuffer), length: length}
}

// Read implements io.Reader.
func (c *chunkReader) Read(p []byte) (int, error) {
	for c.err == nil && c.left == 0 {
		c.err = c.next()
	}
	if c.err != nil {
		return 0, c.err
	}
	if int64(len(p)) > c.left {
		p = p[:c.left]
	}
	n, err := c.src.Read(p)
	c.left -= int64(n)
	if c.hash != nil {
		c.hash.Write(p[:n])
	}
	if err == io.EOF {
		err = io.ErrUnexpectedEOF
	}
	c.err = err
	return n, err
}

// next ends the chunk that was read to its end, if any, and begins the next.
// It returns io.EOF at the end of the stream.
func (c *chunkReader) next() error {
	if c.inChunk {
		if err := c.endChunk(); err != nil {
			return err
		}
	}
	line, err := c.line()
	if err != nil {
		return err
	}
	size, signature, refusal := parseChunkHeader(line, c.signer != nil)
	if refusal != nil {
		return refusal
	}
	if size == 0 {
		return c.end(signature)
	}
	if c.length >= 0 && size > c.length-c.total {
		return incompleteBody("The chunks hold more than x-amz-decoded-content-length.")
	}
	if c.total += size; c.total < 0 {
		return incompleteBody("The chunks hold more than any object can.")
	}
	c.inChunk, c.left, c.signature = true, size, signature
	if c.signer != nil {
		if c.hash == nil {
			c.hash = sha256.New()
		}
		c.hash.Reset()
	}
	return nil
}

func (c *chunkReader) endChunk() error {
	c.inChunk = false
	for _, want := range [...]byte{'\r', '\n'} {
		switch got, err := c.src.ReadByte(); {
		case err != nil:
			return unexpected(err)
		case got != want:
			return malformedChunk()
		}
	}
	if c.signer == nil {
		return nil
	}
	var sum [sha256.Size]byte
	c.hash.Sum(sum[:0])
	if !c.signer.chunk(c.signature, sum) {
		return signatureMismatch()
	}
	return nil
}

// end reads what follows the last chunk, whose header was just read.
func (c *chunkReader) end(signature string) error {
	if c.signer != nil && !c.signer.chunk(signature, sha256.Sum256(nil)) {
		return signatureMismatch()
	}
	if c.length >= 0 && c.total != c.length {
		return incompleteBody("The chunks hold less than x-amz-decoded-content-length.")
	}
	rest, err := io.ReadAll(io.LimitReader(c.src, maxTrailers+1))
	if err != nil {
		return unexpected(err)
	}
	if len(rest) > maxTrailers || !bytes.HasSuffix(rest, []byte("\r\n")) {
		return malformedTrailer()
	}
	if refusal := c.trailers(string(rest)); refusal != nil {
		return refusal
	}
	return io.EOF
}

// trailers reads the trailers. Lines may end in a bare line feed and be
// followed by empty lines, because the widely used minio-go sends
// "name:value\n\r\n"; everything else must be a trailer that was announced.
func (c *chunkReader) trailers(rest string) *Error {
	var canonical, signature string
	seen := false
	for line := range strings.SplitSeq(rest, "\n") {
		line = strings.TrimSuffix(line, "\r")
		if line == "" {
			continue
		}
		name, value, ok := strings.Cut(line, ":")
		name, value = strings.ToLower(name), strings.Trim(value, " \t")
		switch {
		case !ok || signature != "":
			return malformedTrailer()
		case name == "x-amz-trailer-signature" && c.signedTrailer:
			if value == "" {
				return malformedTrailer()
			}
			signature = value
		case name == c.trailer && c.trailer != "" && !seen:
			seen = true
			canonical = name + ":" + value + "\n"
			if refusal := c.onTrailer(value); refusal != nil {
				return refusal
			}
		default:
			return malformedTrailer()
		}
	}
	if seen != (c.trailer != "") {
		return malformedTrailer()
	}
	if c.signedTrailer && !c.signer.trailer(signature, []byte(canonical)) {
		return signatureMismatch()
	}
	return nil
}

// line reads a chunk header without its end of line. It is valid until the
// next read.
func (c *chunkReader) line() ([]byte, error) {
	b, err := c.src.ReadSlice('\n')
	if err != nil && err != bufio.ErrBufferFull {
		return nil, unexpected(err)
	}
	line, ok := bytes.CutSuffix(b, []byte("\r\n"))
	if err != nil || !ok || len(line) > maxChunkHeader {
		return nil, malformedChunk()
	}
	return line, nil
}

// parseChunkHeader reads a chunk header: a size in hexadecimal and, if and
// only if chunks are signed, the extension chunk-signature.
func parseChunkHeader(line []byte, signed bool) (size int64, signature string, refusal *Error) {
	digits, extension, extended := bytes.Cut(line, []byte(";"))
	if len(digits) == 0 || len(digits) > 16 || extended != signed {
		return 0, "", malformedChunk()
	}
	for _, c := range digits {
		d, ok := hexDigit(c)
		if !ok || size > (1<<63-1)>>4 {
			return 0, "", malformedChunk()
		}
		size = size<<4 | d
	}
	if !signed {
		return size, "", nil
	}
	value, ok := bytes.CutPrefix(extension, []byte("chunk-signature="))
	if !ok || len(value) != 2*sha256.Size {
		return 0, "", malformedChunk()
	}
	return size, string(value), nil
}

func hexDigit(c byte) (int64, bool) {
	switch {
	case '0' <= c && c <= '9':
		return int64(c - '0'), true
	case 'a' <= c && c <= 'f':
		return int64(c-'a') + 10, true
	case 'A' <= c && c <= 'F':
		return int64(c-'A') + 10, true
	}
	return 0, false
}

func malformedChunk() *Error {
	return incompleteBody("The aws-chunked framing of the request body is malformed.")
}

// unexpected turns an io.EOF inside the framing into what it is.
func unexpected(err error) error {
	if err == io.EOF {
		return io.ErrUnexpectedEOF
	}
	return err
}
