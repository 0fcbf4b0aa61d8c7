package cosblob

import (
	"fmt"
	"net/url"
	"strconv"
	"strings"
	"unicode/utf8"
)

// escapeKey writes the characters that make trouble as __0x2f__: the controls,
// which XML has no form for, and the slash of ../, which URLs lose.
func escapeKey(key string) string {
	var b strings.Builder
	for i, c := range key {
		if c < ' ' || c == '/' && strings.HasSuffix(key[:i], "..") {
			fmt.Fprintf(&b, "__0x%x__", c)
			continue
		}
		if c == utf8.RuneError { // maybe a byte that is no UTF-8, which is kept
			_, size := utf8.DecodeRuneInString(key[i:])
			b.WriteString(key[i : i+size])
			continue
		}
		b.WriteRune(c)
	}
	return b.String()
}

// unescape reads what escapeKey wrote, and leaves anything else as it is.
func unescape(s string) string {
	var b strings.Builder
	for {
		before, rest, found := strings.Cut(s, "__0x")
		b.WriteString(before)
		if !found {
			return b.String()
		}
		digits, after, found := strings.Cut(rest, "__")
		c, err := strconv.ParseInt(digits, 16, 32)
		if !found || err != nil {
			b.WriteString("__0x")
			s = rest
			continue
		}
		b.WriteRune(rune(c))
		s = after
	}
}

// escapeMetadata makes ASCII of names and values, and tokens of HTTP of names.
func escapeMetadata(m map[string]string) map[string]string {
	escaped := make(map[string]string, len(m))
	for name, value := range m {
		name = url.PathEscape(name)
		for _, c := range "@:=" { // which PathEscape lets pass
			name = strings.ReplaceAll(name, string(c), fmt.Sprintf("__0x%x__", c))
		}
		escaped[name] = url.PathEscape(value)
	}
	return escaped
}

// unescapeMetadata reads what escapeMetadata wrote. What others wrote and cannot be
// read is left as it is.
func unescapeMetadata(m map[string]string) map[string]string {
	plain := make(map[string]string, len(m))
	for name, value := range m {
		if s, err := url.PathUnescape(unescape(name)); err == nil {
			name = s
		}
		if s, err := url.PathUnescape(value); err == nil {
			value = s
		}
		plain[name] = value
	}
	return plain
}
