package sigv4

import (
	"cmp"
	"net/http"
	"slices"
	"strconv"
	"strings"
)

// An Input is what a signature covers of a request.
type Input struct {
	Method   string
	Path     string // escaped, used as it is; FromRequest fills in CanonicalPath
	RawQuery string // as on the wire; put into canonical form here
	Host     string
	Header   http.Header

	// SignedHeaders are the names of the headers that are signed: lower case,
	// sorted, "host" among them. A name that the request does not carry is signed
	// with an empty value.
	SignedHeaders []string

	// PayloadHash is the hex SHA-256 of the body, or one of the constants above.
	PayloadHash string

	// TransferEncoding and ContentLength stand in for the headers that net/http
	// takes out of Header; a negative ContentLength is unknown.
	TransferEncoding []string
	ContentLength    int64
}

// CanonicalRequest returns the canonical form of in.
func CanonicalRequest(in *Input) string {
	return string(AppendCanonicalRequest(nil, in))
}

// AppendCanonicalRequest appends the canonical form of in to dst:
//
//	method \n path \n query \n (name:value \n)* \n name;name \n payload hash
func AppendCanonicalRequest(dst []byte, in *Input) []byte {
	dst = append(dst, in.Method...)
	dst = append(dst, '\n')
	if in.Path == "" {
		dst = append(dst, '/')
	}
	dst = append(dst, in.Path...)
	dst = append(dst, '\n')
	dst = appendCanonicalQuery(dst, in.RawQuery)
	dst = append(dst, '\n')
	for _, name := range in.SignedHeaders {
		dst = append(dst, name...)
		dst = append(dst, ':')
		dst = appendValue(dst, in, name)
		dst = append(dst, '\n')
	}
	dst = append(dst, '\n')
	dst = appendNames(dst, in.SignedHeaders)
	dst = append(dst, '\n')
	return append(dst, in.PayloadHash...)
}

func appendNames(dst []byte, names []string) []byte {
	for i, name := range names {
		if i > 0 {
			dst = append(dst, ';')
		}
		dst = append(dst, name...)
	}
	return dst
}

func appendValue(dst []byte, in *Input, name string) []byte {
	if name == "host" {
		return appendTrimmed(dst, in.Host)
	}
	values := lookup(in.Header, name)
	switch {
	case len(values) > 0:
	case name == "transfer-encoding":
		values = in.TransferEncoding
	case name == "content-length" && in.ContentLength >= 0:
		return strconv.AppendInt(dst, in.ContentLength, 10)
	}
	for i, v := range values {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = appendTrimmed(dst, v)
	}
	return dst
}

// lookup finds the values of a lower-case header name without allocating the
// canonical spelling that http.Header is keyed by.
func lookup(h http.Header, name string) []string {
	var room [64]byte
	key := append(room[:0], name...)
	upper := true
	for i, c := range key {
		if upper && 'a' <= c && c <= 'z' {
			key[i] = c - 'a' + 'A'
		}
		upper = c == '-'
	}
	if values, ok := h[string(key)]; ok {
		return values
	}
	for key, values := range h { // a key set around http.Header's methods
		if strings.EqualFold(key, name) {
			return values
		}
	}
	return nil
}

// appendTrimmed appends v without outer white space and with each run of spaces
// inside made one.
func appendTrimmed(dst []byte, v string) []byte {
	v = strings.Trim(v, " \t")
	if !strings.Contains(v, "  ") {
		return append(dst, v...)
	}
	for i := 0; i < len(v); i++ {
		if v[i] == ' ' && v[i-1] == ' ' {
			continue // i > 0: v does not begin with a space
		}
		dst = append(dst, v[i])
	}
	return dst
}

func sortParams(params []param) {
	slices.SortFunc(params, func(a, b param) int {
		if c := cmp.Compare(a.name, b.name); c != 0 {
			return c
		}
		return cmp.Compare(a.value, b.value)
	})
}
