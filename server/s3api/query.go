package s3api

import (
	"net/url"
	"strconv"
	"strings"
)

// maxParameters is the number of query parameters that a request may have; no operation knows that many.
const maxParameters = 100

// query is a parsed query string, in order. It is short, so that a slice beats a map.
type query []parameter

type parameter struct{ name, value string }

// parseQuery parses a raw query string. Unlike url.ParseQuery it refuses what it can not decode, where ignoring a parameter
// would make the request mean something else.
func parseQuery(raw string) (query, error) {
	if raw == "" {
		return nil, nil
	}
	if strings.Count(raw, "&") >= maxParameters {
		return nil, newErrorMessage(codeInvalidURI, "Too many query parameters.")
	}
	var q query
	for pair := range strings.SplitSeq(raw, "&") {
		if pair == "" {
			continue
		}
		name, value, _ := strings.Cut(pair, "=")
		name, err := url.QueryUnescape(name)
		if err != nil {
			return nil, newError(codeInvalidURI)
		}
		value, err = url.QueryUnescape(value)
		if err != nil {
			return nil, newError(codeInvalidURI)
		}
		q = append(q, parameter{name, value})
	}
	return q, nil
}

// get returns the first value of a parameter, or "".
func (q query) get(name string) string {
	value, _ := q.lookup(name)
	return value
}

func (q query) has(name string) bool {
	_, found := q.lookup(name)
	return found
}

func (q query) lookup(name string) (string, bool) {
	for i := range q {
		if q[i].name == name {
			return q[i].value, true
		}
	}
	return "", false
}

// pageSize returns a parameter that bounds a page: 1,000 if absent or empty, and at most 1,000.
func (q query) pageSize(name string) (int, error) {
	value := q.get(name)
	if value == "" {
		return maxPageSize, nil
	}
	n, err := strconv.ParseInt(value, 10, 32)
	if err != nil || n < 0 {
		return 0, invalidArgument("Argument " + name + " must be an integer between 0 and 2147483647")
	}
	return int(min(n, maxPageSize)), nil
}

// urlEncoding reads encoding-type.
func (q query) urlEncoding() (bool, error) {
	switch value, found := q.lookup("encoding-type"); {
	case !found || value == "":
		return false, nil
	case value == "url":
		return true, nil
	}
	return false, invalidArgument("Invalid Encoding Method specified in Request")
}
