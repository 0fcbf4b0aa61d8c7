// Package sigv2 is AWS Signature Version 2 as COS clients still use it, above all
// for presigned URLs: IBM's Python SDK presigns with it by default.
//
// It is pure: the string to sign, the signature, and the parsing of what a signer
// wrote. The rules are those of the Amazon S3 developer guide, "Signing and
// authenticating REST requests"; the list of signed sub-resources is the one of
// IBM's SDKs. What is IBM's own (legalHold, extendRetention, protection and so on)
// is not in that list, so a Version 2 signature does not cover it.
package sigv2

import (
	"cmp"
	"crypto/hmac"
	"crypto/sha1"
	"crypto/subtle"
	"encoding/base64"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
)

// An Input is what a signature covers of a request.
type Input struct {
	Method   string
	Path     string // escaped, as on the wire; with "/bucket" before it when the bucket is in the host name
	RawQuery string
	Header   http.Header

	// Expires is the time of a presigned URL, in seconds since the epoch, as
	// written; empty for a signature in a header. When it is set, query parameters
	// named x-amz-*, content-type and content-md5 count as headers, which is where
	// signers of URLs put them.
	Expires string
}

// CanonicalString returns the string to sign:
//
//	method \n Content-MD5 \n Content-Type \n date \n (x-amz-name:value \n)* resource
//
// The date is Expires if set, nothing if there is an X-Amz-Date header, else the
// Date header.
func CanonicalString(in *Input) string {
	h := in.headers()
	date := in.Expires
	if date == "" && len(h["x-amz-date"]) == 0 {
		date = first(h["date"])
	}
	var b strings.Builder
	for _, line := range []string{cmp.Or(in.Method, http.MethodGet), first(h["content-md5"]), first(h["content-type"]), date} {
		b.WriteString(line)
		b.WriteByte('\n')
	}
	writeHeaders(&b, h)
	writeResource(&b, in)
	return b.String()
}

// headers returns the headers that matter, by lower-case name.
func (in *Input) headers() map[string][]string {
	h := make(map[string][]string)
	for key, values := range in.Header {
		if name := strings.ToLower(key); signedHeader(name) {
			h[name] = append(h[name], values...)
		}
	}
	if in.Expires == "" {
		return h
	}
	for _, p := range params(in.RawQuery) {
		name := strings.ToLower(p.name)
		if name != "date" && signedHeader(name) && len(in.Header.Values(name)) == 0 {
			h[name] = append(h[name], p.value)
		}
	}
	return h
}

func signedHeader(name string) bool {
	switch name {
	case "date", "content-md5", "content-type":
		return true
	}
	return strings.HasPrefix(name, "x-amz-")
}

func first(values []string) string {
	if len(values) == 0 {
		return ""
	}
	return strings.TrimSpace(values[0])
}

func writeHeaders(b *strings.Builder, h map[string][]string) {
	var names []string
	for name := range h {
		if strings.HasPrefix(name, "x-amz-") {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	for _, name := range names {
		b.WriteString(name)
		b.WriteByte(':')
		for i, v := range h[name] {
			if i > 0 {
				b.WriteByte(',')
			}
			b.WriteString(strings.TrimSpace(v))
		}
		b.WriteByte('\n')
	}
}

func writeResource(b *strings.Builder, in *Input) {
	b.WriteString(cmp.Or(in.Path, "/"))
	signed := slices.DeleteFunc(params(in.RawQuery), func(p param) bool { return !Signed(p.name) })
	slices.SortStableFunc(signed, func(a, b param) int { return cmp.Compare(a.name, b.name) })
	for i, p := range signed {
		b.WriteByte("?&"[min(i, 1)])
		b.WriteString(p.name)
		if p.value != "" {
			b.WriteByte('=')
			b.WriteString(p.value)
		}
	}
}

type param struct{ name, value string }

// params splits a raw query and decodes it. An escape that is none is kept.
func params(raw string) []param {
	var list []param
	for pair := range strings.SplitSeq(raw, "&") {
		if pair == "" {
			continue
		}
		name, value, _ := strings.Cut(pair, "=")
		list = append(list, param{decode(name), decode(value)})
	}
	return list
}

func decode(s string) string {
	if d, err := url.QueryUnescape(s); err == nil {
		return d
	}
	return s
}

// Signed reports whether a query parameter is part of the signed resource.
func Signed(name string) bool {
	switch name {
	case "accelerate", "acl", "analytics", "cors", "defaultObjectAcl", "delete",
		"inventory", "lifecycle", "location", "logging", "metrics", "notification",
		"object-lock", "partNumber", "policy", "replication", "requestPayment",
		"restore", "select", "select-type", "storageClass", "tagging", "torrent",
		"uploadId", "uploads", "versionId", "versioning", "versions", "website",
		"response-cache-control", "response-content-disposition",
		"response-content-encoding", "response-content-language",
		"response-content-type", "response-expires":
		return true
	}
	return false
}

// Sign returns the signature of a string to sign: base64(HMAC-SHA1(secret, s)).
func Sign(secret, s string) string {
	h := hmac.New(sha1.New, []byte(secret))
	io.WriteString(h, s)
	return base64.StdEncoding.EncodeToString(h.Sum(nil))
}

// Equal reports whether two signatures are the same, in constant time.
func Equal(a, b string) bool {
	return subtle.ConstantTimeCompare([]byte(a), []byte(b)) == 1
}
