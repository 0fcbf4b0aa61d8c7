package s3

import (
	"fmt"
	"net/http"
	"reflect"
	"strconv"
	"strings"
	"time"
)

// decode fills response, a pointer to a response struct, from r and from the document that came with it.
func (c *Client) decode(x *exchange, r *http.Response, response any) error {
	v := reflect.ValueOf(response).Elem()
	p := c.planOf(v.Type())
	for i := range p.fields {
		f := &p.fields[i]
		fv := v.FieldByIndex(f.index)
		switch f.place {
		case inHeader:
			if f.name == "Content-Length" {
				fv.SetInt(r.ContentLength)
			} else if s := r.Header[f.name]; len(s) > 0 && s[0] != "" {
				if err := parseField(fv, f, s[0]); err != nil {
					return fmt.Errorf("read header %s: %w", f.name, err)
				}
			}
		case inMeta:
			*fv.Addr().Interface().(*map[string]string) = metadataOf(r.Header, f.name)
		case inChecksum:
			*fv.Addr().Interface().(*Checksum) = checksumOf(r.Header)
		}
	}
	if s, ok := response.(statusResponse); ok {
		s.status(r.StatusCode)
	}
	if d, ok := response.(documentResponse); ok && x.doc != nil {
		s := newScanner(x.doc.Bytes())
		if err := d.parse(s); err != nil {
			return fmt.Errorf("read answer: %w", err)
		}
	}
	if x.body != nil {
		return x.checkEcho(r.Header)
	}
	return nil
}

// parseField sets v from the text of a header.
func parseField(v reflect.Value, f *field, s string) error {
	switch v.Kind() {
	case reflect.String:
		if f.etag {
			s = unquoteETag(s)
		}
		v.SetString(s)
	case reflect.Int, reflect.Int64:
		n, err := strconv.ParseInt(strings.TrimSpace(s), 10, 64)
		if err != nil {
			return err
		}
		v.SetInt(n)
	case reflect.Bool:
		v.SetBool(strings.EqualFold(s, "true"))
	case reflect.Pointer:
		n, err := strconv.ParseInt(strings.TrimSpace(s), 10, 64)
		if err != nil {
			return err
		}
		v.Set(reflect.ValueOf(&n))
	case reflect.Struct:
		// Dates are for information: one that cannot be read is no reason to fail a transfer.
		*v.Addr().Interface().(*time.Time) = parseTime(s)
	}
	return nil
}

// parseTime reads the forms that the service writes dates in. It returns the zero time for any other.
func parseTime(s string) time.Time {
	s = strings.TrimSpace(s)
	if t, ok := parseISO(s); ok {
		return t
	}
	if t, err := http.ParseTime(s); err == nil {
		return t.UTC()
	}
	for _, layout := range []string{time.RFC3339Nano, "20060102T150405Z", "Mon, 2 Jan 2006 15:04:05 MST", time.RFC1123Z} {
		if t, err := time.Parse(layout, s); err == nil {
			return t.UTC()
		}
	}
	return time.Time{}
}

// parseISO reads "2016-08-18T14:21:36.593Z", with or without the fraction. It is
// what listings are full of, and ten times as fast as time.Parse.
func parseISO[T string | []byte](s T) (time.Time, bool) {
	if len(s) < 20 || len(s) > 30 || s[4] != '-' || s[7] != '-' || s[10] != 'T' || s[13] != ':' || s[16] != ':' || s[len(s)-1] != 'Z' {
		return time.Time{}, false
	}
	ok := true
	num := func(i, j int) (n int) {
		for ; i < j; i++ {
			d := s[i] - '0'
			ok = ok && d <= 9
			n = n*10 + int(d)
		}
		return n
	}
	year, month, day := num(0, 4), num(5, 7), num(8, 10)
	hour, minute, second := num(11, 13), num(14, 16), num(17, 19)
	nanos := 0
	if frac := len(s) - 1; frac > 19 {
		ok = ok && s[19] == '.' && frac > 20
		nanos = num(20, frac)
		for range 29 - frac {
			nanos *= 10
		}
	}
	if !ok || month < 1 || month > 12 || day < 1 || day > 31 || hour > 23 || minute > 59 || second > 59 {
		return time.Time{}, false
	}
	return time.Date(year, time.Month(month), day, hour, minute, second, nanos, time.UTC), true
}

// metadataOf collects the headers that begin with prefix. Names are in lower case, and
// several values of one name are joined, as the service itself does.
func metadataOf(h http.Header, prefix string) map[string]string {
	var m map[string]string
	for name, values := range h {
		if len(name) > len(prefix) && strings.EqualFold(name[:len(prefix)], prefix) {
			if m == nil {
				m = make(map[string]string)
			}
			m[strings.ToLower(name[len(prefix):])] = strings.Join(values, ",")
		}
	}
	return m
}
