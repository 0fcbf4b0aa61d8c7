package s3api

import (
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"unicode/utf8"

	"github.com/icos-go/icos/server/store"
)

// parse finds the bucket, the key and the parameters in a request. The path is taken as it came: cleaning it would turn one
// key into another.
func (c *call) parse() error {
	path := rawPath(c.r)
	bucket := c.hosts.Bucket(c.r.Host)
	if bucket == "" {
		bucket, path, _ = strings.Cut(strings.TrimPrefix(path, "/"), "/")
	} else {
		path = strings.TrimPrefix(path, "/")
	}
	var err error
	if c.bucket, err = url.PathUnescape(bucket); err != nil {
		return newError(codeInvalidURI)
	}
	if c.key, err = url.PathUnescape(path); err != nil {
		return newError(codeInvalidURI)
	}
	if c.query, err = parseQuery(c.r.URL.RawQuery); err != nil {
		return err
	}
	if c.bucket == "" && c.key != "" {
		return newErrorMessage(codeInvalidBucketName, "The specified bucket is not valid: the path begins with two slashes.")
	}
	if c.bucket != "" && !plausibleBucket(c.bucket) {
		return newError(codeInvalidBucketName)
	}
	return checkKey(c.key)
}

// rawPath is the path of a request as it is on the wire, still escaped.
func rawPath(r *http.Request) string {
	if strings.HasPrefix(r.RequestURI, "/") {
		path, _, _ := strings.Cut(r.RequestURI, "?")
		return path
	}
	return r.URL.EscapedPath()
}

// checkKey refuses keys that can not be stored.
func checkKey(key string) error {
	if len(key) > store.MaxKeyLength {
		return newError(codeKeyTooLong)
	}
	if !utf8.ValidString(key) {
		return newErrorMessage(codeInvalidURI, "Couldn't parse the specified URI: the key is not valid UTF-8.")
	}
	return nil
}

// plausibleBucket reports whether a bucket of that name could exist, so that a request for one that could not is answered
// InvalidBucketName. It is the rule of the SDKs, which is wider than that for new buckets.
func plausibleBucket(name string) bool {
	if len(name) > 255 {
		return false
	}
	for i := range len(name) {
		c := name[i]
		if !('a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' || c == '.' || c == '-' || c == '_') {
			return false
		}
	}
	return true
}

// checkBucketName checks the name of a new bucket against COS's rules: 3 to 63 lower-case letters, digits, dots and hyphens,
// beginning and ending with a letter or digit, no two dots or hyphens in a row, not an IP address, no reserved prefix.
func checkBucketName(name string) error {
	invalid := func(why string) error {
		return newErrorMessage(codeInvalidBucketName, "The specified bucket is not valid: "+why+".")
	}
	if len(name) < 3 || len(name) > 63 {
		return invalid("a name has 3 to 63 characters")
	}
	alphanumeric := func(c byte) bool { return 'a' <= c && c <= 'z' || '0' <= c && c <= '9' }
	for i := range len(name) {
		if c := name[i]; !alphanumeric(c) && c != '.' && c != '-' {
			return invalid("a name consists of lower-case letters, digits, dots and hyphens")
		}
	}
	switch {
	case !alphanumeric(name[0]) || !alphanumeric(name[len(name)-1]):
		return invalid("a name begins and ends with a letter or digit")
	case strings.Contains(name, "..") || strings.Contains(name, "--"):
		return invalid("a name has no two dots or hyphens in a row")
	case strings.HasPrefix(name, "cosv1-") || strings.HasPrefix(name, "account-"):
		return invalid("the prefixes cosv1- and account- are reserved")
	}
	if _, err := netip.ParseAddr(name); err == nil {
		return invalid("a name does not look like an IP address")
	}
	return nil
}
