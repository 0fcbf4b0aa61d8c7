package sigv4

import (
	"crypto/sha256"
	"encoding/hex"
	"sync"
	"time"
)

// StringToSign returns what is signed for a canonical request:
//
//	AWS4-HMAC-SHA256 \n time \n scope \n hex(SHA-256(canonical request))
func StringToSign(t time.Time, s Scope, canonical []byte) []byte {
	return appendStringToSign(nil, t, s, canonical)
}

func appendStringToSign(dst []byte, t time.Time, s Scope, canonical []byte) []byte {
	digest := sha256.Sum256(canonical)
	dst = appendPreamble(dst, Algorithm, t, s)
	return hex.AppendEncode(dst, digest[:])
}

func appendPreamble(dst []byte, algorithm string, t time.Time, s Scope) []byte {
	dst = append(dst, algorithm...)
	dst = append(dst, '\n')
	dst = appendTime(dst, t)
	dst = append(dst, '\n')
	dst = s.append(dst)
	return append(dst, '\n')
}

// buffers hold a canonical request while it is hashed. A large one is dropped
// rather than kept.
var buffers = sync.Pool{New: func() any { return new(buffer) }}

const keptBuffer = 16 << 10

type buffer struct{ b []byte }

// Signature returns the signature of in at time t, in hex: CanonicalRequest,
// StringToSign and Sign in one, for the hot path.
func Signature(k Key, in *Input, t time.Time, s Scope) string {
	buf := buffers.Get().(*buffer)
	canonical := AppendCanonicalRequest(buf.b[:0], in)
	var room [256]byte
	signature := k.Sign(appendStringToSign(room[:0], t, s, canonical))
	if cap(canonical) <= keptBuffer {
		buf.b = canonical
		buffers.Put(buf)
	}
	return signature
}

// ChunkStringToSign returns what is signed for one chunk of a StreamingSigned body.
// previous is the signature of the chunk before, or of the request for the first
// chunk; chunkSHA256 is the hex digest of the chunk's data, EmptySHA256 for the
// last one.
func ChunkStringToSign(t time.Time, s Scope, previous, chunkSHA256 string) []byte {
	b := appendPreamble(make([]byte, 0, 320), "AWS4-HMAC-SHA256-PAYLOAD", t, s)
	b = append(b, previous...)
	b = append(b, '\n')
	b = append(b, EmptySHA256...) // the digest of the chunk's headers, always none
	b = append(b, '\n')
	return append(b, chunkSHA256...)
}

// TrailerStringToSign returns what is signed for the trailers of a
// StreamingSignedTrailer body. previous is the signature of the last, empty chunk;
// trailerSHA256 is the hex digest of the trailers, each written "name:value\n".
func TrailerStringToSign(t time.Time, s Scope, previous, trailerSHA256 string) []byte {
	b := appendPreamble(make([]byte, 0, 256), "AWS4-HMAC-SHA256-TRAILER", t, s)
	b = append(b, previous...)
	b = append(b, '\n')
	return append(b, trailerSHA256...)
}
