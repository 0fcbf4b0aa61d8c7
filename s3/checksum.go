package s3

import (
	"bytes"
	"crypto/sha1"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"hash"
	"hash/crc32"
	"io"
	"net/http"
	"strings"

	"github.com/minio/crc64nvme"
)

// A ChecksumAlgorithm is one of those the service can check a body with.
type ChecksumAlgorithm string

// The algorithms. CRC32C is what uploads use unless told otherwise: it costs
// as little as CRC64NVME, and more stores know it.
const (
	CRC32     ChecksumAlgorithm = "CRC32"
	CRC32C    ChecksumAlgorithm = "CRC32C"
	CRC64NVME ChecksumAlgorithm = "CRC64NVME"
	SHA1      ChecksumAlgorithm = "SHA1"
	SHA256    ChecksumAlgorithm = "SHA256"

	// NoChecksum sends no checksum, for stores that refuse the header.
	NoChecksum ChecksumAlgorithm = "NONE"
)

// The values of Checksum.Type.
const (
	FullObject = "FULL_OBJECT" // over the bytes of the object
	Composite  = "COMPOSITE"   // over the checksums of the parts; Value ends in "-N"
)

// A Checksum is a digest as the wire carries it. The zero value means none, or, in
// a request with a body, "compute the default".
type Checksum struct {
	Algorithm ChecksumAlgorithm
	Value     string // base64, big-endian for the CRCs; empty in a request: compute it
	Type      string // FullObject, Composite, or empty when the service does not say
}

// header is the name of the header that carries a value.
func (a ChecksumAlgorithm) header() string {
	switch a {
	case CRC32:
		return "X-Amz-Checksum-Crc32"
	case CRC32C:
		return "X-Amz-Checksum-Crc32c"
	case CRC64NVME:
		return "X-Amz-Checksum-Crc64nvme"
	case SHA1:
		return "X-Amz-Checksum-Sha1"
	case SHA256:
		return "X-Amz-Checksum-Sha256"
	}
	return ""
}

// algorithms returns all of them, cheapest first.
func algorithms() [5]ChecksumAlgorithm {
	return [...]ChecksumAlgorithm{CRC64NVME, CRC32C, CRC32, SHA256, SHA1}
}

// setSum sets the header of s, which has a value.
func (x *exchange) setSum(s Checksum) {
	if name := s.Algorithm.header(); name != "" {
		x.set(name, s.Value)
	}
	if s.Type != "" {
		x.set("X-Amz-Checksum-Type", s.Type)
	}
}

// setChecksum gives the body of x its checksum: the one the caller has, or one
// computed now if the body can be read twice. A stream is summed
// while it is sent, to be compared with what the answer says.
func (c *Client) setChecksum(x *exchange, sum Checksum) error {
	if sum.Algorithm == "" {
		sum.Algorithm = c.checksum
	}
	x.sum = sum
	switch {
	case sum.Algorithm == NoChecksum:
		return nil
	case sum.Algorithm.header() == "":
		return fmt.Errorf("checksum algorithm %q is not known", sum.Algorithm)
	case sum.Value != "":
		x.setSum(sum)
		return nil
	case x.body.stream != nil:
		return nil
	}
	d := sum.Algorithm.New()
	if err := c.sumBody(d, x.body); err != nil {
		return fmt.Errorf("checksum body: %w", err)
	}
	x.sum.Value, x.computed = sumValue(d), true
	x.setSum(x.sum)
	return nil
}

// sumBody writes the body to d. A body that the client keeps is read only once; a larger one is
// read a second time to be sent, because keeping it would cost memory without bound.
func (c *Client) sumBody(d hash.Hash, src *source) error {
	if src.kept != nil {
		d.Write(src.kept)
		return nil
	}
	if m, ok := src.at.(*bytes.Reader); ok && int64(m.Len()) == src.size {
		whole := *m // in memory already, and read where it is
		_, err := whole.WriteTo(d)
		return err
	}
	r, err := src.reader()
	if err != nil {
		return err
	}
	block := c.blocks.Get().(*[]byte)
	defer c.blocks.Put(block)
	n, err := io.CopyBuffer(d, r, *block)
	if err == nil && n < src.size {
		return src.short(n)
	}
	return err
}

// New returns a hash that computes the checksum, and nil for NoChecksum and names that are not known.
func (a ChecksumAlgorithm) New() hash.Hash {
	switch a {
	case CRC32:
		return crc32.NewIEEE()
	case CRC32C:
		return crc32.New(crc32.MakeTable(crc32.Castagnoli))
	case CRC64NVME:
		return crc64nvme.New()
	case SHA1:
		return sha1.New()
	case SHA256:
		return sha256.New()
	}
	return nil
}

// sumValue returns what h has summed, as the wire carries it.
func sumValue(h hash.Hash) string {
	var b [sha256.Size]byte
	return base64.StdEncoding.EncodeToString(h.Sum(b[:0]))
}

// checksumOf reads the checksum headers of an answer. Of several the cheapest to verify wins.
func checksumOf(h http.Header) Checksum {
	for _, a := range algorithms() {
		if v := h[a.header()]; len(v) > 0 && v[0] != "" {
			s := Checksum{Algorithm: a, Value: v[0], Type: h.Get("X-Amz-Checksum-Type")}
			if s.Type == "" && strings.Contains(s.Value, "-") {
				s.Type = Composite
			}
			return s
		}
	}
	return Checksum{}
}

// checkEcho compares the checksum of what was sent with the one that the answer says was stored.
func (x *exchange) checkEcho(h http.Header) error {
	if v := h[x.sum.Algorithm.header()]; x.sum.Value != "" && len(v) > 0 && v[0] != x.sum.Value {
		return fmt.Errorf("the service stored bytes with %s %s, sent were bytes with %s: %w", x.sum.Algorithm, v[0], x.sum.Value, ErrChecksum)
	}
	return nil
}
