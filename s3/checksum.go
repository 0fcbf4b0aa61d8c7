package s3

// A ChecksumAlgorithm is one of those the service can check a body with.
type ChecksumAlgorithm string

// The algorithms. CRC32C is what uploads use unless told otherwise.
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
// a request, "compute the default".
type Checksum struct {
	Algorithm ChecksumAlgorithm
	Value     string // base64, big-endian for the CRCs; empty in a request: compute it
	Type      string // FullObject, Composite, or empty when the service does not say
}
