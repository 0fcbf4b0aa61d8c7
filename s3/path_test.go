package s3

import (
	"bufio"
	"bytes"
	"net/http"
	"net/url"
	"strings"
	"testing"
)

// checkPath writes a request for key as net/http does, and reads the key back.
func checkPath(t *testing.T, key string) {
	t.Helper()
	for _, virtual := range []bool{false, true} {
		c := &Client{base: &url.URL{Scheme: "https", Host: "s3.example.com"}, virtualHost: virtual}
		x := &exchange{base: c.base, bucket: "b-1", key: key}
		if err := c.setPath(x); err != nil {
			t.Fatal(err)
		}
		prefix := "/b-1/"
		if virtual {
			prefix = "/"
			if x.base.Host != "b-1.s3.example.com" {
				t.Fatalf("host = %q", x.base.Host)
			}
		}
		u := &url.URL{Scheme: "https", Host: x.base.Host, Path: x.path, RawPath: x.rawPath}
		want := prefix + string(appendEscaped(nil, key, true))
		if got := u.EscapedPath(); got != want {
			t.Errorf("EscapedPath for %q = %q, want %q", key, got, want)
		}
		var wire bytes.Buffer
		if err := (&http.Request{Method: "GET", URL: u, Host: u.Host, Header: http.Header{}}).Write(&wire); err != nil {
			t.Fatalf("write request for %q: %v", key, err)
		}
		r, err := http.ReadRequest(bufio.NewReader(&wire))
		if err != nil {
			t.Fatalf("read request for %q: %v", key, err)
		}
		if r.RequestURI != want {
			t.Errorf("request for %q has %q, want %q", key, r.RequestURI, want)
		}
		if got, err := url.PathUnescape(strings.TrimPrefix(r.RequestURI, prefix)); err != nil || got != key {
			t.Errorf("server reads %q, %v, want %q", got, err, key)
		}
	}
}

func TestPath(t *testing.T) {
	for _, tt := range []struct{ key, want string }{
		{"a/b", "/b/a/b"},
		{"a b", "/b/a%20b"},
		{"a+b", "/b/a%2Bb"},
		{"%2F", "/b/%252F"},
		{"a//b/", "/b/a//b/"},
		{"../../etc/passwd", "/b/../../etc/passwd"},
		{"𝄞", "/b/%F0%9D%84%9E"},
		{"trailing ", "/b/trailing%20"},
		{"~-._", "/b/~-._"},
		{"!*'()", "/b/%21%2A%27%28%29"},
	} {
		c := &Client{base: &url.URL{Scheme: "https", Host: "h"}}
		x := &exchange{base: c.base, bucket: "b", key: tt.key}
		if err := c.setPath(x); err != nil {
			t.Fatal(err)
		}
		if got := (&url.URL{Path: x.path, RawPath: x.rawPath}).EscapedPath(); got != tt.want {
			t.Errorf("path of %q = %q, want %q", tt.key, got, tt.want)
		}
	}
}

func TestBucketNames(t *testing.T) {
	for _, name := range []string{"", ".", "..", "a/b", "a b", "a?b", strings.Repeat("a", 256)} {
		if checkBucket(name) == nil {
			t.Errorf("checkBucket(%q) accepts", name)
		}
	}
	for _, name := range []string{"abc", "A_b.c-1"} {
		if err := checkBucket(name); err != nil {
			t.Errorf("checkBucket(%q): %v", name, err)
		}
	}
}

func TestRelated(t *testing.T) {
	tests := []struct {
		a, b string
		want bool
	}{
		{"s3.us-south.cloud-object-storage.appdomain.cloud", "s3.eu-de.cloud-object-storage.appdomain.cloud", true},
		{"s3.us-south.cloud-object-storage.appdomain.cloud", "s3.private.us-south.cloud-object-storage.appdomain.cloud", true},
		{"b.s3.example.com", "s3.example.com", true},
		{"minio.example.com", "node2.example.com", true},
		{"s3.us-south.cloud-object-storage.appdomain.cloud", "evil.appdomain.cloud", false},
		{"example.com", "evil.com", false},
		{"example.com", "com", false},
		{"10.0.0.1", "20.0.0.1", false},
		{"s3.example.com", "s3.example.com.evil.org", false},
	}
	for _, tt := range tests {
		if got := related(tt.a, tt.b); got != tt.want {
			t.Errorf("related(%q, %q) = %v, want %v", tt.a, tt.b, got, tt.want)
		}
	}
}

// A host without a scheme means https, unless it is this machine.
func TestSchemeOfEndpoint(t *testing.T) {
	for endpoint, want := range map[string]string{
		"localhost:9000": "http", "127.0.0.1:9000": "http", "[::1]:9000": "http",
		"s3.example": "https", "localhost.example": "https", "https://localhost:9000": "https", "http://s3.example": "http",
	} {
		if u, err := parseEndpoint(endpoint); err != nil || u.Scheme != want {
			t.Errorf("%s: %v, %v; want %s", endpoint, u, err, want)
		}
	}
}
