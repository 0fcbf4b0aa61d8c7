package s3api_test

import (
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"strings"
	"testing"
)

func crc32Base64(body string) string {
	return base64.StdEncoding.EncodeToString(binary.BigEndian.AppendUint32(nil, crc32.ChecksumIEEE([]byte(body))))
}

func TestPutGetHeadDelete(t *testing.T) {
	s := newServer(t, serverOptions{})
	const md5Hello = `"5d41402abc4b2a76b9719d911017c592"`
	if got := s.put("/bucket/dir/k%20y", "hello").Header.Get("ETag"); got != md5Hello {
		t.Errorf("ETag %s, want %s", got, md5Hello)
	}
	r := s.do(s.owner, "GET", "/bucket/dir/k%20y", "")
	r.want(t, 200, "")
	if r.body != "hello" || r.ContentLength != 5 || r.Header.Get("ETag") != md5Hello || r.Header.Get("Last-Modified") == "" {
		t.Errorf("GET: %q, length %d, %v", r.body, r.ContentLength, r.Header)
	}
	if got := r.Header.Get("Content-Type"); got != "application/octet-stream" {
		t.Errorf("Content-Type %q", got)
	}
	head := s.do(s.owner, "HEAD", "/bucket/dir/k%20y?versionId=null", "")
	if head.StatusCode != 200 || head.ContentLength != 5 || head.Header.Get("ETag") != md5Hello {
		t.Errorf("HEAD: %d, length %d, %v", head.StatusCode, head.ContentLength, head.Header)
	}
	s.do(s.owner, "GET", "/bucket/dir/k%20y?versionId=abc", "").want(t, 404, "NoSuchVersion")
	s.do(s.owner, "GET", "/bucket/dir/k%20y?versionId=", "").want(t, 400, "InvalidArgument")
	for range 2 { // the second time it is gone, and that is no error
		s.do(s.owner, "DELETE", "/bucket/dir/k%20y", "").want(t, 204, "")
	}
	s.do(s.owner, "GET", "/bucket/dir/k%20y", "").want(t, 404, "NoSuchKey")
}

func TestEmptyObject(t *testing.T) {
	s := newServer(t, serverOptions{})
	s.put("/bucket/empty", "", "Content-Length", "0")
	r := s.do(s.owner, "GET", "/bucket/empty", "")
	if r.StatusCode != 200 || r.body != "" || r.ContentLength != 0 {
		t.Errorf("GET: %d, %q, length %d", r.StatusCode, r.body, r.ContentLength)
	}
	s.do(s.owner, "GET", "/bucket/empty", "", "Range", "bytes=0-").want(t, 416, "InvalidRange")
}

func TestObjectAttributes(t *testing.T) {
	s := newServer(t, serverOptions{})
	sent := []string{
		"Content-Type", "text/plain", "Cache-Control", "no-cache", "Content-Disposition", "inline", "Content-Encoding", "gzip",
		"Content-Language", "de", "Expires", "Thu, 01 Dec 2033 16:00:00 GMT", "X-Amz-Website-Redirect-Location", "/elsewhere",
		"x-amz-meta-Colour", "blue", "X-Amz-Meta-Two", "1", "x-amz-meta-two", "2",
	}
	s.put("/bucket/k", "hello", sent...)
	for _, method := range []string{"GET", "HEAD"} {
		r := s.do(s.owner, method, "/bucket/k", "", "Accept-Encoding", "identity")
		for i := 0; i < len(sent)-6; i += 2 {
			if got := r.Header.Get(sent[i]); got != sent[i+1] {
				t.Errorf("%s: %s = %q, want %q", method, sent[i], got, sent[i+1])
			}
		}
		if got := r.Header.Get("X-Amz-Meta-Colour"); got != "blue" {
			t.Errorf("%s: colour %q", method, got)
		}
		if got := r.Header.Get("X-Amz-Meta-Two"); got != "1,2" {
			t.Errorf("%s: a repeated header became %q, want 1,2", method, got)
		}
	}
}

func TestChunkedFramingIsNotStored(t *testing.T) {
	s := newServer(t, serverOptions{})
	framed := "5\r\nhello\r\n0\r\nx-amz-checksum-crc32:" + crc32Base64("hello") + "\r\n\r\n"
	r := s.put("/bucket/k", framed, "Content-Encoding", "aws-chunked,gzip", "X-Amz-Trailer", "x-amz-checksum-crc32",
		"X-Amz-Decoded-Content-Length", "5", "X-Amz-Sdk-Checksum-Algorithm", "CRC32")
	if got, want := r.Header.Get("X-Amz-Checksum-Crc32"), crc32Base64("hello"); got != want {
		t.Errorf("checksum %q, want %q", got, want)
	}
	r = s.do(s.owner, "GET", "/bucket/k", "", "Accept-Encoding", "identity", "X-Amz-Checksum-Mode", "ENABLED")
	if r.body != "hello" || r.Header.Get("Content-Encoding") != "gzip" {
		t.Errorf("GET: %q in %q", r.body, r.Header.Get("Content-Encoding"))
	}
	if got, want := r.Header.Get("X-Amz-Checksum-Crc32"), crc32Base64("hello"); got != want {
		t.Errorf("checksum %q, want %q", got, want)
	}
	if got := r.Header.Get("X-Amz-Checksum-Type"); got != "FULL_OBJECT" {
		t.Errorf("checksum type %q", got)
	}
	// Not asked for, and not of a part of the object.
	for _, headers := range [][]string{nil, {"X-Amz-Checksum-Mode", "ENABLED", "Range", "bytes=0-1"}} {
		headers = append(headers, "Accept-Encoding", "identity")
		if got := s.do(s.owner, "GET", "/bucket/k", "", headers...).Header.Get("X-Amz-Checksum-Crc32"); got != "" {
			t.Errorf("with %v: checksum %q", headers, got)
		}
	}
}

func TestRanges(t *testing.T) {
	s := newServer(t, serverOptions{})
	const body = "0123456789"
	s.put("/bucket/k", body)
	tests := []struct {
		header string
		status int
		want   string
		rng    string
	}{
		{"bytes=0-0", 206, "0", "bytes 0-0/10"},
		{"bytes=2-4", 206, "234", "bytes 2-4/10"},
		{"bytes=8-", 206, "89", "bytes 8-9/10"},
		{"bytes=8-99", 206, "89", "bytes 8-9/10"},
		{"bytes=-3", 206, "789", "bytes 7-9/10"},
		{"bytes=-99", 206, body, "bytes 0-9/10"},
		{"bytes=0-9223372036854775807", 206, body, "bytes 0-9/10"},
		{"bytes=0-99999999999999999999", 206, body, "bytes 0-9/10"},
		{"bytes=-99999999999999999999", 206, body, "bytes 0-9/10"},
		{"bytes=10-", 416, "", "bytes */10"},
		{"bytes=99999999999999999999-", 416, "", "bytes */10"},
		{"bytes=-0", 416, "", "bytes */10"},
		{"bytes=4-2", 200, body, ""},
		{"bytes=0-1,3-4", 200, body, ""},
		{"bytes=", 200, body, ""},
		{"bytes=-", 200, body, ""},
		{"bytes=a-b", 200, body, ""},
		{"bytes=1", 200, body, ""},
		{"bytes=+1-2", 200, body, ""},
		{"items=0-1", 200, body, ""},
		{"0-1", 200, body, ""},
	}
	for _, test := range tests {
		for _, method := range []string{"GET", "HEAD"} {
			r := s.do(s.owner, method, "/bucket/k", "", "Range", test.header)
			if r.StatusCode != test.status || r.Header.Get("Content-Range") != test.rng {
				t.Errorf("%s %s: %d %q, want %d %q", method, test.header, r.StatusCode, r.Header.Get("Content-Range"), test.status, test.rng)
			}
			switch {
			case test.status == 416:
				r.want(t, 416, "InvalidRange")
			case method == "GET" && r.body != test.want:
				t.Errorf("%s: %q, want %q", test.header, r.body, test.want)
			case r.ContentLength != int64(len(test.want)):
				t.Errorf("%s %s: length %d, want %d", method, test.header, r.ContentLength, len(test.want))
			}
		}
	}
}

func TestLargeObject(t *testing.T) {
	s := newServer(t, serverOptions{})
	body := strings.Repeat("0123456789abcdef", 100_000) // several send buffers
	s.put("/bucket/large", body)
	if r := s.do(s.owner, "GET", "/bucket/large", ""); r.body != body {
		t.Errorf("GET returned %d bytes that differ from the %d put", len(r.body), len(body))
	}
	if r := s.do(s.owner, "GET", "/bucket/large", "", "Range", "bytes=5-1200004"); r.body != body[5:1200005] {
		t.Errorf("GET of a range returned %d bytes that differ", len(r.body))
	}
}

func TestResponseOverrides(t *testing.T) {
	s := newServer(t, serverOptions{})
	s.put("/bucket/k", "hello", "X-Amz-Acl", "public-read", "Content-Type", "text/plain")
	const query = "?response-content-type=text%2Fhtml&response-content-disposition=attachment%3B%20filename%3Dx&response-cache-control=no-store"
	r := s.do(s.owner, "GET", "/bucket/k"+query, "")
	if r.Header.Get("Content-Type") != "text/html" || r.Header.Get("Content-Disposition") != "attachment; filename=x" || r.Header.Get("Cache-Control") != "no-store" {
		t.Errorf("headers %v", r.Header)
	}
	s.do(s.nobody, "GET", "/bucket/k", "").want(t, 200, "")
	s.do(s.nobody, "GET", "/bucket/k"+query, "").want(t, 400, "InvalidRequest")
	s.do(s.owner, "GET", "/bucket/k?response-expires=a%0d%0aSet-Cookie:b", "").want(t, 400, "InvalidArgument")
}

// hostileKeys are keys that other servers clean, merge, refuse or crash on.
var hostileKeys = []string{
	"../../etc/passwd", "a/../b", "./a", "a//b", "a/", "/", "//", "/a", "a", "a/b", "a/b/c", ".", "..", "...", " ", "a ", " a", "+", "a+b", "a b",
	"%2F", "%", "100%", "a%2Fb", "?", "a?b", "#", "a#b", "&", "a&b=c", "<x>&\"'", "\t", "\n", "\r\n", "\x00", "\x01\x1f", "\x7f",
	"ключ", "鍵", "🔑", "e\u0301", "\u00e9", "\ufffe", "\uffff", "\u2028", strings.Repeat("k", 1024), strings.Repeat("🔑", 256),
	strings.Repeat("d/", 512), "acl", "uploads", "policy", "C:\\x", "\\", "nul", "~", "*", "{}", "a;b", ":", "@",
}

// escape percent-encodes every byte of a key but letters, so that all of it must be decoded again.
func escape(key string) string {
	var b strings.Builder
	for i := range len(key) {
		if c := key[i]; 'a' <= c && c <= 'z' || c == '/' {
			b.WriteByte(c)
		} else {
			fmt.Fprintf(&b, "%%%02X", c)
		}
	}
	return b.String()
}

func TestHostileKeys(t *testing.T) {
	s := newServer(t, serverOptions{})
	for i, key := range hostileKeys {
		s.put("/bucket/"+escape(key), fmt.Sprint(i))
	}
	for i, key := range hostileKeys {
		if r := s.do(s.owner, "GET", "/bucket/"+escape(key), ""); r.body != fmt.Sprint(i) {
			t.Errorf("key %q: got %d %q, want %d", key, r.StatusCode, r.body, i)
		}
	}
	seen := map[string]bool{}
	marker := ""
	for {
		page := decode[listBucketResult](t, s.do(s.owner, "GET", "/bucket?list-type=2&max-keys=7&encoding-type=url&continuation-token="+marker, ""))
		for _, o := range page.Contents {
			seen[unescape(t, o.Key)] = true
		}
		if !page.IsTruncated {
			break
		}
		marker = page.NextContinuationToken
	}
	for _, key := range hostileKeys {
		if !seen[key] {
			t.Errorf("key %q is not listed", key)
		}
	}
	if len(seen) != len(hostileKeys) {
		t.Errorf("%d keys listed, want %d", len(seen), len(hostileKeys))
	}
	for _, key := range hostileKeys {
		s.do(s.owner, "DELETE", "/bucket/"+escape(key), "").want(t, 204, "")
	}
	s.do(s.owner, "DELETE", "/bucket", "").want(t, 204, "")
}
