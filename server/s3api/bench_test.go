package s3api_test

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"testing"

	"github.com/icos-go/icos/server/authn"
	"github.com/icos-go/icos/server/s3api"
)

// sink is a response writer that costs nothing.
type sink struct {
	header http.Header
	status int
}

func (s *sink) Header() http.Header         { return s.header }
func (s *sink) WriteHeader(status int)      { s.status = status }
func (s *sink) Write(p []byte) (int, error) { return len(p), nil }

// BenchmarkHandler measures requests without the network: HeadBucket touches no disk and is the handler's own cost, with
// that of verifying who asks.
func BenchmarkHandler(b *testing.B) {
	s := newServer(b, serverOptions{})
	h := s3api.New(s3api.Config{Store: s.store, IAM: s.iam, Authn: authn.New(authn.Config{Directory: s.iam})})
	body := bytes.Repeat([]byte("x"), 4<<10)
	s.put("/bucket/k", string(body))
	for i := range 1000 {
		s.put(fmt.Sprintf("/bucket/list/%04d", i), "")
	}
	for _, bench := range []struct {
		name, method, target string
		body                 []byte
	}{
		{"HeadBucket", "HEAD", "/bucket", nil},
		{"HeadObject", "HEAD", "/bucket/k", nil},
		{"GetObject4K", "GET", "/bucket/k", nil},
		{"PutObject4K", "PUT", "/bucket/k", body},
		{"ListObjects1000", "GET", "/bucket?list-type=2&prefix=list/", nil},
	} {
		b.Run(bench.name, func(b *testing.B) {
			r, err := http.NewRequest(bench.method, bench.target, nil)
			if err != nil {
				b.Fatal(err)
			}
			r.Header.Set("Authorization", "Bearer "+s.owner.token)
			r.Header.Set("Content-Length", fmt.Sprint(len(bench.body)))
			r.RequestURI, r.ContentLength = bench.target, int64(len(bench.body))
			w := &sink{header: http.Header{}}
			b.ReportAllocs()
			for b.Loop() {
				clear(w.header)
				r.Body = io.NopCloser(bytes.NewReader(bench.body))
				h.ServeHTTP(w, r)
				if w.status != http.StatusOK {
					b.Fatalf("status %d", w.status)
				}
			}
		})
	}
}
