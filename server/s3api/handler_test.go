package s3api_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/icos-go/icos/server/authn"
	"github.com/icos-go/icos/server/s3api"
)

func TestPanicIsAnInternalErrorAndLogged(t *testing.T) {
	s := newServer(t, serverOptions{})
	var log bytes.Buffer
	h := s3api.New(s3api.Config{ // without the IAM that it needs
		Store: s.store, Authn: authn.New(authn.Config{Directory: s.iam}), Logger: slog.New(slog.NewTextHandler(&log, nil)),
	})
	w := httptest.NewRecorder()
	r := httptest.NewRequest("PUT", "/fresh", nil)
	r.Header.Set("Authorization", "Bearer "+s.owner.token)
	h.ServeHTTP(w, r)
	if w.Code != 500 || !strings.Contains(w.Body.String(), "<Code>InternalError</Code>") {
		t.Errorf("answer %d %s", w.Code, w.Body)
	}
	if id := w.Header().Get("X-Amz-Request-Id"); !strings.Contains(log.String(), id) || !strings.Contains(log.String(), "stack=") {
		t.Errorf("log %q does not name request %s", log.String(), id)
	}
	if strings.Contains(log.String(), s.owner.token) {
		t.Error("the log holds the token")
	}
}

func TestRequestsAreTracedWithoutSecrets(t *testing.T) {
	s := newServer(t, serverOptions{})
	var log bytes.Buffer
	h := s3api.New(s3api.Config{
		Store: s.store, IAM: s.iam, Authn: authn.New(authn.Config{Directory: s.iam}),
		Logger: slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug})),
	})
	r := httptest.NewRequest("GET", "/bucket/none", nil)
	r.Header.Set("Authorization", "Bearer "+s.owner.token)
	h.ServeHTTP(httptest.NewRecorder(), r)
	for _, want := range []string{"operation=GetObject", "bucket=bucket", "key=none", "status=404"} {
		if !strings.Contains(log.String(), want) {
			t.Errorf("log %q lacks %s", log.String(), want)
		}
	}
	if strings.Contains(log.String(), s.owner.token) {
		t.Error("the log holds the token")
	}
}

// brokenWriter is a client that is gone once it has the head of the answer.
type brokenWriter struct{ header http.Header }

func (w *brokenWriter) Header() http.Header       { return w.header }
func (w *brokenWriter) WriteHeader(int)           {}
func (w *brokenWriter) Write([]byte) (int, error) { return 0, io.ErrClosedPipe }

func TestBrokenAnswerAbortsTheConnection(t *testing.T) {
	s := newServer(t, serverOptions{})
	for _, size := range []int{1, 300_000} {
		s.put("/bucket/k", strings.Repeat("x", size))
		h := s3api.New(s3api.Config{Store: s.store, IAM: s.iam, Authn: authn.New(authn.Config{Directory: s.iam})})
		r := httptest.NewRequest("GET", "/bucket/k", nil)
		r.Header.Set("Authorization", "Bearer "+s.owner.token)
		func() {
			defer func() {
				if v := recover(); v != http.ErrAbortHandler {
					t.Errorf("object of %d bytes: recovered %v, want http.ErrAbortHandler", size, v)
				}
			}()
			h.ServeHTTP(&brokenWriter{http.Header{}}, r)
		}()
	}
}

// slowBody yields its bytes and then waits for the request to be given up.
type slowBody struct {
	io.Reader
	ctx context.Context
}

func (b *slowBody) Read(p []byte) (int, error) {
	if n, err := b.Reader.Read(p); !errors.Is(err, io.EOF) {
		return n, err
	}
	<-b.ctx.Done()
	return 0, b.ctx.Err()
}

func TestAbandonedPutStoresNothing(t *testing.T) {
	s := newServer(t, serverOptions{})
	ctx, cancel := context.WithCancel(t.Context())
	r, err := http.NewRequestWithContext(ctx, "PUT", s.url+"/bucket/k", &slowBody{strings.NewReader("half"), ctx})
	if err != nil {
		t.Fatal(err)
	}
	r.ContentLength = 8
	r.Header.Set("Authorization", "Bearer "+s.owner.token)
	cancel()
	if res, err := http.DefaultTransport.RoundTrip(r); err == nil {
		res.Body.Close()
		t.Errorf("abandoned PUT answered %d", res.StatusCode)
	}
	s.do(s.owner, "GET", "/bucket/k", "").want(t, 404, "NoSuchKey")
}

func TestConnectionSurvivesRefusals(t *testing.T) {
	s := newServer(t, serverOptions{})
	for range 3 {
		s.do(s.owner, "PUT", "/bucket/k", "hello", "X-Amz-Checksum-Crc32", crc32Base64("other")).want(t, 400, "BadDigest")
		s.do(s.owner, "PUT", "/nosuchbucket/k", strings.Repeat("x", 100_000)).want(t, 404, "NoSuchBucket")
		s.do(s.owner, "GET", "/bucket/k", "").want(t, 404, "NoSuchKey")
	}
	// More than the server cares to read: it answers and closes.
	large := strings.Repeat("x", 8<<20)
	if r, err := s.try(s.owner, "PUT", "/nosuchbucket/k", large, "Expect", "100-continue"); err == nil {
		r.want(t, 404, "NoSuchBucket")
	}
	s.put("/bucket/k", large)
}

func TestHTTP2(t *testing.T) {
	s := newServer(t, serverOptions{})
	ts := httptest.NewUnstartedServer(s3api.New(s3api.Config{Store: s.store, IAM: s.iam, Authn: authn.New(authn.Config{Directory: s.iam})}))
	ts.EnableHTTP2 = true
	ts.StartTLS()
	defer ts.Close()
	do := func(method string, body io.Reader) *http.Response {
		t.Helper()
		r, err := http.NewRequest(method, ts.URL+"/bucket/k", body)
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Authorization", "Bearer "+s.owner.token)
		res, err := ts.Client().Do(r)
		if err != nil {
			t.Fatal(err)
		}
		if res.ProtoMajor != 2 {
			t.Fatalf("protocol %s", res.Proto)
		}
		return res
	}
	// A body of unknown length, which HTTP/2 frames itself.
	res := do("PUT", struct{ io.Reader }{strings.NewReader("hello")})
	res.Body.Close()
	if res.StatusCode != 200 {
		t.Fatalf("PUT: %s", res.Status)
	}
	res = do("GET", nil)
	defer res.Body.Close()
	if b, err := io.ReadAll(res.Body); err != nil || string(b) != "hello" {
		t.Errorf("GET: %q, %v", b, err)
	}
}

// TestHeadBucketAllocations bounds what a request costs before it does anything: HeadBucket touches no disk.
func TestHeadBucketAllocations(t *testing.T) {
	s := newServer(t, serverOptions{})
	h := s3api.New(s3api.Config{Store: s.store, IAM: s.iam, Authn: authn.New(authn.Config{Directory: s.iam})})
	r := httptest.NewRequest("HEAD", "/bucket", nil)
	r.Header.Set("Authorization", "Bearer "+s.owner.token)
	w := &sink{header: http.Header{}}
	const most = 20
	if got := testing.AllocsPerRun(100, func() {
		clear(w.header)
		h.ServeHTTP(w, r)
	}); got > most {
		t.Errorf("%v allocations, want at most %d", got, most)
	}
}
