package store

import "time"

// Limits of COS that the store itself keeps.
const (
	MaxKeyLength  = 1024     // bytes in a key
	MaxParts      = 10000    // parts of one upload
	MaxObjectSize = 10 << 40 // bytes in a completed upload
)

// Attributes are the headers and metadata that travel with an object. Empty fields are absent.
type Attributes struct {
	ContentType        string
	CacheControl       string
	ContentDisposition string
	ContentEncoding    string
	ContentLanguage    string
	Expires            string
	WebsiteRedirect    string
	Metadata           map[string]string // lower-case names without "x-amz-meta-"
}

// Checksum is a checksum of an object or part besides its ETag. The zero value means that there is none.
type Checksum struct {
	Algorithm string // CRC32, CRC32C, CRC64NVME, SHA1 or SHA256
	Value     string // base64, with "-N" after it for a COMPOSITE one of N parts
	Type      string // FULL_OBJECT or COMPOSITE
}

// Object describes a stored object.
type Object struct {
	Key      string
	Size     int64  // bytes
	ETag     string // without quotes: hex MD5 of the body, or of the parts' MD5s with "-N" after it
	Modified time.Time
	Owner    string
	ACL      ACL
	Attributes
	State
	Encryption Encryption
	Checksum   Checksum
	PartCount  int // parts of a completed upload; 0 for an object put in one piece

	Version      string // opaque; empty for the null version
	Latest       bool   // it is the current version of its key
	DeleteMarker bool   // it says that the object was deleted, and has no bytes

	Superseded time.Time // when a newer version took its place; zero for the current one
}

// ACL is an access control list. The zero value is private: only the owner has access.
type ACL struct {
	Grants []Grant
}

// Grant gives one grantee one permission.
type Grant struct {
	Grantee    Grantee
	Permission string // READ, WRITE, READ_ACP, WRITE_ACP or FULL_CONTROL
}

// Grantee is an identity, by ID, or a group, by URI.
type Grantee struct {
	ID  string
	URI string
}
