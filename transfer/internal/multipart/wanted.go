package multipart

import (
	"crypto/fips140"
	"crypto/md5"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"hash"
	"strings"

	"github.com/icos-go/icos"
	"github.com/icos-go/icos/internal/crc"
	"github.com/icos-go/icos/s3"
)

// wanted is what the bytes of an object are compared with.
type wanted struct {
	checksum s3.Checksum // of the whole object; Value is "" if the service keeps none
	md5      string      // what the ETag is taken to be, in hexadecimal, if there is no checksum; "" if it cannot be
	unlike   bool        // the ETag turned out to be something else
}

// wantedOf finds out what the service keeps to compare the object with.
func wantedOf(info *icos.ObjectInfo) wanted {
	sum := info.Checksum
	// A checksum of the checksums of parts cannot be compared without the parts.
	if sum.Value != "" && sum.Type != s3.Composite && !strings.Contains(sum.Value, "-") && sum.Algorithm.New() != nil {
		return wanted{checksum: sum}
	}
	if raw, err := hex.DecodeString(info.ETag); err == nil && len(raw) == md5.Size && !fips140.Enforced() {
		return wanted{md5: strings.ToLower(info.ETag)}
	}
	return wanted{}
}

// crc returns what the pieces of the object are summed with.
func (w *wanted) crc() crc.Algorithm {
	if a, ok := crc.Parse(string(w.checksum.Algorithm)); ok {
		return a
	}
	return crc.CRC32C
}

// sequential returns the hash that needs the bytes of the object in their order; nil if the CRCs of
// the pieces will do, or there is nothing to compare with.
func (w *wanted) sequential() hash.Hash {
	if w.md5 != "" {
		return md5.New()
	}
	if _, ok := crc.Parse(string(w.checksum.Algorithm)); ok || w.checksum.Value == "" {
		return nil
	}
	return w.checksum.Algorithm.New()
}

// digest returns what sums the whole object when it comes in one piece.
func (w *wanted) digest() *digest {
	return &digest{crc: s3.ChecksumAlgorithm(w.crc().String()).New(), other: w.sequential()}
}

// compare says whether the bytes that d has summed are those of the object. twice says that they came twice
// in the same way, so that they are what the service has, whatever its ETag is.
func (w *wanted) compare(d *digest, twice bool) error {
	h := d.other
	if h == nil {
		h = d.crc
	}
	sum := h.Sum(nil)
	if w.md5 != "" && twice && hex.EncodeToString(sum) != w.md5 {
		w.unlike = true
		return nil
	}
	return w.match(sum)
}

// match says whether sum, of the whole object, is the one that the service keeps.
func (w *wanted) match(sum []byte) error {
	switch {
	case w.md5 != "":
		if got := hex.EncodeToString(sum); got != w.md5 {
			return fmt.Errorf("%w: the bytes have MD5 %s, the object has ETag %s", icos.ErrChecksum, got, w.md5)
		}
	case w.checksum.Value != "":
		if got := base64.StdEncoding.EncodeToString(sum); got != w.checksum.Value {
			return fmt.Errorf("%w: the bytes have %s %s, the object has %s", icos.ErrChecksum, w.checksum.Algorithm, got, w.checksum.Value)
		}
	}
	return nil
}

// verdict says whether the object was compared, and with what.
func (w *wanted) verdict() (bool, string) {
	switch {
	case w.unlike:
		return false, "the ETag is not an MD5, and the service keeps no checksum"
	case w.md5 != "":
		return true, "MD5"
	case w.checksum.Value != "":
		return true, string(w.checksum.Algorithm)
	}
	return false, "the service keeps no checksum of the whole object"
}
