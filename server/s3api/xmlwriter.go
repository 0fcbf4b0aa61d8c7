package s3api

import (
	"strconv"
	"sync"
	"time"
	"unicode/utf8"
)

const (
	xmlHeader    = `<?xml version="1.0" encoding="UTF-8" standalone="yes"?>` + "\n"
	xmlNamespace = "http://s3.amazonaws.com/doc/2006-03-01/"

	// timeLayout is the form of times in documents.
	timeLayout = "2006-01-02T15:04:05.000Z"

	// keepBuffer is the largest buffer that goes back to the pool; a page of a thousand long keys is larger, and rare.
	keepBuffer = 1 << 20
)

// xmlWriter appends a document to a byte slice. A page of a thousand keys is written by every listing, and encoding/xml would
// be most of its cost.
type xmlWriter struct {
	b   []byte
	url bool // percent-encode what key writes, as encoding-type=url asks
}

var xmlWriters = sync.Pool{New: func() any { return &xmlWriter{b: make([]byte, 0, 8<<10)} }}

// newXML returns a pooled writer that holds the XML declaration. Give it back with free.
func newXML() *xmlWriter {
	x := xmlWriters.Get().(*xmlWriter)
	x.b = append(x.b[:0], xmlHeader...)
	x.url = false
	return x
}

func (x *xmlWriter) free() {
	if cap(x.b) <= keepBuffer {
		xmlWriters.Put(x)
	}
}

// root opens the root element in the S3 namespace.
func (x *xmlWriter) root(name string) {
	x.b = append(x.b, '<')
	x.b = append(x.b, name...)
	x.b = append(x.b, ` xmlns="`+xmlNamespace+`">`...)
}

func (x *xmlWriter) open(name string) {
	x.b = append(x.b, '<')
	x.b = append(x.b, name...)
	x.b = append(x.b, '>')
}

func (x *xmlWriter) close(name string) {
	x.b = append(x.b, '<', '/')
	x.b = append(x.b, name...)
	x.b = append(x.b, '>')
}

// text writes an element that holds s. An empty s is an empty element.
func (x *xmlWriter) text(name, s string) {
	x.open(name)
	x.b = appendEscaped(x.b, s)
	x.close(name)
}

// optional writes an element only if s is not empty.
func (x *xmlWriter) optional(name, s string) {
	if s != "" {
		x.text(name, s)
	}
}

// key writes an element that holds a key, a prefix, a marker or a delimiter, percent-encoded if the request asked for that.
func (x *xmlWriter) key(name, s string) {
	x.open(name)
	if x.url {
		x.b = appendURLEncoded(x.b, s)
	} else {
		x.b = appendEscaped(x.b, s)
	}
	x.close(name)
}

// etag writes an ETag element, whose value carries quotes. The store makes ETags of hex digits: nothing in one needs escaping.
func (x *xmlWriter) etag(etag string) {
	x.b = append(x.b, `<ETag>"`...)
	x.b = append(x.b, etag...)
	x.b = append(x.b, `"</ETag>`...)
}

func (x *xmlWriter) int(name string, n int64) {
	x.open(name)
	x.b = strconv.AppendInt(x.b, n, 10)
	x.close(name)
}

// bool writes true or false in lower case: IBM's Python SDK takes nothing else for true.
func (x *xmlWriter) bool(name string, v bool) {
	x.open(name)
	x.b = strconv.AppendBool(x.b, v)
	x.close(name)
}

func (x *xmlWriter) time(name string, t time.Time) {
	x.open(name)
	x.b = appendTime(x.b, t)
	x.close(name)
}

// appendTime appends t as timeLayout does, without the cost of interpreting a layout for each key of a page.
func appendTime(b []byte, t time.Time) []byte {
	t = t.UTC()
	year, month, day := t.Date()
	if year < 0 || year > 9999 {
		return t.AppendFormat(b, timeLayout)
	}
	hour, minute, second := t.Clock()
	milli := t.Nanosecond() / 1e6
	return append(b,
		byte('0'+year/1000), byte('0'+year/100%10), byte('0'+year/10%10), byte('0'+year%10), '-',
		byte('0'+month/10), byte('0'+month%10), '-', byte('0'+day/10), byte('0'+day%10), 'T',
		byte('0'+hour/10), byte('0'+hour%10), ':', byte('0'+minute/10), byte('0'+minute%10), ':',
		byte('0'+second/10), byte('0'+second%10), '.',
		byte('0'+milli/100), byte('0'+milli/10%10), byte('0'+milli%10), 'Z')
}

// appendEscaped appends s as character data. Characters that XML 1.0 can not hold at all, such as U+0001 in a key, become
// numeric references, as S3 writes them: a strict parser refuses those, which is what encoding-type=url is for.
func appendEscaped(b []byte, s string) []byte {
	start := 0
	for i := 0; i < len(s); {
		c := s[i]
		if c >= ' ' && c < 0x7f && c != '&' && c != '<' && c != '>' {
			i++
			continue
		}
		r, size := rune(c), 1
		if c >= utf8.RuneSelf {
			r, size = utf8.DecodeRuneInString(s[i:])
		}
		b = append(b, s[start:i]...)
		switch {
		case r == '&':
			b = append(b, "&amp;"...)
		case r == '<':
			b = append(b, "&lt;"...)
		case r == '>':
			b = append(b, "&gt;"...)
		case r < ' ' || r == 0x7f || r == 0xFFFE || r == 0xFFFF:
			// \t, \n and \r too: parsers normalise them when bare.
			b = append(b, '&', '#', 'x')
			b = strconv.AppendInt(b, int64(r), 16)
			b = append(b, ';')
		default:
			b = utf8.AppendRune(b, r) // what is not UTF-8 becomes U+FFFD
		}
		i += size
		start = i
	}
	return append(b, s[start:]...)
}

// appendURLEncoded percent-encodes all but unreserved characters and the slash. A space is %20, which decoders of paths and
// of forms read alike.
func appendURLEncoded(b []byte, s string) []byte {
	const hex = "0123456789ABCDEF"
	for i := range len(s) {
		c := s[i]
		if 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' || c == '-' || c == '_' || c == '.' || c == '~' || c == '/' {
			b = append(b, c)
			continue
		}
		b = append(b, '%', hex[c>>4], hex[c&15])
	}
	return b
}
