package icos_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/http/httptrace"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/icos-go/icos"
	"github.com/icos-go/icos/s3"
)

// A proxy stands between a client and the local COS. It records the requests
// and lets a test meddle with them.
type proxy struct {
	next http.RoundTripper
	// meddle answers a request in place of next, or returns nil, nil to let it through.
	meddle func(r *http.Request) (*http.Response, error)
	// body replaces the body of an answer, unless it is nil.
	body func(r *http.Request, body io.ReadCloser) io.ReadCloser

	mu       sync.Mutex
	requests []string // what each was, in the words of kind
}

func (p *proxy) RoundTrip(r *http.Request) (*http.Response, error) {
	p.mu.Lock()
	p.requests = append(p.requests, kind(r))
	p.mu.Unlock()
	if p.meddle != nil {
		if resp, err := p.meddle(r); resp != nil || err != nil {
			return resp, err
		}
	}
	resp, err := p.next.RoundTrip(r)
	if err == nil && p.body != nil {
		resp.Body = p.body(r, resp.Body)
	}
	return resp, err
}

// kind names a request by its operation.
func kind(r *http.Request) string {
	q := r.URL.Query()
	switch {
	case q.Has("uploads") && r.Method == http.MethodPost:
		return "CREATE"
	case q.Has("uploadId") && r.Method == http.MethodPost:
		return "COMPLETE"
	case q.Has("uploadId") && r.Method == http.MethodDelete:
		return "ABORT"
	case q.Has("uploadId") && r.Method == http.MethodPut:
		return "PART"
	}
	return r.Method
}

// count returns how many requests were of a kind.
func (p *proxy) count(kind string) int {
	p.mu.Lock()
	defer p.mu.Unlock()
	n := 0
	for _, k := range p.requests {
		if k == kind {
			n++
		}
	}
	return n
}

func (p *proxy) all() []string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return append([]string(nil), p.requests...)
}

var buckets atomic.Int64

// newBucket makes a bucket of its own for a test.
func newBucket(t testing.TB) *icos.Bucket {
	t.Helper()
	b := client.Bucket(fmt.Sprintf("test-%d", buckets.Add(1)))
	if err := b.Create(ctx, nil); err != nil {
		t.Fatal(err)
	}
	return b
}

// through returns a handle of the same bucket whose requests go through p.
func through(t testing.TB, p *proxy, b *icos.Bucket) *icos.Bucket {
	t.Helper()
	transport := s3.NewTransport(nil)
	t.Cleanup(transport.CloseIdleConnections)
	p.next = transport
	cfg := cos.HMACConfig()
	cfg.HTTPClient = &http.Client{Transport: p}
	c, err := icos.NewClient(cfg)
	if err != nil {
		t.Fatal(err)
	}
	return c.Bucket(b.Name())
}

// respond is an answer of the service.
func respond(r *http.Request, status int, body string) *http.Response {
	return &http.Response{
		StatusCode: status, Status: http.StatusText(status), Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
		Header: http.Header{"Content-Type": {"application/xml"}}, Request: r,
		Body: io.NopCloser(strings.NewReader(body)), ContentLength: int64(len(body)),
	}
}

func refuse(r *http.Request, status int, code string) *http.Response {
	return respond(r, status, "<Error><Code>"+code+"</Code><Message>made up</Message></Error>")
}

var errReset = errors.New("connection reset by the test")

// breaking reads n bytes of a body and then fails.
type breaking struct {
	io.ReadCloser
	left int64
}

func (b *breaking) Read(p []byte) (int, error) {
	if b.left == 0 {
		return 0, errReset
	}
	n, err := b.ReadCloser.Read(p[:min(int64(len(p)), b.left)])
	b.left -= int64(n)
	return n, err
}

// noise returns n bytes that do not repeat.
func noise(n int64) []byte {
	data := make([]byte, n)
	src := rand.NewChaCha8([32]byte{byte(n), byte(n >> 8), byte(n >> 16)})
	_, _ = src.Read(data) // never fails
	return data
}

func put(t testing.TB, o *icos.Object, data []byte) icos.ObjectInfo {
	t.Helper()
	info, err := o.Put(ctx, bytes.NewReader(data), nil)
	if err != nil {
		t.Fatal(err)
	}
	return info
}

// checkObject fails the test unless the object holds data.
func checkObject(t testing.TB, o *icos.Object, data []byte) {
	t.Helper()
	r, err := o.Get(ctx, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	got, err := io.ReadAll(r)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, data) {
		t.Errorf("%s holds %d bytes, not the %d bytes that were put", o, len(got), len(data))
	}
}

// checkNoUploads fails the test if parts were left behind in the bucket.
func checkNoUploads(t testing.TB, b *icos.Bucket) {
	t.Helper()
	for u, err := range client.Bucket(b.Name()).Uploads(ctx, nil) {
		if err != nil {
			t.Fatal(err)
		}
		t.Errorf("upload %s of %s was left behind", u.ID, u.Key)
	}
}

// traced returns a context whose requests note the local addresses that they
// were sent from.
func traced(ctx context.Context, addrs map[string]bool) context.Context {
	return httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{
		GotConn: func(info httptrace.GotConnInfo) { addrs[info.Conn.LocalAddr().String()] = true },
	})
}
