package server_test

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/icos-go/icos/server"
)

// A recordedLog is what a server logs at level Warn and above.
type recordedLog struct {
	mu   sync.Mutex // guards text
	text strings.Builder
}

// Write implements io.Writer.
func (l *recordedLog) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(p)
}

func (l *recordedLog) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}

// A target is a server under attack. It holds the bucket "target" with the object "kept", and nothing else may come in.
type target struct {
	t    *testing.T
	addr string
	auth string
	log  recordedLog
}

func newTarget(t *testing.T) *target {
	g := &target{t: t}
	s, err := server.New(server.Config{
		Dir: t.TempDir(), Hosts: []string{"cos.test"}, NoSync: true, SigningKey: testKey(),
		Logger: slog.New(slog.NewTextHandler(&g.log, &slog.HandlerOptions{Level: slog.LevelWarn})),
	})
	if err != nil {
		t.Fatal(err)
	}
	g.auth = login(t, s)
	if w := do(s, "PUT", "/target", "", "Authorization", g.auth, "ibm-service-instance-id", s.Credential("").InstanceID()); w.Code != 200 {
		t.Fatalf("create = %d %s", w.Code, w.Body)
	}
	if w := do(s, "PUT", "/target/kept", "kept", "Authorization", g.auth); w.Code != 200 {
		t.Fatalf("put = %d %s", w.Code, w.Body)
	}
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	g.addr = ln.Addr().String()
	ctx, cancel := context.WithCancel(context.WithoutCancel(t.Context()))
	done := make(chan error, 1)
	go func() { done <- s.Serve(ctx, ln) }()
	t.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
		if w := do(s, "GET", "/target", "", "Authorization", g.auth); strings.Count(w.Body.String(), "<Key>") != 1 || !strings.Contains(w.Body.String(), "<Key>kept</Key>") {
			t.Errorf("the bucket holds %s", w.Body)
		}
		if w := do(s, "GET", "/", "", "Authorization", g.auth, "ibm-service-instance-id", s.Credential("").InstanceID()); strings.Count(w.Body.String(), "<Name>") != 1 {
			t.Errorf("there are more buckets: %s", w.Body)
		}
		if err := s.Close(); err != nil {
			t.Error(err)
		}
		if log := g.log.String(); log != "" {
			t.Errorf("log: %s", log)
		}
	})
	return g
}

// send sends raw bytes on a connection of its own and closes the sending side; it returns all that comes back.
//
// Closing it ends the context of a request under way (net/http takes it for the client going away), so after a whole request the
// beginning of the answer is waited for first.
func (g *target) send(raw string) string {
	c, err := net.Dial("tcp", g.addr)
	if err != nil {
		g.t.Fatal(err)
	}
	defer c.Close()
	if err := c.SetDeadline(time.Now().Add(time.Minute)); err != nil {
		g.t.Fatal(err)
	}
	// The server may have answered and closed before it has read all.
	_, _ = io.WriteString(c, raw)
	in := bufio.NewReader(c)
	if wholeRequest(raw) {
		_, _ = in.Peek(1)
	}
	_ = c.(*net.TCPConn).CloseWrite()
	answer, _ := io.ReadAll(in)
	return string(answer)
}

// wholeRequest reports whether raw is one request, with all of its body, and nothing else.
func wholeRequest(raw string) bool {
	in := bufio.NewReader(strings.NewReader(raw))
	r, err := http.ReadRequest(in)
	if err != nil {
		return false
	}
	if _, err := io.Copy(io.Discard, r.Body); err != nil {
		return false
	}
	_, err = in.Peek(1)
	return err == io.EOF
}

// Each attack is the bytes of a connection; AUTH stands for a valid header.
func TestHostileBytes(t *testing.T) {
	g := newTarget(t)
	const put = "PUT /target/k HTTP/1.1\r\nHost: h\r\nAUTH\r\n"
	many := func(n int, line string) string {
		var b strings.Builder
		for i := range n {
			fmt.Fprintf(&b, line, i)
		}
		return b.String()
	}
	for _, tt := range []struct {
		name, raw, want string
	}{
		{"empty", "", ""},
		{"body shorter than announced", put + "Content-Length: 10\r\n\r\nhello", "400 IncompleteBody"},
		{"negative length", put + "Content-Length: -1\r\n\r\nhello", "400"},
		{"length of words", put + "Content-Length: ten\r\n\r\nhello", "400"},
		{"length overflowing", put + "Content-Length: 99999999999999999999\r\n\r\nhello", "400"},
		{"length of 8 EiB", put + "Content-Length: 9223372036854775807\r\n\r\nhello", "400 EntityTooLarge"},
		{"two lengths", put + "Content-Length: 5\r\nContent-Length: 6\r\n\r\nhello!", "400"},
		{"list of lengths", put + "Content-Length: 5, 6\r\n\r\nhello!", "400"},
		{"no length", put + "\r\n", "411 MissingContentLength"},
		{"coding unknown", put + "Transfer-Encoding: gzip\r\n\r\nhello", "501"},
		{"coding twice", put + "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", "501"},
		{"coding chunked, identity", put + "Transfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n", "501"},
		{"coding with a tab", put + "Transfer-Encoding:\tchunkedx\r\n\r\n0\r\n\r\n", "501"},
		{"coding with a space before the colon", put + "Transfer-Encoding : chunked\r\n\r\n0\r\n\r\n", "400"},
		{"chunk size huge", put + "Transfer-Encoding: chunked\r\n\r\nffffffffffffffffff\r\nhello", "400 IncompleteBody"},
		{"chunk size largest", put + "Transfer-Encoding: chunked\r\n\r\n7fffffffffffffff\r\nhello", "400 IncompleteBody"},
		{"chunk size negative", put + "Transfer-Encoding: chunked\r\n\r\n-5\r\nhello\r\n0\r\n\r\n", "400 IncompleteBody"},
		{"chunk extension endless", put + "Transfer-Encoding: chunked\r\n\r\n5;" + strings.Repeat("x", 100_000) + "\r\nhello\r\n0\r\n\r\n", "400 IncompleteBody"},
		{"chunk without line end", put + "Transfer-Encoding: chunked\r\n\r\n5\r\nhelloXX0\r\n\r\n", "400 IncompleteBody"},
		{"chunks cut", put + "Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n", "400 IncompleteBody"},
		{"trailers endless", put + "Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n" + many(10_000, "x-t-%d: v\r\n") + "\r\n", "400 IncompleteBody"},
		{"aws-chunked lying low", put + "Content-Encoding: aws-chunked\r\nX-Amz-Decoded-Content-Length: 4\r\nContent-Length: 15\r\n\r\n5\r\nhello\r\n0\r\n\r\n", "400 IncompleteBody"},
		{"aws-chunked lying high", put + "Content-Encoding: aws-chunked\r\nX-Amz-Decoded-Content-Length: 6\r\nContent-Length: 15\r\n\r\n5\r\nhello\r\n0\r\n\r\n", "400 IncompleteBody"},
		{"aws-chunked of 8 EiB", put + "Content-Encoding: aws-chunked\r\nX-Amz-Decoded-Content-Length: 9223372036854775807\r\nContent-Length: 15\r\n\r\n5\r\nhello\r\n0\r\n\r\n", "400 EntityTooLarge"},
		{"aws-chunked decoded length negative", put + "Content-Encoding: aws-chunked\r\nX-Amz-Decoded-Content-Length: -5\r\nContent-Length: 15\r\n\r\n5\r\nhello\r\n0\r\n\r\n", "400 InvalidArgument"},
		{"aws-chunked signed with a token", put + "X-Amz-Content-Sha256: STREAMING-AWS4-HMAC-SHA256-PAYLOAD\r\nX-Amz-Decoded-Content-Length: 5\r\nContent-Length: 15\r\n\r\n5\r\nhello\r\n0\r\n\r\n", "400 InvalidRequest"},

		{"100,000 headers", put + many(100_000, "x-amz-meta-%d: v\r\n") + "Content-Length: 5\r\n\r\nhello", "431"},
		{"header of 1 MB", put + "x-amz-meta-a: " + strings.Repeat("v", 1_000_000) + "\r\nContent-Length: 5\r\n\r\nhello", "431"},
		{"metadata of 3 KB", put + "x-amz-meta-a: " + strings.Repeat("v", 3_000) + "\r\nContent-Length: 5\r\n\r\nhello", "400 MetadataTooLarge"},
		{"2,000 metadata", put + many(2_000, "x-amz-meta-%d: v\r\n") + "Content-Length: 5\r\n\r\nhello", "400 MetadataTooLarge"},
		{"metadata with a bare CR", put + "x-amz-meta-a: b\rSet-Cookie: c\r\nContent-Length: 5\r\n\r\nhello", "400"},
		{"metadata with NUL", put + "x-amz-meta-a: b\x00c\r\nContent-Length: 5\r\n\r\nhello", "400"},
		{"metadata in Latin-1", put + "x-amz-meta-a: \xe9\r\nContent-Length: 5\r\n\r\nhello", "400 InvalidArgument"},
		{"header name with a space", put + "x-amz-meta-a b: c\r\nContent-Length: 5\r\n\r\nhello", "400"},
		{"header without a colon", put + "x-amz-meta-a\r\nContent-Length: 5\r\n\r\nhello", "400"},
		{"two Hosts", "GET /target/kept HTTP/1.1\r\nHost: h\r\nHost: i\r\nAUTH\r\n\r\n", "400"},
		{"no Host", "GET /target/kept HTTP/1.1\r\nAUTH\r\n\r\n", "400"},
		{"Host with a slash", "GET /kept HTTP/1.1\r\nHost: a/b.cos.test\r\nAUTH\r\n\r\n", "400"},
		{"two Authorizations", "GET /target/kept HTTP/1.1\r\nHost: h\r\nAUTH\r\nAUTH\r\n\r\n", "400 InvalidArgument"},
		{"target in one word", "GET target HTTP/1.1\r\nHost: h\r\n\r\n", "400"},
		{"HTTP/0.9", "GET /target/kept\r\n\r\n", "400"},
		{"HTTP/9.9", "GET /target/kept HTTP/9.9\r\nHost: h\r\n\r\n", "505"},
		{"HTTP/2 preface", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", "400 InvalidBucketName"},
		{"TLS", "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n", "400"},

		{"absolute form", "GET http://elsewhere/target/kept HTTP/1.1\r\nHost: h\r\nAUTH\r\n\r\n", "200 kept"},
		{"absolute form of another host", "GET http://target.cos.test/kept HTTP/1.1\r\nHost: h\r\nAUTH\r\n\r\n", "200 kept"},
		{"CONNECT", "CONNECT 10.0.0.1:25 HTTP/1.1\r\nHost: h\r\nAUTH\r\n\r\n", "405 MethodNotAllowed"},
		{"two slashes", "GET //target/kept HTTP/1.1\r\nHost: h\r\nAUTH\r\n\r\n", "400 InvalidBucketName"},
		{"asterisk", "GET * HTTP/1.1\r\nHost: h\r\nAUTH\r\n\r\n", "400 InvalidBucketName"},
		{"method unknown", "STEAL /target/kept HTTP/1.1\r\nHost: h\r\nAUTH\r\n\r\n", "405 MethodNotAllowed"},
		{"percent alone", "GET /target/% HTTP/1.1\r\nHost: h\r\nAUTH\r\n\r\n", "400"},
		{"percent of no digits", "GET /target/%zz HTTP/1.1\r\nHost: h\r\nAUTH\r\n\r\n", "400"},
		{"raw NUL in the path", "GET /target/a\x00b HTTP/1.1\r\nHost: h\r\nAUTH\r\n\r\n", "400"},
		{"key with NUL is not there", "GET /target/a%00b HTTP/1.1\r\nHost: h\r\nAUTH\r\n\r\n", "404 NoSuchKey"},
		{"key not UTF-8", "PUT /target/a%ff HTTP/1.1\r\nHost: h\r\nAUTH\r\nContent-Length: 5\r\n\r\nhello", "400 InvalidURI"},
		{"key out of the bucket", "GET /target/..%2f..%2fiam%2fstate.json HTTP/1.1\r\nHost: h\r\nAUTH\r\n\r\n", "404 NoSuchKey"},
		{"bucket of dots", "PUT /.. HTTP/1.1\r\nHost: h\r\nAUTH\r\nContent-Length: 0\r\n\r\n", "400 InvalidArgument"},
		{"bucket of escaped dots", "GET /%2e%2e/kept HTTP/1.1\r\nHost: h\r\nAUTH\r\n\r\n", "404 NoSuchBucket"},
		{"bucket of another instance's service", "GET /identity HTTP/1.1\r\nHost: h\r\nAUTH\r\n\r\n", "404 NoSuchBucket"},

		{"range overflowing", "GET /target/kept HTTP/1.1\r\nHost: h\r\nAUTH\r\nRange: bytes=99999999999999999999-\r\n\r\n", "416 InvalidRange"},
		{"range to infinity", "GET /target/kept HTTP/1.1\r\nHost: h\r\nAUTH\r\nRange: bytes=1-99999999999999999999\r\n\r\n", "206 ept"},
		{"range of the last of all", "GET /target/kept HTTP/1.1\r\nHost: h\r\nAUTH\r\nRange: bytes=-99999999999999999999\r\n\r\n", "206 kept"},
		{"part of an upload that is none", "PUT /target/k?partNumber=1&uploadId=a%00%2f.. HTTP/1.1\r\nHost: h\r\nAUTH\r\nContent-Length: 5\r\n\r\nhello", "404 NoSuchUpload"},
		{"part number -1", "PUT /target/k?partNumber=-1&uploadId=x HTTP/1.1\r\nHost: h\r\nAUTH\r\nContent-Length: 5\r\n\r\nhello", "400 InvalidArgument"},
		{"part number huge", "PUT /target/k?partNumber=99999999999999999999&uploadId=x HTTP/1.1\r\nHost: h\r\nAUTH\r\nContent-Length: 5\r\n\r\nhello", "400 InvalidArgument"},
		{"document of 1 GB announced", "POST /target?delete HTTP/1.1\r\nHost: h\r\nAUTH\r\nContent-MD5: 1B2M2Y8AsgTpgAmY7PhCfg==\r\nContent-Length: 1000000000\r\n\r\n<Delete>", "400 MaxMessageLengthExceeded"},
		{"document of 9 MB sent", "POST /target?delete HTTP/1.1\r\nHost: h\r\nAUTH\r\nContent-MD5: 1B2M2Y8AsgTpgAmY7PhCfg==\r\nTransfer-Encoding: chunked\r\n\r\n" + many(9, "0f4240\r\n%01000000d\r\n") + "0\r\n\r\n", "400 MaxMessageLengthExceeded"},
		{"token form of 1 MB", "POST /identity/token HTTP/1.1\r\nHost: h\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: 1000000\r\n\r\n" + strings.Repeat("a", 1_000_000), "400"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			answer := g.send(strings.ReplaceAll(tt.raw, "AUTH", "Authorization: "+g.auth))
			if got := summary(t, answer); got != tt.want && !(strings.HasPrefix(got, tt.want) && len(tt.want) == 3) {
				t.Errorf("= %q, want %q; all of it: %.500q", got, tt.want, answer)
			}
		})
	}
}

// summary is the status of the only answer in raw, and the code of its error document, or its body.
func summary(t *testing.T, raw string) string {
	t.Helper()
	if raw == "" {
		return ""
	}
	br := bufio.NewReader(strings.NewReader(raw))
	resp, err := http.ReadResponse(br, nil)
	if err != nil {
		return err.Error()
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		return err.Error()
	}
	if more, err := io.ReadAll(br); len(more) > 0 || err != nil {
		t.Errorf("more than one answer: %q, %v", more, err)
	}
	text := string(body)
	if _, after, found := strings.Cut(text, "<Code>"); found {
		text, _, _ = strings.Cut(after, "<")
	}
	return strings.TrimSpace(fmt.Sprint(resp.StatusCode, " ", text))
}

// A request hidden in the body of another must stay a body, whichever way its end is written.
func TestSmuggledRequestIsBody(t *testing.T) {
	g := newTarget(t)
	smuggled := "PUT /target/smuggled HTTP/1.1\r\nHost: h\r\nAuthorization: " + g.auth + "\r\nContent-Length: 1\r\n\r\nx"
	for name, framing := range map[string]string{
		"length and coding":       fmt.Sprintf("Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n%x\r\n%s\r\n0\r\n\r\n", len(smuggled), smuggled),
		"coding and length":       fmt.Sprintf("Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n%x\r\n%s\r\n0\r\n\r\n", len(smuggled), smuggled),
		"refused with its length": fmt.Sprintf("Content-Length: %d\r\n\r\n%s", len(smuggled), smuggled),
		"refused in chunks":       fmt.Sprintf("Transfer-Encoding: chunked\r\n\r\n%x\r\n%s\r\n0\r\n\r\n", len(smuggled), smuggled),
		"coding disguised":        fmt.Sprintf("Transfer-Encoding: xchunked\r\nContent-Length: %d\r\n\r\n0\r\n\r\n%s", 5+len(smuggled), smuggled),
		"coding folded":           fmt.Sprintf("Transfer-Encoding:\r\n chunked\r\nContent-Length: %d\r\n\r\n%x\r\n%s\r\n0\r\n\r\n", 5, len(smuggled), smuggled),
		"length with a plus":      fmt.Sprintf("Content-Length: +%d\r\n\r\n%s", len(smuggled), smuggled),
		"chunk size with spaces":  fmt.Sprintf("Transfer-Encoding: chunked\r\n\r\n%x  \r\n%s\r\n0\r\n\r\n", len(smuggled), smuggled),
	} {
		t.Run(name, func(t *testing.T) {
			answer := g.send("PUT /target/k HTTP/1.1\r\nHost: h\r\nAuthorization: Bearer x\r\n" + framing)
			if n := strings.Count(answer, "HTTP/1.1 "); n != 1 || strings.HasPrefix(answer, "HTTP/1.1 2") {
				t.Errorf("%d answers: %.500q", n, answer)
			}
		})
	}
}
