package s3api

import (
	"strconv"
	"strings"
)

// byteRange is a part of an object: n bytes from off.
type byteRange struct{ off, n int64 }

// parseRange reads a Range header for an object of size bytes. Whole says to serve the object entire, as for a header that is
// absent, malformed, in another unit, or of several ranges, which S3 ignores (RFC 9110 §14.2 allows that). A range that
// begins past the end is an InvalidRange error.
func parseRange(header string, size int64) (r byteRange, whole bool, err error) {
	spec, found := strings.CutPrefix(header, "bytes=")
	if !found || strings.Contains(spec, ",") {
		return byteRange{0, size}, true, nil
	}
	first, last, found := strings.Cut(strings.TrimSpace(spec), "-")
	if !found || !digits(first) || !digits(last) || first == "" && last == "" {
		return byteRange{0, size}, true, nil
	}
	if first == "" { // bytes=-n: the last n bytes
		n, ok := parseOffset(last)
		switch {
		case n == 0:
			return byteRange{}, false, invalidRange(size)
		case !ok || n > size:
			n = size
		}
		if size == 0 {
			return byteRange{}, false, invalidRange(size)
		}
		return byteRange{size - n, n}, false, nil
	}
	off, ok := parseOffset(first)
	end := size - 1
	if last != "" {
		n, lastOK := parseOffset(last)
		if ok && lastOK && n < off {
			return byteRange{0, size}, true, nil
		}
		if lastOK && n < end {
			end = n
		}
	}
	if !ok || off >= size {
		return byteRange{}, false, invalidRange(size)
	}
	return byteRange{off, end - off + 1}, false, nil
}

// parseCopyRange reads x-amz-copy-source-range, which unlike Range must name both ends and lie in the object. The source's
// size is checked later, when it is known.
func parseCopyRange(header string) (first, last int64, err error) {
	invalid := invalidArgument("The x-amz-copy-source-range value must be of the form bytes=first-last where first and last are the zero-based offsets of the first and last bytes to copy")
	spec, found := strings.CutPrefix(header, "bytes=")
	if !found {
		return 0, 0, invalid
	}
	a, b, found := strings.Cut(spec, "-")
	if !found || a == "" || b == "" || !digits(a) || !digits(b) {
		return 0, 0, invalid
	}
	first, firstOK := parseOffset(a)
	last, lastOK := parseOffset(b)
	if !firstOK || !lastOK || last < first {
		return 0, 0, invalid
	}
	return first, last, nil
}

func digits(s string) bool {
	for i := range len(s) {
		if s[i] < '0' || s[i] > '9' {
			return false
		}
	}
	return true
}

// parseOffset parses a string of digits; ok is false if it does not fit.
func parseOffset(s string) (n int64, ok bool) {
	n, err := strconv.ParseInt(s, 10, 64)
	return n, err == nil
}

// contentRange is the value of the header of that name.
func contentRange(r byteRange, size int64) string {
	b := make([]byte, 0, 48)
	b = append(b, "bytes "...)
	b = strconv.AppendInt(b, r.off, 10)
	b = append(b, '-')
	b = strconv.AppendInt(b, r.off+r.n-1, 10)
	b = append(b, '/')
	return string(strconv.AppendInt(b, size, 10))
}
