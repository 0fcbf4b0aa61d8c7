package s3_test

import (
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/icos-go/icos/s3"
)

func TestTraceGivesUpAConnectionThatStandsStill(t *testing.T) {
	var requests atomic.Int64
	over := make(chan struct{})
	server := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		if requests.Add(1) == 1 {
			<-over
		}
	}))
	defer server.Close()
	defer close(over)
	transport := s3.NewTransport(nil)
	defer transport.CloseIdleConnections()
	c, err := s3.New(s3.Config{
		Endpoint: server.URL, HTTPClient: &http.Client{Transport: transport}, Retry: s3.RetryPolicy{BaseDelay: time.Millisecond},
	})
	if err != nil {
		t.Fatal(err)
	}
	var (
		mu    sync.Mutex
		seen  []s3.AttemptInfo
		conns = map[net.Conn]bool{}
		outer int
	)
	ctx := s3.WithTrace(t.Context(), &s3.Trace{Attempt: func(s3.AttemptInfo) { mu.Lock(); outer++; mu.Unlock() }})
	ctx = s3.WithTrace(ctx, &s3.Trace{
		Attempt: func(a s3.AttemptInfo) { mu.Lock(); seen = append(seen, a); mu.Unlock() },
		Conn:    func(c net.Conn) { mu.Lock(); conns[c] = true; mu.Unlock() },
		Stall:   100 * time.Millisecond,
	})
	const size = 1 << 20
	if _, err := c.PutObject(ctx, &s3.PutObjectRequest{Bucket: "b", Key: "k", Body: strings.NewReader(strings.Repeat("x", size))}); err != nil {
		t.Fatal(err)
	}
	if len(seen) != 2 || outer != 2 || len(conns) != 2 {
		t.Fatalf("%d attempts (%d told to the outer trace) over %d connections, want 2 over 2", len(seen), outer, len(conns))
	}
	if a := seen[0]; !errors.Is(a.Err, os.ErrDeadlineExceeded) || a.StatusCode != 0 || a.Sent != size || a.Wait <= 0 || a.Wait > a.Took {
		t.Errorf("first attempt: %+v, want a timeout after all was sent", a)
	}
	if a := seen[1]; a.Number != 2 || a.StatusCode != http.StatusOK || a.Err != nil || a.Op != "PutObject" {
		t.Errorf("second attempt: %+v, want it to work", a)
	}
}
