package s3

import (
	"bytes"
	"fmt"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"
)

// text returns the text of the innermost element, without that of elements in it, and
// leaves it. The bytes are valid until the next call.
func (s *scanner) text() []byte {
	if raw, ok := s.plain(); ok {
		if bytes.IndexByte(raw, '&') < 0 && bytes.IndexByte(raw, '\r') < 0 {
			return raw
		}
		s.scratch = s.unescape(s.scratch[:0], raw)
		return s.scratch
	}
	return s.mixed()
}

// plain returns the text of an element that holds nothing else, as it is written, and leaves it.
func (s *scanner) plain() ([]byte, bool) {
	if s.empty || s.err != nil {
		return nil, false
	}
	i := bytes.IndexByte(s.doc[s.pos:], '<')
	if i < 0 || s.pos+i+1 >= len(s.doc) || s.doc[s.pos+i+1] != '/' {
		return nil, false
	}
	raw := s.doc[s.pos : s.pos+i]
	s.pos += i + 1
	s.leave()
	return raw, true
}

// mixed is text for elements that hold CDATA sections, comments or other elements as well.
func (s *scanner) mixed() []byte {
	s.scratch = s.scratch[:0]
	for d := s.depth; s.depth >= d && s.err == nil; {
		if s.depth == d && !s.empty {
			end := bytes.IndexByte(s.doc[s.pos:], '<')
			if end < 0 {
				s.fail(errTruncated)
				break
			}
			s.scratch = s.unescape(s.scratch, s.doc[s.pos:s.pos+end])
			s.pos += end
			if rest := s.doc[s.pos+1:]; bytes.HasPrefix(rest, []byte(cdata)) {
				rest = rest[len(cdata):]
				end := bytes.Index(rest, []byte("]]>"))
				if end < 0 {
					s.fail(errTruncated)
					break
				}
				s.scratch = appendLines(s.scratch, rest[:end])
				s.pos = len(s.doc) - len(rest) + end + len("]]>")
				continue
			}
			if s.markup() {
				continue
			}
		}
		s.next()
	}
	return s.scratch
}

// markup skips a comment or processing instruction at pos, and reports whether there was one.
func (s *scanner) markup() bool {
	if s.pos+1 >= len(s.doc) {
		return false
	}
	switch s.doc[s.pos+1] {
	case '!':
		s.pos++
		s.declaration()
		return true
	case '?':
		s.skipTo("?>")
		return true
	}
	return false
}

// unescape appends raw with its entities replaced.
func (s *scanner) unescape(dst, raw []byte) []byte {
	for {
		i := bytes.IndexByte(raw, '&')
		if i < 0 {
			return appendLines(dst, raw)
		}
		dst = appendLines(dst, raw[:i])
		raw = raw[i:]
		// The longest is &#x10FFFF; but numbers may have leading zeros.
		end := bytes.IndexByte(raw[:min(len(raw), 32)], ';')
		if end < 0 {
			s.fail(errSyntax)
			return dst
		}
		r, ok := entity(raw[1:end])
		if !ok {
			s.fail(fmt.Errorf("XML with the entity %.32q", raw[:end+1]))
			return dst
		}
		dst = utf8.AppendRune(dst, r)
		raw = raw[end+1:]
	}
}

func entity(name []byte) (rune, bool) {
	switch string(name) {
	case "lt":
		return '<', true
	case "gt":
		return '>', true
	case "amp":
		return '&', true
	case "quot":
		return '"', true
	case "apos":
		return '\'', true
	}
	if len(name) < 2 || name[0] != '#' {
		return 0, false
	}
	base, digits := 10, name[1:]
	if digits[0] == 'x' {
		base, digits = 16, digits[1:]
	}
	n, err := strconv.ParseUint(string(digits), base, 32)
	if err != nil || n > utf8.MaxRune {
		return 0, false
	}
	return rune(n), true
}

// appendLines appends text with the line ends that XML knows made into one.
func appendLines(dst, text []byte) []byte {
	for {
		i := bytes.IndexByte(text, '\r')
		if i < 0 {
			return append(dst, text...)
		}
		dst = append(append(dst, text[:i]...), '\n')
		text = text[i+1:]
		if len(text) > 0 && text[0] == '\n' {
			text = text[1:]
		}
	}
}

// str is text as a string.
func (s *scanner) str() string { return s.chunk.string(s.text()) }

// etag is str for an entity tag, without its quotes.
func (s *scanner) etag() string {
	const quot = "&quot;"
	raw, ok := s.plain()
	if !ok {
		raw = s.mixed()
	} else if n := len(raw) - len(quot); n >= len(quot) && string(raw[:len(quot)]) == quot && string(raw[n:]) == quot && bytes.IndexByte(raw[len(quot):n], '&') < 0 {
		return s.chunk.string(raw[len(quot):n])
	} else if bytes.IndexByte(raw, '&') >= 0 {
		s.scratch = s.unescape(s.scratch[:0], raw)
		raw = s.scratch
	}
	raw = bytes.TrimSpace(raw)
	if n := len(raw); n >= 2 && raw[0] == '"' && raw[n-1] == '"' {
		raw = raw[1 : n-1]
	}
	return s.chunk.string(raw)
}

// int is text as a number. Nothing is zero.
func (s *scanner) int() int { return int(s.int64()) }

func (s *scanner) int64() int64 {
	b := bytes.TrimSpace(s.text())
	if len(b) == 0 || s.err != nil {
		return 0
	}
	n, err := strconv.ParseInt(string(b), 10, 64)
	if err != nil {
		s.fail(fmt.Errorf("XML has %.40q where a number was expected", b))
	}
	return n
}

// bool is text as a boolean. The service writes "true", and in places "True".
func (s *scanner) bool() bool { return strings.EqualFold(string(bytes.TrimSpace(s.text())), "true") }

// time is text as a time, and zero if it is none.
func (s *scanner) time() time.Time {
	b := s.text()
	if t, ok := parseISO(b); ok {
		return t
	}
	return parseTime(string(b))
}

// arena makes strings. Small ones share chunks, so that a page of a thousand keys
// costs twenty allocations, and a key that is kept keeps little else alive.
type arena struct{ b strings.Builder }

const chunkSize = 4 << 10

func (a *arena) string(b []byte) string {
	if len(b) == 0 {
		return ""
	}
	if string(b) == "STANDARD" {
		return "STANDARD"
	}
	if len(b) > chunkSize/8 {
		return string(b)
	}
	if a.b.Cap()-a.b.Len() < len(b) {
		a.b = strings.Builder{}
		a.b.Grow(chunkSize)
	}
	n := a.b.Len()
	a.b.Write(b)
	return a.b.String()[n:]
}
