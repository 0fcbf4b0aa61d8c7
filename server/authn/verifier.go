package authn

import (
	"io"
	"net/http"
	"strings"
	"time"

	"github.com/icos-go/icos/internal/sigv4"
	"github.com/icos-go/icos/server/iam"
)

// maxSkew is how far a request's time may be from the server's.
const maxSkew = 15 * time.Minute

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
	hosts Hosts
	keys  sigv4.KeyCache
}

// New returns a Verifier.
func New(cfg Config) *Verifier {
	v := &Verifier{dir: cfg.Directory, now: cfg.Now, hosts: NewHosts(cfg.Hosts)}
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
	c, refusal := v.identify(r)
	if refusal != nil {
		return nil, refusal
	}
	res, refusal := c.result(r)
	if refusal != nil {
		return nil, refusal
	}
	return res, nil
}

// A claim is an identity that was proven, and what the proof says of the body.
type claim struct {
	principal iam.Principal
	scheme    string
	payload   string       // declared payload hash or mode; "" if none was
	chunks    *chunkSigner // how chunks of a signed stream verify; nil without a V4 signature
	body      io.Reader    // r.Body when nil; set when the proof had to read it
}

// identify finds the one proof of identity a request carries. More than one
// is refused: which of them would count must not be open to interpretation.
func (v *Verifier) identify(r *http.Request) (*claim, *Error) {
	header := r.Header["Authorization"]
	v4, v2 := presigned(r.URL.RawQuery)
	switch {
	case len(header) > 1, len(header) > 0 && (v4 || v2), v4 && v2:
		return nil, invalidArgument("Only one auth mechanism allowed; only the X-Amz-Algorithm query parameter, " +
			"Signature query string parameter or the Authorization header should be specified")
	case v4:
		return v.identifyV4Query(r)
	case v2:
		return v.identifyV2Query(r)
	case len(header) == 0:
		return &claim{principal: iam.Principal{Anonymous: true}, scheme: SchemeAnonymous, payload: declaredPayload(r)}, nil
	}
	scheme, _, _ := strings.Cut(header[0], " ")
	switch {
	case strings.EqualFold(scheme, "Bearer"):
		return v.identifyBearer(r, header[0])
	case scheme == sigv4.Algorithm:
		return v.identifyV4Header(r, header[0])
	case scheme == "AWS":
		return v.identifyV2Header(r, header[0])
	case strings.HasPrefix(scheme, "AWS4-"):
		return nil, invalidRequest("The authorization mechanism you have provided is not supported. Please use AWS4-HMAC-SHA256.")
	}
	return nil, invalidArgument("Unsupported Authorization Type")
}

// presigned reports which signature a query carries, if any. A name that is
// percent-encoded does not count: no signer writes one, and the request is
// then anonymous, which gains nobody anything.
func presigned(rawQuery string) (v4, v2 bool) {
	for rawQuery != "" {
		var pair string
		pair, rawQuery, _ = strings.Cut(rawQuery, "&")
		name, _, _ := strings.Cut(pair, "=")
		switch name {
		case "X-Amz-Algorithm", "X-Amz-Signature", "X-Amz-Credential":
			v4 = true
		case "Signature", "AWSAccessKeyId":
			v2 = true
		}
	}
	return v4, v2
}

func (v *Verifier) identifyBearer(r *http.Request, header string) (*claim, *Error) {
	_, token, _ := strings.Cut(header, " ")
	p, err := v.dir.VerifyToken(strings.TrimSpace(token), v.now())
	if err != nil {
		// COS says no more than this, and the client can do only one thing
		// about any kind of bad token: get a new one.
		return nil, accessDenied("Access Denied. The bearer token is not valid or has expired.")
	}
	return &claim{principal: p, scheme: SchemeBearer, payload: declaredPayload(r)}, nil
}

func declaredPayload(r *http.Request) string { return r.Header.Get("X-Amz-Content-Sha256") }

// skewed reports whether t is too far from now to be this moment's request.
func skewed(t, now time.Time) bool { return t.Before(now.Add(-maxSkew)) || t.After(now.Add(maxSkew)) }

// requestTime returns the time a signer in a header wrote, from X-Amz-Date or
// else Date.
func requestTime(r *http.Request) (time.Time, bool) {
	if s := r.Header.Get("X-Amz-Date"); s != "" {
		return parseDate(s)
	}
	return parseDate(r.Header.Get("Date"))
}

// parseDate reads the forms that signers use: ISO 8601 basic, and those of
// HTTP (RFC 9110 §5.6.7) with the zone as a name or as a number.
func parseDate(s string) (time.Time, bool) {
	for _, layout := range [...]string{sigv4.TimeFormat, http.TimeFormat, time.RFC1123Z, time.RFC1123, time.RFC850, time.ANSIC} {
		if t, err := time.Parse(layout, s); err == nil {
			return t, true
		}
	}
	return time.Time{}, false
}

func missingDate() *Error {
	return accessDenied("AWS authentication requires a valid Date or x-amz-date header")
}
