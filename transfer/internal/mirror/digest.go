package mirror

import (
	"crypto/md5"
	"encoding/base64"
	"encoding/hex"
	"hash"
	"strconv"
	"strings"

	"github.com/icos-go/icos/s3"
)

// A digest is what the content of a file must have for it to be that of an object.
type digest struct {
	name string // of the algorithm
	new  func() hash.Hash
	part int64 // size in bytes of the parts that are summed by themselves; 0: of the whole
	want string
	hex  bool // want is hexadecimal, as an ETag is; otherwise base64, as a checksum is
}

// of returns the digest as its want is written, given the hash of the whole content, or that
// of the hashes of n parts.
func (d *digest) of(sum []byte, n int) string {
	s := base64.StdEncoding.EncodeToString(sum)
	if d.hex {
		s = hex.EncodeToString(sum)
	}
	if d.part > 0 {
		s += "-" + strconv.Itoa(n)
	}
	return s
}

// md5Of returns the digest that an ETag is, if isMD5 or partsOf say that it is one.
func md5Of(etag string) digest { return digest{name: "MD5", new: md5.New, want: etag, hex: true} }

// isMD5 reports whether an ETag looks like the MD5 of the object.
func isMD5(etag string) bool {
	if len(etag) != 2*md5.Size {
		return false
	}
	_, err := hex.DecodeString(etag)
	return err == nil
}

// partsOf returns of how many parts an ETag says that the object was made, 0 if it does not.
func partsOf(etag string) int64 {
	sum, count, ok := strings.Cut(etag, "-")
	if !ok || !isMD5(sum) {
		return 0
	}
	n, err := strconv.ParseInt(count, 10, 32)
	if err != nil || n < 1 || n > 10_000 {
		return 0
	}
	return n
}

// isWhole reports whether a checksum is over the bytes of the object, and can be computed.
func isWhole(sum s3.Checksum) bool {
	return sum.Value != "" && sum.Type != s3.Composite && !strings.Contains(sum.Value, "-") && sum.Algorithm.New() != nil
}
