package authn_test

import (
	"io"
	"net/http"
	"strconv"
	"strings"
	"testing"

	"github.com/icos-go/icos/internal/sigv4"
)

// FuzzStream feeds framing to the decoder: it must end in io.EOF or in an
// *Error, and what it accepts must have the announced length and checksum.
func FuzzStream(f *testing.F) {
	f.Add("5\r\nhello\r\n0\r\nx-amz-checksum-crc32:"+helloCRC32+"\r\n\r\n", int64(5), true)
	f.Add("5\r\nhello\r\n0\r\n\r\n", int64(-1), false)
	f.Add("7fffffffffffffff\r\nx", int64(1), false)
	f.Add("0\r\n\r\n", int64(0), false)
	f.Add("5;chunk-signature=00\r\nhello\r\n0\r\n\n\n\r\n", int64(5), true)
	f.Fuzz(func(t *testing.T, body string, length int64, trailer bool) {
		r := request("PUT", "/b/k", body, "Content-Encoding", "aws-chunked", "Authorization", "Bearer "+token)
		if length >= 0 {
			r.Header.Set("X-Amz-Decoded-Content-Length", strconv.FormatInt(length, 10))
		}
		if trailer {
			r.Header.Set("X-Amz-Trailer", "x-amz-checksum-crc32")
		}
		res, err := verifierAt(exampleTime).Authenticate(r)
		if err != nil {
			t.Fatalf("headers refused: %v", err)
		}
		b, err := io.ReadAll(res.Body)
		if err != nil {
			if code := codeOf(err); strings.HasPrefix(code, "not an") {
				t.Fatal(code)
			}
			return
		}
		if len(b) > len(body) || length >= 0 && int64(len(b)) != length {
			t.Errorf("decoded %d bytes of %d, announced %d", len(b), len(body), length)
		}
		if _, _, ok := res.Checksum(); ok != trailer {
			t.Errorf("checksum known: %v, want %v", ok, trailer)
		}
	})
}

// FuzzIdentify feeds proofs of identity: nothing but the right one may be
// taken for the caller.
func FuzzIdentify(f *testing.F) {
	good := signV4(request("GET", "/b/k", "", "X-Amz-Content-Sha256", sigv4.EmptySHA256), exampleTime).Header.Get("Authorization")
	f.Add(good, "20130524T000000Z", "")
	f.Add("AWS "+accessKey+":c2lnbmF0dXJl", "Fri, 24 May 2013 00:00:00 GMT", "acl")
	f.Add("Bearer x", "", "")
	f.Add("", "", "X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=a/20130524/r/s3/aws4_request&X-Amz-Date=20130524T000000Z&X-Amz-Expires=1&X-Amz-SignedHeaders=host&X-Amz-Signature=0")
	f.Add("", "", "AWSAccessKeyId=a&Signature=b&Expires=1")
	f.Fuzz(func(t *testing.T, authorization, date, query string) {
		r := request("GET", "/b/k", "", "X-Amz-Content-Sha256", sigv4.EmptySHA256, "X-Amz-Date", date)
		r.URL.RawQuery = query
		if authorization != "" {
			r.Header = http.Header{
				"Authorization": {authorization}, "X-Amz-Date": {date}, "X-Amz-Content-Sha256": {sigv4.EmptySHA256},
			}
		}
		res, err := verifierAt(exampleTime).Authenticate(r)
		if err != nil {
			if code := codeOf(err); strings.HasPrefix(code, "not an") {
				t.Fatal(code)
			}
			return
		}
		if res.Principal.Anonymous {
			return
		}
		if strings.EqualFold(strings.Fields(authorization)[0], "Bearer") && strings.HasSuffix(strings.TrimSpace(authorization), token) {
			return
		}
		if !strings.Contains(authorization, accessKey) && !strings.Contains(query, accessKey) {
			t.Errorf("Authorization %q, date %q, query %q: taken for %v", authorization, date, query, res.Principal)
		}
	})
}
