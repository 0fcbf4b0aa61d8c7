package authn

import (
	"crypto/sha256"
	"crypto/subtle"
	"encoding/hex"
	"errors"
	"hash"
	"io"
	"net/http"
	"strconv"
	"strings"

	"github.com/icos-go/icos/internal/sigv4"
)

// A body is the decoded payload; it checks while it is read. It holds back the
// last bytes of a payload that turns out wrong, so that even a reader that
// stops at the announced length, without asking for io.EOF, sees the error.
type body struct {
	src    io.Reader
	left   int64 // bytes still to come; -1 if the length is unknown
	sha256 hash.Hash
	want   [sha256.Size]byte // of sha256
	md5    *digest
	sum    *digest
	err    error // sticky: io.EOF, or what went wrong
}

// Read implements io.Reader.
func (b *body) Read(p []byte) (int, error) {
	if b.err != nil {
		return 0, b.err
	}
	if len(p) == 0 {
		return 0, nil
	}
	n, err := b.src.Read(p)
	b.update(p[:n])
	if b.left >= 0 {
		b.left -= int64(n)
		if b.left < 0 {
			err = incompleteBody("The request body is longer than announced.")
		} else if b.left == 0 && err == nil {
			err = expectEOF(b.src)
		}
	}
	if err == nil {
		return n, nil
	}
	if err == io.EOF {
		err = b.finish()
	}
	if err == io.EOF {
		b.err = err
		return n, err
	}
	b.err = asRefusal(err)
	return 0, b.err
}

func (b *body) update(p []byte) {
	if b.sha256 != nil {
		b.sha256.Write(p)
	}
	if b.md5 != nil {
		b.md5.hash.Write(p)
	}
	if b.sum != nil {
		b.sum.hash.Write(p)
	}
}

// expectEOF reads what follows the last byte: nothing, or the end of framing.
func expectEOF(r io.Reader) error {
	var extra [1]byte
	for {
		n, err := r.Read(extra[:])
		if n > 0 {
			return incompleteBody("The request body is longer than announced.")
		}
		if err != nil {
			return err
		}
	}
}

// finish returns io.EOF if everything the client said of its body is true.
func (b *body) finish() error {
	if b.left > 0 {
		return incompleteBody("The request body is shorter than announced.")
	}
	if b.sha256 != nil {
		var got [sha256.Size]byte
		if subtle.ConstantTimeCompare(b.sha256.Sum(got[:0]), b.want[:]) != 1 {
			return refuse(http.StatusBadRequest, "XAmzContentSHA256Mismatch",
				"The provided 'x-amz-content-sha256' header does not match what was computed.")
		}
	}
	if b.md5 != nil && !b.md5.matches() {
		return badDigest(b.md5.name)
	}
	if b.sum != nil {
		if b.sum.want == "" {
			return malformedTrailer()
		}
		if !b.sum.matches() {
			return badDigest(b.sum.name)
		}
	}
	return io.EOF
}

func (b *body) checksum() (algorithm, value string, ok bool) {
	if b.err != io.EOF || b.sum == nil {
		return "", "", false
	}
	return b.sum.name, b.sum.want, true
}

// bodyError says what an error of the transport means.
func bodyError(err error) *Error {
	if tooLarge, ok := errors.AsType[*http.MaxBytesError](err); ok {
		return refuse(http.StatusBadRequest, "EntityTooLarge",
			"Your proposed upload exceeds the maximum allowed size of "+strconv.FormatInt(tooLarge.Limit, 10)+" bytes.")
	}
	return incompleteBody("The request body ended before its announced length.")
}

func asRefusal(err error) *Error {
	if refusal, ok := errors.AsType[*Error](err); ok {
		return refusal
	}
	return bodyError(err)
}

// result prepares the body of a request whose sender is known.
func (c *claim) result(r *http.Request) (*Result, *Error) {
	p, refusal := parsePayload(r, c.payload)
	if refusal != nil {
		return nil, refusal
	}
	if p.signed && c.chunks == nil {
		return nil, invalidRequest("A signed stream needs a Version 4 signature in the Authorization header or query.")
	}
	b := &body{src: c.body, left: p.length, want: p.sum}
	if b.src == nil {
		b.src = r.Body
	}
	if b.src == nil {
		b.src = http.NoBody
	}
	if p.hashed {
		b.sha256 = sha256.New()
	}
	if b.md5, refusal = contentMD5(r.Header); refusal != nil {
		return nil, refusal
	}
	if !completesUpload(r) {
		if b.sum, refusal = checksum(r.Header, p.framed); refusal != nil {
			return nil, refusal
		}
	}
	if p.framed {
		cr := newChunkReader(b.src, p.length)
		if p.signed {
			cr.signer = c.chunks
		}
		cr.signedTrailer = p.signed && p.trailer
		if b.sum != nil && !b.sum.header {
			cr.trailer, cr.onTrailer = strings.ToLower(strings.TrimSpace(r.Header.Get("X-Amz-Trailer"))), b.sum.set
		}
		b.src = cr
	} else if p.length == 0 {
		// Nobody reads an empty body, so its digests are checked here.
		if err := b.finish(); err != io.EOF {
			return nil, asRefusal(err)
		}
		b.err = io.EOF
	}
	return &Result{
		Principal:       c.principal,
		Body:            b,
		Length:          p.length,
		Scheme:          c.scheme,
		Checksum:        b.checksum,
		ContentEncoding: p.encoding,
		Integrity:       b.md5 != nil || b.sum != nil,
	}, nil
}

// completesUpload reports whether r is a CompleteMultipartUpload, whose
// x-amz-checksum-* headers are about the object and not about the body.
func completesUpload(r *http.Request) bool {
	if r.Method != http.MethodPost {
		return false
	}
	for pair := range strings.SplitSeq(r.URL.RawQuery, "&") {
		if name, _, _ := strings.Cut(pair, "="); name == "uploadId" {
			return true
		}
	}
	return false
}

// A payload is what the headers say about the body.
type payload struct {
	framed   bool // in aws-chunked framing
	signed   bool // each chunk is signed
	trailer  bool // trailers may follow the last chunk
	hashed   bool // sum is the SHA-256 of the body
	sum      [sha256.Size]byte
	length   int64  // of the decoded body; -1 if unknown
	encoding string // Content-Encoding without aws-chunked
}

// parsePayload reads declared, the value of x-amz-content-sha256, and the
// headers that go with it. Without such a value, as under a bearer token, a
// framed body is recognised by Content-Encoding or x-amz-trailer.
func parsePayload(r *http.Request, declared string) (payload, *Error) {
	p := payload{length: r.ContentLength}
	encoding := strings.Join(r.Header["Content-Encoding"], ",")
	rest, chunked := cutChunked(encoding)
	announced := len(r.Header["X-Amz-Trailer"]) > 0
	switch declared {
	case sigv4.StreamingSigned:
		p.framed, p.signed = true, true
	case sigv4.StreamingSignedTrailer:
		p.framed, p.signed, p.trailer = true, true, true
	case sigv4.StreamingUnsignedTrailer:
		p.framed, p.trailer = true, true
	case "", sigv4.UnsignedPayload:
		p.framed = chunked || announced
		p.trailer = p.framed
	default:
		n, err := hex.Decode(p.sum[:], []byte(truncate(declared)))
		if err != nil || n != sha256.Size || len(declared) != 2*sha256.Size {
			return p, invalidArgument("x-amz-content-sha256 must be UNSIGNED-PAYLOAD, " +
				"STREAMING-UNSIGNED-PAYLOAD-TRAILER, STREAMING-AWS4-HMAC-SHA256-PAYLOAD, " +
				"STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER or a valid sha256 value.")
		}
		p.hashed = true
	}
	p.encoding = encoding
	if !p.framed {
		return p, nil
	}
	p.encoding = rest
	if announced && !p.trailer {
		return p, invalidRequest("x-amz-trailer needs an x-amz-content-sha256 that ends in -TRAILER.")
	}
	var refusal *Error
	p.length, refusal = decodedLength(r.Header, declared)
	return p, refusal
}

// truncate keeps hex.Decode within its destination.
func truncate(s string) string { return s[:min(len(s), 2*sha256.Size)] }

// cutChunked removes the aws-chunked token from a Content-Encoding.
func cutChunked(encoding string) (rest string, found bool) {
	var kept []string
	for token := range strings.SplitSeq(encoding, ",") {
		token = strings.TrimSpace(token)
		if strings.EqualFold(token, "aws-chunked") {
			found = true
		} else if token != "" {
			kept = append(kept, token)
		}
	}
	return strings.Join(kept, ", "), found
}

// decodedLength returns -1 for a framed body that need not say its length,
// because no x-amz-content-sha256 says that it is a stream.
func decodedLength(h http.Header, declared string) (int64, *Error) {
	values := h["X-Amz-Decoded-Content-Length"]
	if len(values) == 0 && !strings.HasPrefix(declared, "STREAMING-") {
		return -1, nil
	}
	if len(values) == 0 {
		return 0, refuse(http.StatusLengthRequired, "MissingContentLength",
			"You must provide the x-amz-decoded-content-length HTTP header.")
	}
	n, err := strconv.ParseUint(values[0], 10, 63)
	if err != nil || len(values) > 1 {
		return 0, invalidArgument("x-amz-decoded-content-length is not a length in bytes.")
	}
	return int64(n), nil
}
