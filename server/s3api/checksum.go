package s3api

import (
	"crypto/sha1"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"hash"
	"hash/crc32"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/minio/crc64nvme"

	"github.com/icos-go/icos/internal/crc"
	"github.com/icos-go/icos/server/store"
)

const (
	fullObject = "FULL_OBJECT"
	composite  = "COMPOSITE"
)

// checksumAlgorithm is one of the checksums that can travel with an object besides its ETag.
type checksumAlgorithm struct {
	name    string        // as in x-amz-checksum-algorithm
	header  string        // in canonical form
	element string        // in documents
	size    int           // bytes
	crc     crc.Algorithm // 0 for those that are not CRCs
	new     func() hash.Hash
}

// checksumAlgorithms are read only.
var checksumAlgorithms = []checksumAlgorithm{
	{"CRC32", "X-Amz-Checksum-Crc32", "ChecksumCRC32", 4, crc.CRC32, func() hash.Hash { return crc32.NewIEEE() }},
	{"CRC32C", "X-Amz-Checksum-Crc32c", "ChecksumCRC32C", 4, crc.CRC32C, func() hash.Hash { return crc32.New(crc32.MakeTable(crc32.Castagnoli)) }},
	{"CRC64NVME", "X-Amz-Checksum-Crc64nvme", "ChecksumCRC64NVME", 8, crc.CRC64NVME, func() hash.Hash { return crc64nvme.New() }},
	{"SHA1", "X-Amz-Checksum-Sha1", "ChecksumSHA1", sha1.Size, 0, sha1.New},
	{"SHA256", "X-Amz-Checksum-Sha256", "ChecksumSHA256", sha256.Size, 0, sha256.New},
}

// findChecksum returns the algorithm of that name in any case.
func findChecksum(name string) (*checksumAlgorithm, bool) {
	i := slices.IndexFunc(checksumAlgorithms, func(a checksumAlgorithm) bool { return strings.EqualFold(a.name, name) })
	if i < 0 {
		return nil, false
	}
	return &checksumAlgorithms[i], true
}

// headerChecksum returns the checksum in the headers.
func headerChecksum(h http.Header) (a *checksumAlgorithm, value string, found bool) {
	for i := range checksumAlgorithms {
		if values := h[checksumAlgorithms[i].header]; len(values) > 0 {
			return &checksumAlgorithms[i], values[0], true
		}
	}
	return nil, "", false
}

// declaredChecksum returns the algorithm of the checksum that comes with a body, in a header or in the trailer.
func declaredChecksum(h http.Header) (*checksumAlgorithm, bool) {
	if a, _, found := headerChecksum(h); found {
		return a, true
	}
	if name, found := strings.CutPrefix(strings.ToLower(h.Get("X-Amz-Trailer")), "x-amz-checksum-"); found {
		return findChecksum(name)
	}
	return nil, false
}

// received returns the verified checksum of a body that was read to its end.
func (c *call) received() store.Checksum {
	algorithm, value, ok := c.auth.Checksum()
	if !ok {
		return store.Checksum{}
	}
	return store.Checksum{Algorithm: algorithm, Value: value, Type: fullObject}
}

// uploadChecksum reads the checksum that the object of an upload shall have. COS's choice of type, absent one in the request,
// is S3's: a CRC64NVME covers the object, others are composed of the parts'.
func uploadChecksum(h http.Header) (algorithm, kind string, err error) {
	name := h.Get("X-Amz-Checksum-Algorithm")
	kind = strings.ToUpper(h.Get("X-Amz-Checksum-Type"))
	if name == "" {
		if kind != "" {
			return "", "", invalidRequest("The x-amz-checksum-type header can only be used with the x-amz-checksum-algorithm header.")
		}
		return "", "", nil
	}
	a, found := findChecksum(name)
	if !found {
		return "", "", invalidRequest("Checksum algorithm provided is unsupported. Please try again with any of the valid types: [CRC32, CRC32C, CRC64NVME, SHA1, SHA256]")
	}
	switch kind {
	case "":
		kind = composite
		if a.name == "CRC64NVME" {
			kind = fullObject
		}
	case composite:
		if a.name == "CRC64NVME" {
			return "", "", invalidRequest("The COMPOSITE checksum type cannot be used with the CRC64NVME checksum algorithm.")
		}
	case fullObject:
		if a.crc == 0 {
			return "", "", invalidRequest("The FULL_OBJECT checksum type cannot be used with the " + a.name + " checksum algorithm.")
		}
	default:
		return "", "", invalidRequest("Value for x-amz-checksum-type header is invalid.")
	}
	return a.name, kind, nil
}

// combine computes the checksum of an object from those of its parts: for COMPOSITE the checksum of the parts' checksums one
// after the other, for FULL_OBJECT the CRC of all their bytes.
func (a *checksumAlgorithm) combine(kind string, parts []store.Part) (store.Checksum, error) {
	sum := store.Checksum{Algorithm: a.name, Type: kind}
	h := a.new()
	var whole uint64
	var crcs *crc.Combiner
	if kind == fullObject {
		crcs = crc.NewCombiner(a.crc)
	}
	for i := range parts {
		raw, err := base64.StdEncoding.DecodeString(parts[i].Checksum.Value)
		if err != nil || len(raw) != a.size || parts[i].Checksum.Algorithm != a.name {
			return sum, invalidRequest("Part " + strconv.Itoa(parts[i].Number) + " has no " + a.name + " checksum, which the upload was created with.")
		}
		h.Write(raw)
		if kind == fullObject {
			whole = crcs.Combine(whole, beUint(raw), parts[i].Size)
		}
	}
	if kind == fullObject {
		raw := binary.BigEndian.AppendUint64(nil, whole)
		sum.Value = base64.StdEncoding.EncodeToString(raw[8-a.size:])
		return sum, nil
	}
	sum.Value = base64Sum(h) + "-" + strconv.Itoa(len(parts))
	return sum, nil
}

// checksum returns the checksum of what h, made by a.new, was given.
func (a *checksumAlgorithm) checksum(h hash.Hash) store.Checksum {
	return store.Checksum{Algorithm: a.name, Value: base64Sum(h), Type: fullObject}
}

func base64Sum(h hash.Hash) string { return base64.StdEncoding.EncodeToString(h.Sum(nil)) }

func beUint(b []byte) uint64 {
	var n uint64
	for _, c := range b {
		n = n<<8 | uint64(c)
	}
	return n
}
