package authn_test

import (
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/icos-go/icos/server/authn"
)

// Digests of "hello".
const (
	helloMD5       = "XUFAKrxLKna5cZ2REBfFkg=="
	helloCRC32     = "NhCmhg=="
	helloCRC32C    = "mnG7TA=="
	helloCRC64NVME = "M3eFcAZSQlc="
	helloSHA1      = "qvTGHdzF6KLavt4PO0gs2a6pQ00="
	helloSHA256    = "LPJNul+wow4m6DsqxbninhsWHlwfp0JecwQzYpOLmCQ="
)

func TestDigests(t *testing.T) {
	const md5 = "Content-MD5"
	wrong32 := "AAAAAA=="
	for _, tt := range []struct {
		name    string
		headers []string
		code    string
		sum     string // algorithm that Checksum reports
	}{
		{"none", nil, "", ""},
		{"MD5", []string{md5, helloMD5}, "", ""},
		{"MD5 wrong", []string{md5, "AAAAAAAAAAAAAAAAAAAAAA=="}, "BadDigest", ""},
		{"MD5 unparsable", []string{md5, "hello"}, "InvalidDigest", ""},
		{"MD5 short", []string{md5, "AAAA"}, "InvalidDigest", ""},
		{"MD5 empty", []string{md5, ""}, "InvalidDigest", ""},
		{"MD5 twice", []string{md5, helloMD5, md5, helloMD5}, "InvalidDigest", ""},
		{"CRC32", []string{"x-amz-checksum-crc32", helloCRC32}, "", "CRC32"},
		{"CRC32 wrong", []string{"x-amz-checksum-crc32", wrong32}, "BadDigest", ""},
		{"CRC32 unparsable", []string{"x-amz-checksum-crc32", "!"}, "InvalidDigest", ""},
		{"CRC32 too long", []string{"x-amz-checksum-crc32", helloSHA1}, "InvalidDigest", ""},
		{"CRC32C", []string{"x-amz-checksum-crc32c", helloCRC32C}, "", "CRC32C"},
		{"CRC32C wrong", []string{"x-amz-checksum-crc32c", helloCRC32}, "BadDigest", ""},
		{"CRC64NVME", []string{"x-amz-checksum-crc64nvme", helloCRC64NVME}, "", "CRC64NVME"},
		{"SHA1", []string{"x-amz-checksum-sha1", helloSHA1}, "", "SHA1"},
		{"SHA256", []string{"x-amz-checksum-sha256", helloSHA256}, "", "SHA256"},
		{"MD5 and CRC32", []string{md5, helloMD5, "x-amz-checksum-crc32", helloCRC32}, "", "CRC32"},
		{"two", []string{"x-amz-checksum-crc32", helloCRC32, "x-amz-checksum-sha1", helloSHA1}, "InvalidRequest", ""},
		{"same twice", []string{"x-amz-checksum-crc32", helloCRC32, "x-amz-checksum-crc32", helloCRC32}, "InvalidRequest", ""},
		{"unknown", []string{"x-amz-checksum-md4", "AAAA"}, "InvalidRequest", ""},
		{"announced", []string{"x-amz-sdk-checksum-algorithm", "CRC32", "x-amz-checksum-crc32", helloCRC32}, "", "CRC32"},
		{"another announced", []string{"x-amz-sdk-checksum-algorithm", "SHA1", "x-amz-checksum-crc32", helloCRC32}, "InvalidRequest", ""},
		{"announced only", []string{"x-amz-sdk-checksum-algorithm", "SHA1"}, "InvalidRequest", ""},
		{"not checksums", []string{"x-amz-checksum-algorithm", "CRC32", "x-amz-checksum-type", "FULL_OBJECT", "x-amz-checksum-mode", "ENABLED"}, "", ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			res, body, code := outcome(verifierAt(exampleTime), request("PUT", "/b/k", "hello", tt.headers...))
			if code != tt.code {
				t.Fatalf("code %q, want %q", code, tt.code)
			}
			if code != "" {
				return
			}
			if body != "hello" || res.Length != 5 {
				t.Errorf("body %q of announced length %d", body, res.Length)
			}
			if got, _, ok := res.Checksum(); got != tt.sum || ok != (tt.sum != "") {
				t.Errorf("Checksum = %q, %v, want %q", got, ok, tt.sum)
			}
			if want := tt.sum != "" || len(tt.headers) > 0 && tt.headers[0] == md5; res.Integrity != want {
				t.Errorf("Integrity = %v, want %v", res.Integrity, want)
			}
		})
	}
}

// A reader that takes exactly the announced bytes never asks for io.EOF, and
// must see the error all the same.
func TestWrongDigestReachesExactReader(t *testing.T) {
	res, err := verifierAt(exampleTime).Authenticate(request("PUT", "/b/k", "hello", "Content-MD5", "AAAAAAAAAAAAAAAAAAAAAA=="))
	if err != nil {
		t.Fatal(err)
	}
	buf := make([]byte, 5)
	n, err := io.ReadFull(res.Body, buf)
	if e, ok := errors.AsType[*authn.Error](err); !ok || e.Code != "BadDigest" {
		t.Errorf("ReadFull = %d, %v, want BadDigest", n, err)
	}
	if n, err := res.Body.Read(buf); n != 0 || codeOf(err) != "BadDigest" {
		t.Errorf("Read after the error = %d, %v, want the error again", n, err)
	}
	if _, _, ok := res.Checksum(); ok {
		t.Error("Checksum reports one that did not hold")
	}
}

func TestChecksumIsNotKnownEarly(t *testing.T) {
	res, err := verifierAt(exampleTime).Authenticate(request("PUT", "/b/k", "hello", "x-amz-checksum-crc32", helloCRC32))
	if err != nil {
		t.Fatal(err)
	}
	if _, _, ok := res.Checksum(); ok {
		t.Error("Checksum is ok before the body was read")
	}
	if _, err := io.Copy(io.Discard, res.Body); err != nil {
		t.Fatal(err)
	}
	if alg, value, ok := res.Checksum(); alg != "CRC32" || value != helloCRC32 || !ok {
		t.Errorf("Checksum = %q, %q, %v", alg, value, ok)
	}
}

// What nobody reads is checked at once.
func TestEmptyBodyIsChecked(t *testing.T) {
	for sum, want := range map[string]string{"AAAAAA==": "", helloCRC32: "BadDigest"} {
		r := request("GET", "/b?ibm-replication-failures", "", "x-amz-checksum-crc32", sum)
		_, err := verifierAt(exampleTime).Authenticate(r)
		if got := ""; err != nil {
			got = codeOf(err)
			if got != want {
				t.Errorf("crc32 %s: %q, want %q", sum, got, want)
			}
		} else if want != "" {
			t.Errorf("crc32 %s: no error, want %s", sum, want)
		}
	}
}

// The checksum on CompleteMultipartUpload is the object's.
func TestCompleteUploadChecksumIsNotOfBody(t *testing.T) {
	r := request("POST", "/b/k?uploadId=U1", "<CompleteMultipartUpload/>", "x-amz-checksum-crc32c", "AAAAAA==-2", "x-amz-checksum-type", "COMPOSITE")
	if _, _, code := outcome(verifierAt(exampleTime), r); code != "" {
		t.Errorf("refused with %s", code)
	}
	r = request("POST", "/b/k?uploadId=U1", "<CompleteMultipartUpload/>", "Content-MD5", helloMD5)
	if _, _, code := outcome(verifierAt(exampleTime), r); code != "BadDigest" {
		t.Errorf("wrong Content-MD5: code %q, want BadDigest", code)
	}
}

func TestShortBody(t *testing.T) {
	r := request("PUT", "/b/k", "")
	r.Body, r.ContentLength = io.NopCloser(io.MultiReader(strings.NewReader("hel"), failing{io.ErrUnexpectedEOF})), 5
	if _, _, code := outcome(verifierAt(exampleTime), r); code != "IncompleteBody" {
		t.Errorf("code %q, want IncompleteBody", code)
	}
	r.Body, r.ContentLength = io.NopCloser(strings.NewReader("hel")), 5
	if _, _, code := outcome(verifierAt(exampleTime), r); code != "IncompleteBody" {
		t.Errorf("code %q, want IncompleteBody", code)
	}
}

func TestBodyLimit(t *testing.T) {
	r := request("PUT", "/b/k", "hello")
	r.Body = http.MaxBytesReader(nil, r.Body, 3)
	if _, _, code := outcome(verifierAt(exampleTime), r); code != "EntityTooLarge" {
		t.Errorf("code %q, want EntityTooLarge", code)
	}
}

type failing struct{ err error }

func (f failing) Read([]byte) (int, error) { return 0, f.err }
