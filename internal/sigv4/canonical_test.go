package sigv4_test

import (
	"bufio"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/icos-go/icos/internal/sigv4"
)

func TestCanonicalPath(t *testing.T) {
	tests := []struct{ escaped, want string }{
		{"", "/"},
		{"/", "/"},
		{"/a/b", "/a/b"},
		{"//a//../b/./", "//a//../b/./"},
		{"/a%20b", "/a%20b"},
		{"/a+b", "/a%2Bb"},
		{"/a%2bb", "/a%2Bb"},
		{"/%7Euser", "/~user"},
		{"/a%2Fb", "/a%2Fb"},
		{"/$&,:;=@!*'()", "/%24%26%2C%3A%3B%3D%40%21%2A%27%28%29"},
		{"/100%", "/100%25"},
		{"/%zz", "/%25zz"},
		{"/caf\xc3\xa9", "/caf%C3%A9"},
		{"/%c3%a9", "/%C3%A9"},
		{"/%FF%00", "/%FF%00"},
	}
	for _, test := range tests {
		if got := sigv4.CanonicalPath(test.escaped); got != test.want {
			t.Errorf("CanonicalPath(%q) = %q, want %q", test.escaped, got, test.want)
		}
		if again := sigv4.CanonicalPath(test.want); again != test.want {
			t.Errorf("CanonicalPath(%q) = %q: not a fixed point", test.want, again)
		}
	}
}

func TestCanonicalQuery(t *testing.T) {
	tests := []struct{ raw, want string }{
		{"", ""},
		{"acl", "acl="},
		{"b=2&a=1", "a=1&b=2"},
		{"a=2&a=10&a=1", "a=1&a=10&a=2"},
		{"a=&&a", "a=&a="},
		{"legalHold&add=hold+1", "add=hold%201&legalHold="},
		{"prefix=a/b%2Fc", "prefix=a%2Fb%2Fc"},
		{"x=a=b", "x=a%3Db"},
		{"k=%zz&k2=5%", "k=%25zz&k2=5%25"},
		{"a-b=1&a=2", "a=2&a-b=1"},
		{"x%3A=1&x5=1", "x%3A=1&x5=1"}, // sorted as written, not as decoded
		{"a=1&X-Amz-Signature=f00", "a=1"},
	}
	for _, test := range tests {
		if got := sigv4.CanonicalQuery(test.raw); got != test.want {
			t.Errorf("CanonicalQuery(%q) = %q, want %q", test.raw, got, test.want)
		}
	}
}

func TestCanonicalHeaderValues(t *testing.T) {
	in := &sigv4.Input{
		Method: "GET", Path: "/k", Host: "h:9000", PayloadHash: "p",
		Header: http.Header{
			"X-Amz-Meta-A": {"  one   two\t", "three"},
			"x-amz-raw":    {"set around the methods"},
		},
		SignedHeaders: []string{"content-length", "host", "transfer-encoding", "x-amz-meta-a", "x-amz-missing", "x-amz-raw"},
		ContentLength: 7, TransferEncoding: []string{"chunked"},
	}
	const want = "GET\n/k\n\ncontent-length:7\nhost:h:9000\ntransfer-encoding:chunked\nx-amz-meta-a:one two,three\n" +
		"x-amz-missing:\nx-amz-raw:set around the methods\n\n" +
		"content-length;host;transfer-encoding;x-amz-meta-a;x-amz-missing;x-amz-raw\np"
	if got := sigv4.CanonicalRequest(in); got != want {
		t.Errorf("canonical request:\n%s\nwant\n%s", got, want)
	}
}

// What a client signs must be what a server sees, after net/http has had it.
func TestClientAndServerAgree(t *testing.T) {
	const head = "PUT /b/caf%C3%A9+%7E/%2F//x?uploadId=a%2Bb&partNumber=1&acl HTTP/1.1\r\n" +
		"Host: cos.example:8080\r\nTransfer-Encoding: chunked\r\nX-Amz-Meta-N:  two   spaces \r\nX-Amz-Meta-N: again\r\n\r\n0\r\n\r\n"
	server, err := http.ReadRequest(bufio.NewReader(strings.NewReader(head)))
	if err != nil {
		t.Fatal(err)
	}
	client := httptest.NewRequest("PUT", "http://cos.example:8080/b/caf%C3%A9+%7E/%2F//x?uploadId=a%2Bb&partNumber=1&acl", nil)
	client.Host = ""
	client.TransferEncoding = []string{"chunked"}
	client.Header["X-Amz-Meta-N"] = []string{"  two   spaces ", "again"}

	signed := []string{"host", "transfer-encoding", "x-amz-meta-n"}
	got := sigv4.CanonicalRequest(sigv4.FromRequest(server, signed, sigv4.UnsignedPayload))
	want := sigv4.CanonicalRequest(sigv4.FromRequest(client, signed, sigv4.UnsignedPayload))
	if got != want {
		t.Errorf("server sees\n%s\nclient signed\n%s", got, want)
	}
	if !strings.Contains(got, "/b/caf%C3%A9%2B~/%2F//x\nacl=&partNumber=1&uploadId=a%2Bb\n") {
		t.Errorf("canonical request:\n%s", got)
	}
}

func TestSignedHeadersLeavesOutWhatProxiesChange(t *testing.T) {
	r := httptest.NewRequest("PUT", "http://h/k", nil)
	for _, name := range []string{
		"Authorization", "User-Agent", "Expect", "Accept-Encoding", "Connection", "Traceparent", "Amz-Sdk-Request",
		"X-Amz-Date", "Retention-Period", "Ibm-Sse-Kp-Encryption-Algorithm", "Content-Md5",
	} {
		r.Header.Set(name, "v")
	}
	want := "content-md5;host;ibm-sse-kp-encryption-algorithm;retention-period;x-amz-date"
	if got := strings.Join(sigv4.SignedHeaders(nil, r), ";"); got != want {
		t.Errorf("SignedHeaders = %s, want %s", got, want)
	}
}
