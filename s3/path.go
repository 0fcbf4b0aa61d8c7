package s3

import (
	"errors"
	"fmt"
	"net"
	"net/url"
	"strings"

	"github.com/icos-go/icos/internal/loopback"
)

// checkBucket refuses what cannot be a bucket name in a URL. The stricter rules for
// new buckets are left to the service.
func checkBucket(name string) error {
	if name == "" {
		return errors.New("no bucket")
	}
	ok := len(name) <= 255 && name != "." && name != ".."
	for i := range len(name) {
		b := name[i]
		ok = ok && (b >= 'a' && b <= 'z' || b >= 'A' && b <= 'Z' || b >= '0' && b <= '9' || b == '-' || b == '.' || b == '_')
	}
	if !ok {
		return fmt.Errorf("%q is not a bucket name: letters, digits, dots and hyphens only", name)
	}
	return nil
}

// setPath makes the path, and with virtual hosts the host, from bucket and key.
//
// Every byte of a key but the unreserved characters of RFC 3986 and the slash is
// percent-encoded. Path and RawPath are both set, so net/http sends, and
// the signature covers, exactly this form; nothing is cleaned, so "a//b" and
// "a/../b" stay what they are.
func (c *Client) setPath(x *exchange) error {
	prefix := c.base.Path
	if x.bucket == "" {
		x.path = prefix + "/"
		return nil
	}
	if c.virtualHost && virtualHostable(x.bucket, c.base) {
		u := *c.base
		u.Host = x.bucket + "." + u.Host
		x.base = &u
		x.path = prefix + "/" + x.key
	} else if x.key == "" {
		x.path = prefix + "/" + x.bucket
	} else {
		x.path = prefix + "/" + x.bucket + "/" + x.key
	}
	if n := escapedLen(x.path, true); n != len(x.path) {
		x.rawPath = string(appendEscaped(make([]byte, 0, n), x.path, true))
	}
	return nil
}

// virtualHostable says whether bucket can be the first label of the host. With TLS a dot cannot
// be, because certificates for *.example.com cover one label only; an address has no labels.
func virtualHostable(bucket string, base *url.URL) bool {
	if net.ParseIP(base.Hostname()) != nil || len(bucket) > 63 {
		return false
	}
	for i := range len(bucket) {
		b := bucket[i]
		if b == '_' || b >= 'A' && b <= 'Z' || b == '.' && base.Scheme == "https" {
			return false
		}
	}
	return bucket[0] != '-' && bucket[len(bucket)-1] != '-'
}

// setCopySource sets the header that names the object to copy.
func (x *exchange) setCopySource(bucket, key, versionID string) error {
	if err := checkBucket(bucket); err != nil {
		return fmt.Errorf("source: %w", err)
	}
	if key == "" {
		return errors.New("source: no key")
	}
	b := make([]byte, 0, len(bucket)+1+len(key)+16)
	b = append(append(b, bucket...), '/')
	b = appendEscaped(b, key, true)
	if versionID != "" {
		b = appendEscaped(append(b, "?versionId="...), versionID, false)
	}
	x.set("X-Amz-Copy-Source", string(b))
	return nil
}

func unreserved(b byte) bool {
	return b >= 'a' && b <= 'z' || b >= 'A' && b <= 'Z' || b >= '0' && b <= '9' ||
		b == '-' || b == '.' || b == '_' || b == '~'
}

func escapedLen(s string, slash bool) int {
	n := len(s)
	for i := range len(s) {
		if b := s[i]; !unreserved(b) && !(slash && b == '/') {
			n += 2
		}
	}
	return n
}

// appendEscaped appends s, percent-encoded as S3 signatures want it: upper-case hex, a
// space is %20. If slash, slashes stay.
func appendEscaped(dst []byte, s string, slash bool) []byte {
	const hex = "0123456789ABCDEF"
	for i := range len(s) {
		if b := s[i]; unreserved(b) || slash && b == '/' {
			dst = append(dst, b)
		} else {
			dst = append(dst, '%', hex[b>>4], hex[b&15])
		}
	}
	return dst
}

// parseEndpoint reads Config.Endpoint.
func parseEndpoint(s string) (*url.URL, error) {
	if s == "" {
		return nil, errors.New("no endpoint: set Config.Endpoint, such as https://s3.us-south.cloud-object-storage.appdomain.cloud")
	}
	if !strings.Contains(s, "://") {
		scheme := "https://"
		if u, err := url.Parse("http://" + s); err == nil && loopback.Host(u.Hostname()) {
			scheme = "http://"
		}
		s = scheme + s
	}
	u, err := url.Parse(s)
	if err != nil {
		return nil, fmt.Errorf("endpoint: %w", err)
	}
	switch {
	case u.Scheme != "https" && u.Scheme != "http":
		return nil, fmt.Errorf("endpoint %q: the scheme is neither https nor http", u.Redacted())
	case u.Hostname() == "":
		return nil, fmt.Errorf("endpoint %q has no host", u.Redacted())
	case u.User != nil:
		return nil, errors.New("endpoint has a user in it: credentials go into Config.Credentials")
	case u.RawQuery != "" || u.Fragment != "":
		return nil, fmt.Errorf("endpoint %q has a query or a fragment", u.Redacted())
	}
	return &url.URL{Scheme: u.Scheme, Host: u.Host, Path: strings.TrimRight(u.Path, "/")}, nil
}
