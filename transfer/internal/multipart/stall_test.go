package multipart_test

import (
	"io"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/icos-go/icos/icostest"
	"github.com/icos-go/icos/transfer/internal/multipart"
)

// stuck lets one request get stuck in the middle of its body.
type stuck struct {
	http.Handler
	method, query string
	stop          atomic.Bool // to be set off
	got           atomic.Int32
	over          chan struct{} // the test is
}

func (s *stuck) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.Method != s.method || !strings.Contains(r.URL.RawQuery+r.Header.Get("Range"), s.query) || !s.stop.CompareAndSwap(true, false) {
		s.Handler.ServeHTTP(w, r)
		return
	}
	s.got.Add(1)
	if r.Method == http.MethodPut {
		_, _ = io.CopyN(io.Discard, r.Body, mib)
	} else {
		s.Handler.ServeHTTP(&half{ResponseWriter: w}, r)
		_ = http.NewResponseController(w).Flush() // the client finds out
	}
	<-s.over
}

// half sends the first 100,000 bytes of an answer.
type half struct {
	http.ResponseWriter
	n int
}

func (h *half) Write(p []byte) (int, error) {
	q := p[:min(len(p), max(0, 100_000-h.n))]
	h.n += len(q)
	_, err := h.ResponseWriter.Write(q)
	return len(p), err
}

func TestStalledPartMovesToAnotherConnection(t *testing.T) {
	for _, c := range []struct{ method, query string }{{http.MethodPut, "partNumber=4"}, {http.MethodGet, "bytes=15728640-"}} {
		t.Run(c.method, func(t *testing.T) {
			s := &stuck{method: c.method, query: c.query, over: make(chan struct{})}
			defer close(s.over)
			w := newWorld(t, icostest.Options{Wrap: func(h http.Handler) http.Handler {
				s.Handler = h
				return s
			}})
			w.env.Stall = 400 * time.Millisecond
			data := bytesOf(1, 17*mib)
			if c.method == http.MethodGet {
				w.put("k", data)
			}
			s.stop.Store(true)
			var err error
			if c.method == http.MethodPut { // the last part
				_, err = w.env.Upload(t.Context(), &multipart.Upload{File: w.file("source", data), To: w.bucket.Object("k"), PartSize: 5 * mib})
			} else {
				_, err = w.env.Download(t.Context(), &multipart.Download{From: w.bucket.Object("k"), To: w.open("target"), PartSize: 5 * mib})
				w.fileHolds("target", data)
			}
			if err != nil {
				t.Fatal(err)
			}
			if s.got.Load() != 1 {
				t.Errorf("%d requests got stuck, want 1", s.got.Load())
			}
			w.holds("k", data)
		})
	}
}
