package authn_test

import (
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/icos-go/icos/internal/sigv4"
	"github.com/icos-go/icos/server/authn"
)

// awsStream is the example of the Amazon S3 API reference, "Transferring
// Payload in Multiple Chunks (Chunked Upload)".
func awsStream(body string) *http.Request {
	r := request("PUT", "https://s3.amazonaws.com/examplebucket/chunkObject.txt", body,
		"x-amz-date", "20130524T000000Z", "x-amz-storage-class", "REDUCED_REDUNDANCY",
		"x-amz-content-sha256", "STREAMING-AWS4-HMAC-SHA256-PAYLOAD", "Content-Encoding", "aws-chunked",
		"x-amz-decoded-content-length", "66560",
		"Authorization", "AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/20130524/us-east-1/s3/aws4_request,"+
			"SignedHeaders=content-encoding;content-length;host;x-amz-content-sha256;x-amz-date;x-amz-decoded-content-length;x-amz-storage-class,"+
			"Signature=4f232c4386841ef735655705268965c44a0e4690baa4adea153f7db9fa80a0a9")
	r.ContentLength = 66824
	return r
}

var awsStreamBody = "10000;chunk-signature=ad80c730a21e5b8d04586a2213dd63b9a0e99e0e2307b0ade35a65485a288648\r\n" +
	strings.Repeat("a", 65536) + "\r\n400;chunk-signature=0055627c9e194cb4542bae2aa5492e3c1575bbb81b612b7d234b86a503ef5497\r\n" +
	strings.Repeat("a", 1024) + "\r\n0;chunk-signature=b6c6ea8a5354eaf15b3cb7646744f4275b71ea724fed81ceb9323e279d449df9\r\n\r\n"

func TestSignedStreamExample(t *testing.T) {
	res, body, code := outcome(verifierAt(exampleTime), awsStream(awsStreamBody))
	if code != "" {
		t.Fatalf("refused with %s", code)
	}
	if body != strings.Repeat("a", 66560) || res.Length != 66560 {
		t.Errorf("decoded %d bytes, announced %d, want 66560", len(body), res.Length)
	}
	if res.ContentEncoding != "" {
		t.Errorf("ContentEncoding = %q, want none", res.ContentEncoding)
	}
	r := awsStream(awsStreamBody)
	r.Body = io.NopCloser(iotest.OneByteReader(strings.NewReader(awsStreamBody)))
	if _, body, code := outcome(verifierAt(exampleTime), r); code != "" || len(body) != 66560 {
		t.Errorf("byte by byte: %d bytes, %s", len(body), code)
	}
}

func TestSignedStreamTampered(t *testing.T) {
	for _, tt := range []struct{ name, old, new, code string }{
		{"data of the first chunk", "aaa", "aba", "SignatureDoesNotMatch"},
		{"data of the last chunk", "aaa\r\n0;", "aab\r\n0;", "SignatureDoesNotMatch"},
		{"first signature", "=ad80", "=ad81", "SignatureDoesNotMatch"},
		{"last signature", "=b6c6", "=b6c7", "SignatureDoesNotMatch"},
		{"upper-case signature", "=ad80", "=AD80", "SignatureDoesNotMatch"},
		{"signature short", "=ad80", "=ad8", "IncompleteBody"},
		{"no signature", ";chunk-signature=ad80c730a21e5b8d04586a2213dd63b9a0e99e0e2307b0ade35a65485a288648", "", "IncompleteBody"},
		{"another extension", ";chunk-signature=ad80", ";chunk-signaturf=ad80", "IncompleteBody"},
		{"trailer", "9df9\r\n\r\n", "9df9\r\nx-amz-checksum-crc32:AAAAAA==\r\n\r\n", "MalformedTrailerError"},
		{"stops before the last chunk", "0;chunk-signature=b6c6ea8a5354eaf15b3cb7646744f4275b71ea724fed81ceb9323e279d449df9\r\n\r\n", "", "IncompleteBody"},
	} {
		body := strings.Replace(awsStreamBody, tt.old, tt.new, 1)
		if body == awsStreamBody {
			t.Fatalf("%s: nothing was replaced", tt.name)
		}
		if _, _, code := outcome(verifierAt(exampleTime), awsStream(body)); code != tt.code {
			t.Errorf("%s: code %q, want %q", tt.name, code, tt.code)
		}
	}
}

// The example of "Transferring Payload in Multiple Chunks … Including
// Trailing Headers".
func TestSignedTrailerExample(t *testing.T) {
	good := "10000;chunk-signature=b474d8862b1487a5145d686f57f013e54db672cee1c953b3010fb58501ef5aa2\r\n" +
		strings.Repeat("a", 65536) + "\r\n400;chunk-signature=1c1344b170168f8e65b41376b44b20fe354e373826ccbbe2c1d40a8cae51e5c7\r\n" +
		strings.Repeat("a", 1024) + "\r\n0;chunk-signature=2ca2aba2005185cf7159c6277faf83795951dd77a3a99e6e65d5c9f85863f992\r\n" +
		"x-amz-checksum-crc32c:sOO8/Q==\r\n" +
		"x-amz-trailer-signature:d81f82fc3505edab99d459891051a732e8730629a2e4a59689829ca17fe2e435\r\n\r\n"
	for _, tt := range []struct{ name, old, new, code string }{
		{"as printed", "", "", ""},
		{"as minio-go sends it", "sOO8/Q==\r\n", "sOO8/Q==\n\r\n", ""},
		{"checksum changed", "sOO8/Q==", "sOO8/g==", "SignatureDoesNotMatch"},
		{"trailer signature changed", "d81f", "d81e", "SignatureDoesNotMatch"},
		{"no trailer signature", "x-amz-trailer-signature:d81f82fc3505edab99d459891051a732e8730629a2e4a59689829ca17fe2e435\r\n", "", "SignatureDoesNotMatch"},
		{"no trailer", "x-amz-checksum-crc32c:sOO8/Q==\r\n", "", "MalformedTrailerError"},
		{"trailer after its signature", "e435\r\n", "e435\r\nx-amz-meta-a:b\r\n", "MalformedTrailerError"},
		{"data changed", "aaa", "aab", "SignatureDoesNotMatch"},
	} {
		r := request("PUT", "https://s3.amazonaws.com/examplebucket/chunkObject.txt", strings.Replace(good, tt.old, tt.new, 1),
			"x-amz-date", "20130524T000000Z", "x-amz-storage-class", "REDUCED_REDUNDANCY",
			"x-amz-content-sha256", "STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER", "Content-Encoding", "aws-chunked",
			"x-amz-decoded-content-length", "66560", "x-amz-trailer", "x-amz-checksum-crc32c",
			"Authorization", "AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/20130524/us-east-1/s3/aws4_request,"+
				"SignedHeaders=content-encoding;host;x-amz-content-sha256;x-amz-date;x-amz-decoded-content-length;x-amz-storage-class;x-amz-trailer,"+
				"Signature=106e2a8a18243abcf37539882f36619c00e2dfc72633413f02d3b74544bfeb8e")
		res, body, code := outcome(verifierAt(exampleTime), r)
		if code != tt.code {
			t.Errorf("%s: code %q, want %q", tt.name, code, tt.code)
		}
		if code == "" {
			if alg, value, ok := res.Checksum(); len(body) != 66560 || alg != "CRC32C" || value != "sOO8/Q==" || !ok {
				t.Errorf("%s: %d bytes, checksum %s %s", tt.name, len(body), alg, value)
			}
		}
	}
}

// What IBM's Python SDK sends over TLS: with HMAC keys it says what the body
// is, with a token it does not.
func TestUnsignedTrailer(t *testing.T) {
	good := "5\r\nhello\r\n0\r\nx-amz-checksum-crc32:" + helloCRC32 + "\r\n\r\n"
	for _, tt := range []struct{ name, body, code string }{
		{"as sent", good, ""},
		{"two chunks", "2\r\nhe\r\n3\r\nllo\r\n0\r\nx-amz-checksum-crc32:" + helloCRC32 + "\r\n\r\n", ""},
		{"space before the value", strings.Replace(good, "crc32:", "crc32: ", 1), ""},
		{"name in capitals", strings.Replace(good, "x-amz-checksum", "X-Amz-Checksum", 1), ""},
		{"leading zeros", strings.Replace(good, "5", "0005", 1), ""},
		{"data changed", strings.Replace(good, "hello", "hallo", 1), "BadDigest"},
		{"checksum unparsable", strings.Replace(good, helloCRC32, "?", 1), "InvalidDigest"},
		{"checksum twice", strings.Replace(good, "\r\n\r\n", "\r\nx-amz-checksum-crc32:"+helloCRC32+"\r\n\r\n", 1), "MalformedTrailerError"},
		{"checksum missing", "5\r\nhello\r\n0\r\n\r\n", "MalformedTrailerError"},
		{"another trailer", strings.Replace(good, "crc32:", "sha1:", 1), "MalformedTrailerError"},
		{"no colon", strings.Replace(good, "crc32:", "crc32 ", 1), "MalformedTrailerError"},
		{"signature where none is due", strings.Replace(good, "\r\n\r\n", "\r\nx-amz-trailer-signature:00\r\n\r\n", 1), "MalformedTrailerError"},
		{"trailers without end", "5\r\nhello\r\n0\r\n" + strings.Repeat("x", 5000), "MalformedTrailerError"},
		{"no end", strings.TrimSuffix(good, "\r\n\r\n"), "MalformedTrailerError"},
		{"data after the end", good + "GET / HTTP/1.1\r\n\r\n", "MalformedTrailerError"},
		{"more than announced", strings.Replace(good, "5\r\nhello", "6\r\nhello!", 1), "IncompleteBody"},
		{"less than announced", strings.Replace(good, "5\r\nhello", "4\r\nhell", 1), "IncompleteBody"},
		{"size too small", strings.Replace(good, "5\r\n", "4\r\n", 1), "IncompleteBody"},
		{"size too large", strings.Replace(good, "5\r\n", "7\r\n", 1), "IncompleteBody"},
		{"size negative", strings.Replace(good, "5\r\n", "-5\r\n", 1), "IncompleteBody"},
		{"size with sign", strings.Replace(good, "5\r\n", "+5\r\n", 1), "IncompleteBody"},
		{"size with prefix", strings.Replace(good, "5\r\n", "0x5\r\n", 1), "IncompleteBody"},
		{"size with space", strings.Replace(good, "5\r\n", "5 \r\n", 1), "IncompleteBody"},
		{"size empty", strings.Replace(good, "5\r\n", "\r\n", 1), "IncompleteBody"},
		{"size no number", strings.Replace(good, "5\r\n", "five\r\n", 1), "IncompleteBody"},
		{"size of 16 digits", strings.Replace(good, "5\r\n", "ffffffffffffffff\r\n", 1), "IncompleteBody"},
		{"size of 17 digits", strings.Replace(good, "5\r\n", "00000000000000005\r\n", 1), "IncompleteBody"},
		{"size of the largest number", strings.Replace(good, "5\r\n", "7fffffffffffffff\r\n", 1), "IncompleteBody"},
		{"extension", strings.Replace(good, "5\r\n", "5;a=b\r\n", 1), "IncompleteBody"},
		{"header without end", strings.Repeat("0", 8000), "IncompleteBody"},
		{"bare line feed", strings.Replace(good, "5\r\n", "5\n", 1), "IncompleteBody"},
		{"no line end after data", strings.Replace(good, "hello\r\n", "hello", 1), "IncompleteBody"},
		{"cut in a header", "5", "IncompleteBody"},
		{"cut in data", "5\r\nhel", "IncompleteBody"},
		{"cut after data", "5\r\nhello", "IncompleteBody"},
		{"cut before the last chunk", "5\r\nhello\r\n", "IncompleteBody"},
		{"empty", "", "IncompleteBody"},
	} {
		headers := []string{
			"Content-Encoding", "gzip, aws-chunked", "X-Amz-Trailer", "x-amz-checksum-crc32",
			"X-Amz-Decoded-Content-Length", "5", "x-amz-sdk-checksum-algorithm", "CRC32",
		}
		bearer := request("PUT", "/b/k", tt.body, append(headers, "Authorization", "Bearer "+token)...)
		hmac := signV4(request("PUT", "/b/k", tt.body, append(headers, "X-Amz-Content-Sha256", sigv4.StreamingUnsignedTrailer)...), exampleTime)
		presigned := request("PUT", "/b/k", tt.body, headers...)
		for name, r := range map[string]*http.Request{"bearer": bearer, "hmac": hmac, "anonymous": presigned} {
			r.ContentLength, r.TransferEncoding = -1, []string{"chunked"}
			res, body, code := outcome(verifierAt(exampleTime), r)
			if code != tt.code {
				t.Errorf("%s, %s: code %q, want %q", tt.name, name, code, tt.code)
				continue
			}
			if code != "" {
				continue
			}
			alg, value, ok := res.Checksum()
			if body != "hello" || res.Length != 5 || alg != "CRC32" || value != helloCRC32 || !ok || !res.Integrity || res.ContentEncoding != "gzip" {
				t.Errorf("%s, %s: body %q of length %d, checksum %s %s, encoding %q", tt.name, name, body, res.Length, alg, value, res.ContentEncoding)
			}
		}
	}
}

func TestFramedHeaders(t *testing.T) {
	const chunked, sha, length = "Content-Encoding", "X-Amz-Content-Sha256", "X-Amz-Decoded-Content-Length"
	const framed = "5\r\nhello\r\n0\r\n\r\n"
	for _, tt := range []struct {
		name, body string
		headers    []string
		code       string
		length     int64
	}{
		{"bearer without a length", framed, []string{chunked, "AWS-Chunked"}, "", -1},
		{"stream without a length", framed, []string{chunked, "aws-chunked", sha, sigv4.StreamingUnsignedTrailer}, "MissingContentLength", 0},
		{"length negative", framed, []string{chunked, "aws-chunked", length, "-5"}, "InvalidArgument", 0},
		{"length no number", framed, []string{chunked, "aws-chunked", length, "5x"}, "InvalidArgument", 0},
		{"length too large", framed, []string{chunked, "aws-chunked", length, "9223372036854775808"}, "InvalidArgument", 0},
		{"length twice", framed, []string{chunked, "aws-chunked", length, "5", length, "5"}, "InvalidArgument", 0},
		{"header checksum", framed, []string{chunked, "aws-chunked", "x-amz-checksum-sha1", helloSHA1, "Content-MD5", helloMD5}, "", -1},
		{"header checksum wrong", framed, []string{chunked, "aws-chunked", "x-amz-checksum-crc32", "AAAAAA=="}, "BadDigest", 0},
		{"header and trailer", framed, []string{chunked, "aws-chunked", "x-amz-checksum-sha1", helloSHA1, "x-amz-trailer", "x-amz-checksum-crc32"}, "InvalidRequest", 0},
		{"two trailers", framed, []string{chunked, "aws-chunked", "x-amz-trailer", "x-amz-checksum-crc32, x-amz-checksum-sha1"}, "InvalidRequest", 0},
		{"unknown trailer", framed, []string{chunked, "aws-chunked", "x-amz-trailer", "x-amz-meta-a"}, "InvalidRequest", 0},
		{"trailer on a body that cannot have one", "hello", []string{sha, "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824"}, "", 5},
		{"signed stream without a signature", framed, []string{sha, sigv4.StreamingSigned, length, "5"}, "InvalidRequest", 0},
		{"announced trailer on a signed stream", framed, []string{sha, sigv4.StreamingSigned, length, "5", "x-amz-trailer", "x-amz-checksum-crc32"}, "InvalidRequest", 0},
		{"other encodings are kept", "hello", []string{chunked, "gzip"}, "", 5},
		{"empty stream", "0\r\n\r\n", []string{chunked, "aws-chunked", length, "0"}, "", 0},
	} {
		r := request("PUT", "/b/k", tt.body, append(tt.headers, "Authorization", "Bearer "+token)...)
		res, _, code := outcome(verifierAt(exampleTime), r)
		if code != tt.code {
			t.Errorf("%s: code %q, want %q", tt.name, code, tt.code)
		} else if code == "" && res.Length != tt.length {
			t.Errorf("%s: length %d, want %d", tt.name, res.Length, tt.length)
		}
	}
}

// Memory does not grow with the number or the size of chunks.
func TestStreamAllocatesLittle(t *testing.T) {
	var b strings.Builder
	for range 1000 {
		fmt.Fprintf(&b, "64\r\n%s\r\n", strings.Repeat("x", 100))
	}
	b.WriteString("0\r\n\r\n")
	stream := b.String()
	buf := make([]byte, 32<<10)
	v := verifierAt(exampleTime)
	allocs := testing.AllocsPerRun(10, func() {
		res, err := v.Authenticate(request("PUT", "/b/k", stream, "Content-Encoding", "aws-chunked", "Authorization", "Bearer "+token))
		if err != nil {
			t.Fatal(err)
		}
		if err := drain(res, buf); err != nil {
			t.Fatal(err)
		}
	})
	if allocs > 100 {
		t.Errorf("%v allocations for 1,000 chunks, want no more than 100", allocs)
	}
}

func drain(res *authn.Result, buf []byte) error {
	for {
		if _, err := res.Body.Read(buf); err != nil {
			if err == io.EOF {
				return nil
			}
			return err
		}
	}
}
