package s3api

import (
	"net/http"
	"strings"
	"time"

	"github.com/icos-go/icos/server/store"
)

// conditions are the preconditions of a request (RFC 9110 §13), from the If-* headers or their x-amz-copy-source-* forms.
type conditions struct {
	match, noneMatch              string
	modifiedSince, unmodified     time.Time
	hasModified, hasUnmodified    bool
	hasMatch, hasNoneMatch, isSet bool
}

// parseConditions reads the headers prefix+"If-Match" and so on. Dates that can not be read are ignored, as RFC 9110 §13.1.3
// says.
func parseConditions(h http.Header, prefix string) conditions {
	var c conditions
	c.match, c.hasMatch = joined(h, prefix+"If-Match")
	c.noneMatch, c.hasNoneMatch = joined(h, prefix+"If-None-Match")
	c.modifiedSince, c.hasModified = parseDate(h, prefix+"If-Modified-Since")
	c.unmodified, c.hasUnmodified = parseDate(h, prefix+"If-Unmodified-Since")
	c.isSet = c.hasMatch || c.hasNoneMatch || c.hasModified || c.hasUnmodified
	return c
}

func joined(h http.Header, name string) (string, bool) {
	values := h[name]
	switch len(values) {
	case 0:
		return "", false
	case 1:
		return values[0], true
	}
	return strings.Join(values, ","), true
}

func parseDate(h http.Header, name string) (time.Time, bool) {
	values := h[name]
	if len(values) != 1 {
		return time.Time{}, false
	}
	t, err := http.ParseTime(values[0])
	if err != nil {
		return time.Time{}, false
	}
	return t, true
}

// verdict is what preconditions say about a request.
type verdict int

const (
	proceed     verdict = iota
	notModified         // 304 for a read, 412 for a copy
	failed              // 412
)

// evaluate follows the order of RFC 9110 §13.2.2, which is S3's: If-Match outweighs If-Unmodified-Since, and If-None-Match
// outweighs If-Modified-Since.
func (c *conditions) evaluate(o *store.Object) verdict {
	if !c.isSet {
		return proceed
	}
	modified := o.Modified.Truncate(time.Second) // the precision of an HTTP date
	switch {
	case c.hasMatch:
		if !matchETag(c.match, o.ETag, false) {
			return failed
		}
	case c.hasUnmodified:
		if modified.After(c.unmodified) {
			return failed
		}
	}
	switch {
	case c.hasNoneMatch:
		if matchETag(c.noneMatch, o.ETag, true) {
			return notModified
		}
	case c.hasModified:
		if !modified.After(c.modifiedSince) {
			return notModified
		}
	}
	return proceed
}

// matchETag reports whether a list of entity tags holds etag. Tags without quotes count too, as they do for S3. A weak tag
// matches only where the comparison is weak.
func matchETag(list, etag string, weak bool) bool {
	for tag := range strings.SplitSeq(list, ",") {
		tag = strings.TrimSpace(tag)
		if tag == "*" {
			return true
		}
		if strong, isWeak := strings.CutPrefix(tag, "W/"); isWeak {
			if !weak {
				continue
			}
			tag = strong
		}
		if strings.Trim(tag, `"`) == etag && etag != "" {
			return true
		}
	}
	return false
}

// ifRange reports whether a Range header is to be honoured under If-Range (RFC 9110 §13.1.5).
func ifRange(h http.Header, o *store.Object) bool {
	value := h.Get("If-Range")
	if value == "" {
		return true
	}
	if t, err := http.ParseTime(value); err == nil {
		return o.Modified.Truncate(time.Second).Equal(t)
	}
	return matchETag(value, o.ETag, false)
}

// writeCheck returns the check of a conditional write, to be run under the key's lock, or nil if the request has no
// condition. S3 knows two: If-None-Match: * creates only, If-Match: tag replaces only that version.
func writeCheck(h http.Header) (func(current *store.Object) error, error) {
	noneMatch, hasNoneMatch := joined(h, "If-None-Match")
	match, hasMatch := joined(h, "If-Match")
	switch {
	case hasNoneMatch && hasMatch:
		return nil, notImplemented("If-Match together with If-None-Match on a write is not implemented")
	case hasNoneMatch:
		if strings.TrimSpace(noneMatch) != "*" {
			return nil, notImplemented("A header you provided implies functionality that is not implemented: If-None-Match on a write takes only *")
		}
		return func(current *store.Object) error {
			if current != nil {
				return preconditionFailed("If-None-Match")
			}
			return nil
		}, nil
	case hasMatch:
		return func(current *store.Object) error {
			if current == nil {
				return newError(codeNoSuchKey)
			}
			if !matchETag(match, current.ETag, false) {
				return preconditionFailed("If-Match")
			}
			return nil
		}, nil
	}
	return nil, nil
}
