package sigv4

import "strings"

const upperHex = "0123456789ABCDEF"

// unreserved reports whether SigV4 leaves c as it is: A-Z a-z 0-9 - . _ ~
func unreserved(c byte) bool {
	return 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' ||
		c == '-' || c == '.' || c == '_' || c == '~'
}

// CanonicalPath returns the escaped path as S3 signs it: every byte that is not
// unreserved or a slash is %XX with upper-case digits, and every one that is
// stands for itself. "%2F" stays distinct from "/". A path that is already in this
// form, as all that S3 clients send are, is returned as it is; a path with loose
// escapes ("/a+b") becomes what the service computes ("/a%2Bb"). A percent sign
// that begins no escape counts as a literal one. The empty path is "/".
func CanonicalPath(escaped string) string {
	if escaped == "" {
		return "/"
	}
	for i := 0; i < len(escaped); i++ {
		c := escaped[i]
		if c == '%' && strictEscape(escaped[i:]) {
			i += 2
			continue
		}
		if !unreserved(c) && c != '/' {
			return rewritePath(escaped, i)
		}
	}
	return escaped
}

// strictEscape reports whether s begins with an escape CanonicalPath would write.
func strictEscape(s string) bool {
	c, ok := unhex(s)
	return ok && !unreserved(c) && isUpperHex(s[1]) && isUpperHex(s[2])
}

func isUpperHex(c byte) bool { return '0' <= c && c <= '9' || 'A' <= c && c <= 'F' }

func rewritePath(escaped string, from int) string {
	b := make([]byte, 0, len(escaped)+16)
	b = append(b, escaped[:from]...)
	for i := from; i < len(escaped); i++ {
		c := escaped[i]
		if c == '/' {
			b = append(b, c)
			continue
		}
		if d, ok := unhex(escaped[i:]); ok {
			c = d
			i += 2
		}
		b = appendEscapedByte(b, c) // an escaped slash stays escaped
	}
	return string(b)
}

func appendEscapedByte(dst []byte, c byte) []byte {
	if unreserved(c) {
		return append(dst, c)
	}
	return append(dst, '%', upperHex[c>>4], upperHex[c&15])
}

// unhex decodes the escape at the start of s, if there is one.
func unhex(s string) (c byte, ok bool) {
	if len(s) < 3 || s[0] != '%' {
		return 0, false
	}
	hi, ok1 := nibble(s[1])
	lo, ok2 := nibble(s[2])
	return hi<<4 | lo, ok1 && ok2
}

func nibble(c byte) (byte, bool) {
	switch {
	case '0' <= c && c <= '9':
		return c - '0', true
	case 'a' <= c && c <= 'f':
		return c - 'a' + 10, true
	case 'A' <= c && c <= 'F':
		return c - 'A' + 10, true
	}
	return 0, false
}

// canonicalQueryPart returns one escaped name or value in its canonical form. A
// plus sign is a space, as in every query.
func canonicalQueryPart(s string) string {
	for i := 0; i < len(s); i++ {
		c := s[i]
		if c == '%' && strictEscape(s[i:]) {
			i += 2
			continue
		}
		if !unreserved(c) {
			return rewriteQueryPart(s, i)
		}
	}
	return s
}

func rewriteQueryPart(s string, from int) string {
	b := make([]byte, 0, len(s)+16)
	b = append(b, s[:from]...)
	for i := from; i < len(s); i++ {
		c := s[i]
		if d, ok := unhex(s[i:]); ok {
			c = d
			i += 2
		} else if c == '+' {
			c = ' '
		}
		b = appendEscapedByte(b, c)
	}
	return string(b)
}

// CanonicalQuery returns a raw query in canonical form: parts escaped strictly,
// sorted by name and then value, each with an equals sign. X-Amz-Signature is left
// out, because it cannot sign itself. The result is itself a valid raw query.
func CanonicalQuery(raw string) string {
	if raw == "" {
		return ""
	}
	return string(appendCanonicalQuery(nil, raw))
}

type param struct{ name, value string }

func appendCanonicalQuery(dst []byte, raw string) []byte {
	var room [12]param
	params := room[:0]
	for raw != "" {
		var pair string
		pair, raw, _ = strings.Cut(raw, "&")
		if pair == "" {
			continue
		}
		name, value, _ := strings.Cut(pair, "=")
		name = canonicalQueryPart(name)
		if name == "X-Amz-Signature" {
			continue
		}
		params = append(params, param{name, canonicalQueryPart(value)})
	}
	sortParams(params)
	for i, p := range params {
		if i > 0 {
			dst = append(dst, '&')
		}
		dst = append(dst, p.name...)
		dst = append(dst, '=')
		dst = append(dst, p.value...)
	}
	return dst
}
