// Package sigv4 is AWS Signature Version 4 as S3 services use it: the canonical
// form of a request, the string to sign, the derived key, and the parsing of
// what a signer wrote.
//
// It is pure: no clock, no network, no state except [KeyCache]. The client signs
// with it and the server verifies with it, so both have one canonical form; a
// mistake shared by both is caught by the vectors AWS publishes and by a
// comparison with AWS's own signer.
//
// Signing a request is three steps:
//
//	in := sigv4.FromRequest(r, sigv4.SignedHeaders(nil, r), sigv4.UnsignedPayload)
//	key := cache.Key(secret, scope)
//	auth := sigv4.Authorization{AccessKeyID: id, Scope: scope, SignedHeaders: in.SignedHeaders,
//		Signature: sigv4.Signature(key, in, now, scope)}
//
// The rules are those of the Amazon S3 API reference, "Authenticating Requests
// (AWS Signature Version 4)". S3 differs from other services: the path is escaped
// once, and neither "//" nor dot segments are removed.
package sigv4

import "time"

// Algorithm is the scheme of an Authorization header and the value of
// X-Amz-Algorithm.
const Algorithm = "AWS4-HMAC-SHA256"

// TimeFormat is the layout of X-Amz-Date. It is always UTC.
const TimeFormat = "20060102T150405Z"

// Values of X-Amz-Content-Sha256 that are not a digest.
const (
	// UnsignedPayload leaves the body out of the signature.
	UnsignedPayload = "UNSIGNED-PAYLOAD"
	// StreamingSigned is an aws-chunked body, each chunk signed.
	StreamingSigned = "STREAMING-AWS4-HMAC-SHA256-PAYLOAD"
	// StreamingSignedTrailer is StreamingSigned followed by signed trailers.
	StreamingSignedTrailer = "STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER"
	// StreamingUnsignedTrailer is an aws-chunked body, unsigned, with trailers.
	StreamingUnsignedTrailer = "STREAMING-UNSIGNED-PAYLOAD-TRAILER"
)

// EmptySHA256 is the SHA-256 digest of no bytes, in hex.
const EmptySHA256 = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"

// terminator ends every scope.
const terminator = "aws4_request"

// A Scope says where and on which day a derived key is good.
type Scope struct {
	Date    string // YYYYMMDD, UTC
	Region  string // any string without a slash; COS accepts all
	Service string // "s3"
}

// ScopeAt returns the scope of time t for the s3 service in region.
func ScopeAt(t time.Time, region string) Scope {
	return Scope{Date: FormatTime(t)[:len("YYYYMMDD")], Region: region, Service: "s3"}
}

// String returns "date/region/service/aws4_request".
func (s Scope) String() string { return string(s.append(nil)) }

func (s Scope) append(dst []byte) []byte {
	dst = append(dst, s.Date...)
	dst = append(dst, '/')
	dst = append(dst, s.Region...)
	dst = append(dst, '/')
	dst = append(dst, s.Service...)
	dst = append(dst, '/')
	return append(dst, terminator...)
}

// appendTime appends t in TimeFormat without the cost of parsing a layout.
func appendTime(dst []byte, t time.Time) []byte {
	t = t.UTC()
	year, month, day := t.Date()
	hour, minute, second := t.Clock()
	digits := func(n, width int) {
		for div := pow10[width-1]; div > 0; div /= 10 {
			dst = append(dst, byte('0'+n/div%10))
		}
	}
	digits(year, 4)
	digits(int(month), 2)
	digits(day, 2)
	dst = append(dst, 'T')
	digits(hour, 2)
	digits(minute, 2)
	digits(second, 2)
	return append(dst, 'Z')
}

var pow10 = [...]int{1, 10, 100, 1000}

// FormatTime returns t as X-Amz-Date writes it.
func FormatTime(t time.Time) string {
	var buf [16]byte
	return string(appendTime(buf[:0], t))
}

// ParseTime reads an X-Amz-Date.
func ParseTime(s string) (time.Time, error) { return time.Parse(TimeFormat, s) }
