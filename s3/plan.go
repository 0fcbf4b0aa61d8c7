package s3

import (
	"fmt"
	"net/http"
	"reflect"
	"strings"
	"time"
)

// plan is what the struct tags of one request or response type say, read once.
//
//	path:"bucket"  path:"key"       the path
//	query:"name"                    one query parameter
//	header:"Name"                   one header
//	meta:"prefix"                   a map[string]string, one header each
//	checksum:"value"                a Checksum, as x-amz-checksum-*
//	customer:"prefix"               a CustomerKey, three headers
//	tags:"name"                     a []Tag, as one header
//	quote:"etag"                    beside header: quoted on the wire, not in Go
//	time:"iso"                      beside header: ISO 8601 and not the HTTP date
//	need:"true"                     beside query: refuse a request without it
//
// Fields without a tag belong to the XML body, and fields with the zero value are not sent.
type plan struct {
	fields []field
}

type field struct {
	index []int
	place place
	name  string // in canonical form if a header; with its "=" if a query parameter
	label string // of the Go field, for errors
	etag  bool
	iso   bool
	need  bool
}

type place uint8

const (
	inBucket place = iota
	inKey
	inQuery
	inHeader
	inMeta
	inChecksum
	inTags
	inCustomer
)

// planOf returns the plan of struct type t.
func (c *Client) planOf(t reflect.Type) *plan {
	if p, ok := c.plans.Load(t); ok {
		return p.(*plan)
	}
	p := new(plan)
	p.add(t, nil)
	c.plans.Store(t, p)
	return p
}

func (p *plan) add(t reflect.Type, at []int) {
	for i := range t.NumField() {
		sf := t.Field(i)
		index := append(append([]int(nil), at...), i)
		if sf.Anonymous && sf.Type.Kind() == reflect.Struct {
			p.add(sf.Type, index)
			continue
		}
		f := field{
			index: index,
			label: sf.Name,
			etag:  sf.Tag.Get("quote") == "etag",
			iso:   sf.Tag.Get("time") == "iso",
			need:  sf.Tag.Get("need") == "true",
		}
		switch {
		case sf.Tag.Get("path") == "bucket":
			f.place = inBucket
		case sf.Tag.Get("path") == "key":
			f.place = inKey
		case sf.Tag.Get("query") != "":
			f.place, f.name = inQuery, sf.Tag.Get("query")+"="
		case sf.Tag.Get("header") != "":
			f.place, f.name = inHeader, http.CanonicalHeaderKey(sf.Tag.Get("header"))
		case sf.Tag.Get("meta") != "":
			f.place, f.name = inMeta, http.CanonicalHeaderKey(sf.Tag.Get("meta"))
		case sf.Tag.Get("checksum") != "":
			f.place = inChecksum
		case sf.Tag.Get("customer") != "":
			f.place, f.name = inCustomer, http.CanonicalHeaderKey(sf.Tag.Get("customer"))
		case sf.Tag.Get("tags") != "":
			f.place, f.name = inTags, http.CanonicalHeaderKey(sf.Tag.Get("tags"))
		default:
			continue
		}
		checkField(t, sf)
		p.fields = append(p.fields, f)
	}
}

// checkField panics for a tagged field of a type that cannot be encoded, which the first test of an operation finds.
func checkField(t reflect.Type, sf reflect.StructField) {
	switch sf.Type {
	case reflect.TypeFor[time.Time](), reflect.TypeFor[*int64](), reflect.TypeFor[map[string]string](), reflect.TypeFor[Checksum](), reflect.TypeFor[CustomerKey](), reflect.TypeFor[[]Tag]():
		return
	}
	switch sf.Type.Kind() {
	case reflect.String, reflect.Int, reflect.Int64, reflect.Bool:
		return
	}
	panic(fmt.Sprintf("s3: field %s.%s has a tag but its type %s cannot be encoded", t, sf.Name, sf.Type))
}

// quoteETag returns an entity tag as headers carry it. Lists of tags, weak tags
// and "*" are left alone.
func quoteETag(s string) string {
	if s == "*" || strings.HasPrefix(s, `"`) || strings.HasPrefix(s, "W/") {
		return s
	}
	return `"` + s + `"`
}

func unquoteETag(s string) string {
	if len(s) >= 2 && s[0] == '"' && s[len(s)-1] == '"' {
		return s[1 : len(s)-1]
	}
	return s
}
