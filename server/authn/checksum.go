package authn

import (
	"crypto/md5"
	"crypto/sha1"
	"crypto/sha256"
	"encoding/base64"
	"hash"
	"hash/crc32"
	"net/http"
	"strings"

	"github.com/minio/crc64nvme"
)

// An algorithm is one of the body checksums of S3.
type algorithm struct {
	name   string // as in x-amz-checksum-algorithm
	header string // in the spelling of http.Header
	size   int    // bytes
	new    func() hash.Hash
}

// algorithmOf returns the algorithm of a header or trailer, named in the
// spelling of http.Header.
func algorithmOf(header string) (algorithm, bool) {
	switch header {
	case "X-Amz-Checksum-Crc32":
		return algorithm{"CRC32", header, crc32.Size, func() hash.Hash { return crc32.NewIEEE() }}, true
	case "X-Amz-Checksum-Crc32c":
		return algorithm{"CRC32C", header, crc32.Size, func() hash.Hash { return crc32.New(crc32.MakeTable(crc32.Castagnoli)) }}, true
	case "X-Amz-Checksum-Crc64nvme":
		return algorithm{"CRC64NVME", header, crc64nvme.Size, func() hash.Hash { return crc64nvme.New() }}, true
	case "X-Amz-Checksum-Sha1":
		return algorithm{"SHA1", header, sha1.Size, sha1.New}, true
	case "X-Amz-Checksum-Sha256":
		return algorithm{"SHA256", header, sha256.Size, sha256.New}, true
	}
	return algorithm{}, false
}

// A digest is a hash of the body and the value it must have.
type digest struct {
	name   string // for messages: Content-MD5, or the algorithm's name
	hash   hash.Hash
	size   int
	want   string // base64; "" until the trailer has come
	header bool   // want came as a header, not as a trailer
}

// set takes what the client says the digest is.
func (d *digest) set(value string) *Error {
	b, err := base64.StdEncoding.Strict().DecodeString(value)
	if err != nil || len(b) != d.size {
		return invalidDigest(d.name)
	}
	d.want = value
	return nil
}

func (d *digest) matches() bool {
	// Not a secret: the client computed it from bytes it sent.
	return base64.StdEncoding.EncodeToString(d.hash.Sum(nil)) == d.want
}

// contentMD5 returns nil if the request has no Content-MD5.
func contentMD5(h http.Header) (*digest, *Error) {
	values, ok := h["Content-Md5"]
	if !ok {
		return nil, nil
	}
	d := &digest{name: "Content-MD5", hash: md5.New(), size: md5.Size, header: true}
	if len(values) != 1 {
		return nil, invalidDigest(d.name)
	}
	return d, d.set(values[0])
}

// checksum returns the one checksum that comes with a body, as a header or as
// the trailer that the request announces; nil if there is none.
func checksum(h http.Header, framed bool) (*digest, *Error) {
	var found *digest
	for name, values := range h {
		if !strings.HasPrefix(name, "X-Amz-Checksum-") || notOfBody(name) {
			continue
		}
		alg, ok := algorithmOf(name)
		switch {
		case !ok:
			return nil, invalidRequest("The checksum algorithm of the header " + strings.ToLower(name) + " is not supported.")
		case found != nil || len(values) != 1:
			return nil, severalChecksums()
		}
		found = &digest{name: alg.name, hash: alg.new(), size: alg.size, header: true}
		if refusal := found.set(values[0]); refusal != nil {
			return nil, refusal
		}
	}
	if trailers := h["X-Amz-Trailer"]; framed && len(trailers) > 0 {
		alg, ok := algorithmOf(http.CanonicalHeaderKey(strings.TrimSpace(trailers[0])))
		switch {
		case found != nil || len(trailers) > 1 || strings.Contains(trailers[0], ","):
			return nil, severalChecksums()
		case !ok:
			return nil, invalidRequest("The value specified in the x-amz-trailer header is not supported")
		}
		found = &digest{name: alg.name, hash: alg.new(), size: alg.size}
	}
	return found, checkSDKAlgorithm(h, found)
}

// notOfBody reports whether an x-amz-checksum- header says something else
// than a checksum.
func notOfBody(name string) bool {
	return name == "X-Amz-Checksum-Algorithm" || name == "X-Amz-Checksum-Type" || name == "X-Amz-Checksum-Mode"
}

// checkSDKAlgorithm holds a request to the algorithm it announces.
func checkSDKAlgorithm(h http.Header, found *digest) *Error {
	switch announced := h.Get("X-Amz-Sdk-Checksum-Algorithm"); {
	case announced == "":
		return nil
	case found == nil:
		return invalidRequest("x-amz-sdk-checksum-algorithm specified, but no corresponding x-amz-checksum-* or x-amz-trailer headers were found.")
	case !strings.EqualFold(announced, found.name):
		return invalidRequest("Value for x-amz-sdk-checksum-algorithm header is invalid.")
	}
	return nil
}

func severalChecksums() *Error {
	return invalidRequest("Expecting a single x-amz-checksum- header. Multiple checksum Types are not allowed.")
}
