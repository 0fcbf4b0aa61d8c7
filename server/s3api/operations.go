package s3api

import (
	"cmp"
	"slices"
	"strings"
)

// Operation is one operation of the COS API, as the handler knows it.
type Operation struct {
	Name    string
	Request string // method and target, such as "PUT /bucket/key?tagging"
	Offered bool   // false: the answer is NotImplemented, as IBM does not offer it either
}

// Operations lists every operation that the handler recognises: those on the account first, then those on buckets and those on
// objects, each by name.
func Operations() []Operation {
	rs := newRoutes()
	type row struct {
		level
		Operation
	}
	var rows []row
	for at, op := range rs.operations {
		rows = append(rows, row{at.level, Operation{op.name, at.request(), op.serve != nil}})
	}
	slices.SortFunc(rows, func(a, b row) int {
		return cmp.Or(cmp.Compare(a.level, b.level), strings.Compare(a.Name, b.Name), strings.Compare(a.Request, b.Request))
	})
	list := make([]Operation, len(rows))
	for i := range rows {
		list[i] = rows[i].Operation
	}
	return list
}

// request spells what the route recognises.
func (at route) request() string {
	target := [...]string{account: "/", bucket: "/bucket", object: "/bucket/key"}[at.level]
	switch at.sub {
	case "":
	case withCopySource:
		target += " with x-amz-copy-source"
	case listType2:
		target += "?list-type=2"
	case withForm:
		target += " with multipart/form-data"
	case copyPart:
		target += "?uploadId&partNumber with x-amz-copy-source"
	default:
		at.sub = strings.TrimPrefix(at.sub, listing)
		target += "?" + at.sub
	}
	return at.method + " " + target
}
