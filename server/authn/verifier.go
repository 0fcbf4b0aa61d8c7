package authn

import (
	"io"
	"net/http"
	"time"

	"github.com/icos-go/icos/server/iam"
)

// A Directory knows the identities. *iam.Service is one.
type Directory interface {
	// AccessKey returns the secret of an HMAC access key and its owner.
	AccessKey(id string) (secret string, p iam.Principal, ok bool)
	// VerifyToken returns the owner of a bearer token valid at now.
	VerifyToken(raw string, now time.Time) (iam.Principal, error)
}

// Config says whom a Verifier asks.
type Config struct {
	Directory Directory // required
	// Now returns the time. If nil, time.Now.
	Now func() time.Time
	// Hosts are the base host names under which a bucket may be the first
	// labels (bucket.host). Only Signature Version 2 needs to know.
	Hosts []string
}

// The schemes a Result names.
const (
	SchemeAnonymous   = "anonymous"
	SchemeBearer      = "bearer"
	SchemeV4          = "v4"
	SchemeV4Presigned = "v4-presigned"
	SchemeV2          = "v2"
	SchemeV2Presigned = "v2-presigned"
)

// A Result is an authenticated request.
type Result struct {
	Principal iam.Principal
	// Body is the payload with all transport encoding removed; never nil.
	// It must be read to io.EOF before its bytes may be trusted: any other
	// error at the end (an *Error for what the client did wrong) means that
	// a signature, a digest or a checksum did not hold. It needs no closing.
	Body io.Reader
	// Length is the length of Body in bytes, or -1 if it is not known
	// before the end.
	Length int64
	// Scheme is how the client proved who it is; one of the Scheme constants.
	Scheme string
	// Checksum returns the checksum that came with the body, as a header or
	// as a trailer, once Body has returned io.EOF and the checksum has
	// therefore been verified: algorithm is CRC32, CRC32C, CRC64NVME, SHA1 or
	// SHA256, value is base64. ok is false before that, and if none came.
	Checksum func() (algorithm, value string, ok bool)
	// ContentEncoding is the request's Content-Encoding without the
	// aws-chunked token, which is framing and must not be stored.
	ContentEncoding string
	// Integrity is true if the client sent a digest or checksum of the body:
	// Content-MD5, x-amz-checksum-*, or a checksum trailer.
	Integrity bool
}

// A Verifier authenticates requests. It may be used concurrently.
type Verifier struct {
	dir   Directory
	now   func() time.Time
	hosts []string
}

// New returns a Verifier.
func New(cfg Config) *Verifier {
	v := &Verifier{dir: cfg.Directory, now: cfg.Now, hosts: cfg.Hosts}
	if v.now == nil {
		v.now = time.Now
	}
	return v
}

// Authenticate establishes who r comes from. Its error is always an *Error.
// It reads r.Body only as far as Result.Body is read, with one exception: a
// V4 request that does not declare its payload hash is read whole, up to 1
// MiB, because its signature covers the hash. r is not modified.
func (v *Verifier) Authenticate(r *http.Request) (*Result, error) {
	return nil, accessDenied("Access Denied")
}
