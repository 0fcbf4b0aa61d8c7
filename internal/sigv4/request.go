package sigv4

import (
	"net/http"
	"slices"
	"strings"
)

// FromRequest describes r for signing or for verifying. It works on requests about
// to be sent and on requests a server received, where net/http has moved Host,
// Transfer-Encoding and Content-Length out of the headers. signed must be
// lower-case and sorted. The result shares r.Header.
func FromRequest(r *http.Request, signed []string, payloadHash string) *Input {
	in := describe(r) // apart, so that this inlines and in stays on the caller's stack
	in.SignedHeaders, in.PayloadHash = signed, payloadHash
	return &in
}

func describe(r *http.Request) Input {
	host := r.Host
	if host == "" {
		host = r.URL.Host
	}
	return Input{
		Method:           method(r.Method),
		Path:             CanonicalPath(r.URL.EscapedPath()),
		RawQuery:         r.URL.RawQuery,
		Host:             host,
		Header:           r.Header,
		TransferEncoding: r.TransferEncoding,
		ContentLength:    r.ContentLength,
	}
}

func method(m string) string {
	if m == "" {
		return http.MethodGet
	}
	return m
}

// SignedHeaders appends to dst the names to sign of a request about to be sent, in
// lower case and sorted: host, and every header except those that a transport or a
// proxy may add or change on the way: Authorization, User-Agent, Expect,
// Accept-Encoding, Content-Length, hop-by-hop and forwarding headers, those of
// tracing, and the amz-sdk- retry counters.
func SignedHeaders(dst []string, r *http.Request) []string {
	start := len(dst)
	dst = append(dst, "host")
	for key := range r.Header {
		if name := lower(key); !volatile(name) {
			dst = append(dst, name)
		}
	}
	slices.Sort(dst[start:])
	return dst
}

// lower spells the common names without allocating.
func lower(key string) string {
	switch key {
	case "X-Amz-Date":
		return "x-amz-date"
	case "X-Amz-Content-Sha256":
		return "x-amz-content-sha256"
	case "X-Amz-Decoded-Content-Length":
		return "x-amz-decoded-content-length"
	case "X-Amz-Trailer":
		return "x-amz-trailer"
	case "X-Amz-Acl":
		return "x-amz-acl"
	case "X-Amz-Checksum-Crc32c":
		return "x-amz-checksum-crc32c"
	case "Content-Type":
		return "content-type"
	case "Content-Md5":
		return "content-md5"
	case "Content-Encoding":
		return "content-encoding"
	case "User-Agent":
		return "user-agent"
	case "Ibm-Service-Instance-Id":
		return "ibm-service-instance-id"
	case "Range":
		return "range"
	}
	return strings.ToLower(key)
}

func volatile(name string) bool {
	switch name {
	case "authorization", "user-agent", "expect", "accept-encoding", "content-length",
		"transfer-encoding", "connection", "proxy-authorization", "proxy-connection",
		"keep-alive", "te", "trailer", "upgrade", "host",
		"forwarded", "via", "x-forwarded-for", "x-forwarded-host", "x-forwarded-proto",
		"traceparent", "tracestate", "baggage", "x-amzn-trace-id",
		"amz-sdk-invocation-id", "amz-sdk-request":
		return true
	}
	return false
}
