package s3

import (
	"crypto/fips140"
	"crypto/md5"
	"encoding/base64"
	"errors"
	"fmt"
	"net/http"
	"reflect"
	"strconv"
	"strings"
	"time"
)

// isoTime is how dates of retention are written in headers.
const isoTime = "2006-01-02T15:04:05Z"

// encode fills x, except for its body, from request, a pointer to a request struct.
func (c *Client) encode(x *exchange, request any) error {
	v := reflect.ValueOf(request)
	if v.IsNil() {
		return errors.New("the request is nil")
	}
	v = v.Elem()
	p := c.planOf(v.Type())

	x.base = c.base
	x.header = make(http.Header, 8) // one group of a map, which is enough for most
	x.values = make([]string, 0, 8)
	x.set("User-Agent", c.agent)
	var query []byte
	if x.op.query != "" {
		query = append(query, x.op.query...)
	}
	for i := range p.fields {
		f := &p.fields[i]
		fv := v.FieldByIndex(f.index)
		switch f.place {
		case inBucket:
			x.bucket = fv.String()
			if err := checkBucket(x.bucket); err != nil {
				return err
			}
		case inKey:
			x.key = fv.String()
			if x.key == "" {
				return errors.New("no key")
			}
		case inMeta:
			if err := x.setMetadata(f.name, fv); err != nil {
				return err
			}
		case inChecksum:
			x.sum = *fv.Addr().Interface().(*Checksum)
		case inCustomer:
			if err := x.setCustomerKey(f.name, *fv.Addr().Interface().(*CustomerKey)); err != nil {
				return err
			}
		case inTags:
			if tags := *fv.Addr().Interface().(*[]Tag); len(tags) > 0 {
				x.set(f.name, formatTags(tags))
			}
		case inQuery:
			s := format(fv, f)
			if s == "" {
				if f.need {
					return fmt.Errorf("no %s", f.label)
				}
				continue
			}
			if len(query) > 0 {
				query = append(query, '&')
			}
			query = appendEscaped(append(query, f.name...), s, false)
		case inHeader:
			s := format(fv, f)
			if s == "" {
				continue
			}
			if !validHeader(s) {
				return fmt.Errorf("%s has a control character, which a header cannot carry", f.label)
			}
			x.set(f.name, s)
		}
	}
	x.rawQuery = string(query)
	if err := c.setPath(x); err != nil {
		return err
	}
	if x.op.flags&instance != 0 && c.instanceID != "" && x.header["Ibm-Service-Instance-Id"] == nil {
		x.set("Ibm-Service-Instance-Id", c.instanceID)
	}
	if x.op.flags&wholeness != 0 {
		// Without the second, net/http, and proxies, may send gzip of what is stored.
		x.set("X-Amz-Checksum-Mode", "ENABLED")
		x.set("Accept-Encoding", "identity")
	}
	if r, ok := request.(copyRequest); ok {
		return x.setCopySource(r.source())
	}
	return nil
}

// encodeBody gives x the body of request, if it has one.
func (c *Client) encodeBody(x *exchange, request any) error {
	switch r := request.(type) {
	case *GetObjectRequest:
		x.unverified = r.Unverified
	case streamRequest:
		u := r.stream()
		src, err := newSource(u.body, u.size)
		if err != nil {
			return err
		}
		src.sent = u.sent
		x.body = src
		if err := c.keep(src); err != nil {
			return fmt.Errorf("read body: %w", err)
		}
		return c.setChecksum(x, u.sum)
	case documentRequest:
		doc, err := r.document()
		if err != nil || len(doc) == 0 {
			return err
		}
		x.body = sourceOf(doc)
		x.set("Content-Type", "application/xml")
		if x.op.flags&integrity != 0 {
			x.setIntegrity(doc)
		}
	}
	if x.sum.Value != "" {
		x.setSum(x.sum)
	}
	return nil
}

// setIntegrity adds the digest without which the service refuses a document. It is MD5,
// which all versions of the service know, unless the program runs where MD5 is forbidden.
func (x *exchange) setIntegrity(doc []byte) {
	if fips140.Enforced() {
		h := CRC32C.New()
		h.Write(doc)
		x.setSum(Checksum{Algorithm: CRC32C, Value: sumValue(h)})
		return
	}
	sum := md5.Sum(doc)
	x.set("Content-Md5", base64.StdEncoding.EncodeToString(sum[:]))
}

// format returns the wire form of a field, and "" for the zero value.
func format(v reflect.Value, f *field) string {
	switch v.Kind() {
	case reflect.String:
		s := v.String()
		if f.etag && s != "" {
			return quoteETag(s)
		}
		return s
	case reflect.Int, reflect.Int64:
		if n := v.Int(); n != 0 {
			return strconv.FormatInt(n, 10)
		}
	case reflect.Bool:
		if v.Bool() {
			return "true"
		}
	case reflect.Pointer:
		if !v.IsNil() {
			return strconv.FormatInt(v.Elem().Int(), 10)
		}
	case reflect.Struct:
		t := *v.Addr().Interface().(*time.Time)
		switch {
		case t.IsZero():
		case f.iso:
			return t.UTC().Format(isoTime)
		default:
			return t.UTC().Format(http.TimeFormat)
		}
	}
	return ""
}

func (x *exchange) setMetadata(prefix string, v reflect.Value) error {
	for name, value := range *v.Addr().Interface().(*map[string]string) {
		if !validToken(name) {
			return fmt.Errorf("metadata name %q is not a valid part of a header name", name)
		}
		for i := range len(value) {
			if value[i] >= 0x80 || value[i] < ' ' && value[i] != '\t' {
				return fmt.Errorf("metadata value of %q is not printable ASCII: encode it, for example with url.PathEscape", name)
			}
		}
		if strings.TrimSpace(value) != value {
			return fmt.Errorf("metadata value of %q begins or ends with a space, which a header loses", name)
		}
		x.header[http.CanonicalHeaderKey(prefix+name)] = []string{value}
	}
	return nil
}

// validHeader says whether s can be the value of a header.
func validHeader(s string) bool {
	for i := range len(s) {
		if s[i] < ' ' && s[i] != '\t' || s[i] == 0x7f {
			return false
		}
	}
	return true
}

// validToken says whether s is a token of RFC 9110, section 5.6.2.
func validToken(s string) bool {
	for i := range len(s) {
		b := s[i]
		if b <= ' ' || b >= 0x7f || strings.IndexByte(`"(),/:;<=>?@[\]{}`, b) >= 0 {
			return false
		}
	}
	return s != ""
}
