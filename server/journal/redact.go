package journal

import (
	"net/http"
	"net/url"
	"strings"
)

const redacted = "REDACTED"

// Bounds of what one entry keeps of a request, so that a log of many is small
// whatever clients send.
const (
	maxHeaders = 64
	maxValue   = 512  // bytes of one header
	maxTarget  = 4096 // bytes
)

// Header returns a copy of h to keep: secrets redacted, long values cut, and at
// most 64 names.
func Header(h http.Header) http.Header {
	kept := make(http.Header, min(len(h), maxHeaders))
	for name, values := range h {
		if len(kept) == maxHeaders {
			break
		}
		kept[short(name, maxValue)] = []string{short(value(name, strings.Join(values, ", ")), maxValue)}
	}
	return kept
}

// value returns what may be shown of a header.
func value(name, v string) string {
	switch lower := strings.ToLower(name); {
	case lower == "authorization", lower == "proxy-authorization":
		// Only the scheme is no secret.
		scheme, _, found := strings.Cut(v, " ")
		if !found {
			return redacted
		}
		return scheme + " " + redacted
	case lower == "referer":
		page, _, _ := strings.Cut(v, "?") // the query may be that of a presigned URL
		return page
	case lower == "x-amz-copy-source":
		source, query, found := strings.Cut(v, "?")
		if !found {
			return v
		}
		return source + "?" + Query(query)
	case secret(lower):
		return redacted
	}
	return v
}

// secret reports whether the value of a header or parameter of that name, in
// lower case, is not to be shown. In doubt it is not.
func secret(name string) bool {
	switch name {
	case "cookie", "set-cookie", "awsaccesskeyid":
		return true
	}
	if strings.HasSuffix(name, "-key-md5") { // of SSE-C keys: tells them apart, and no more
		return false
	}
	for _, word := range []string{"token", "secret", "password", "apikey", "api-key", "api_key", "signature", "credential", "customer-key", "assertion", "passcode"} {
		if strings.Contains(name, word) {
			// Page tokens are as long as keys are, and show nothing but one.
			return name != "continuation-token"
		}
	}
	return false
}

// Query returns a raw query string with the values of secret parameters
// redacted.
func Query(raw string) string {
	if raw == "" {
		return ""
	}
	pairs := strings.Split(raw, "&")
	for i, pair := range pairs {
		name, _, found := strings.Cut(pair, "=")
		if plain, err := url.QueryUnescape(name); found && (err != nil || secret(strings.ToLower(plain))) {
			pairs[i] = name + "=" + redacted
		}
	}
	return strings.Join(pairs, "&")
}

// Target returns the target of a request, secrets redacted.
func Target(r *http.Request) string {
	t := r.URL.EscapedPath()
	if strings.HasPrefix(r.RequestURI, "/") {
		t, _, _ = strings.Cut(r.RequestURI, "?")
	}
	if q := Query(r.URL.RawQuery); q != "" {
		t += "?" + q
	}
	return short(t, maxTarget)
}

func short(s string, limit int) string {
	if len(s) <= limit {
		return s
	}
	return strings.ToValidUTF8(s[:limit], "") + "…"
}
