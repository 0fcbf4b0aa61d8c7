package icos_test

import (
	"bytes"
	"io"
	"net/http"
	"net/http/httptest"
	"runtime"
	"strings"
	"testing"

	"github.com/icos-go/icos"
	"github.com/icos-go/icos/auth"
)

// void is a service that keeps nothing: it reads what it is sent and answers as
// if all were well. Its objects are zeros.
func void(t testing.TB) *icos.Bucket {
	t.Helper()
	zeros := make([]byte, 4096)
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if _, err := io.Copy(io.Discard, r.Body); err != nil {
			return // the client has gone away, and notices
		}
		w.Header().Set("ETag", `"0123456789abcdef0123456789abcdef"`)
		switch kind(r) {
		case "CREATE":
			io.WriteString(w, "<InitiateMultipartUploadResult><UploadId>id</UploadId></InitiateMultipartUploadResult>")
		case "COMPLETE":
			io.WriteString(w, `<CompleteMultipartUploadResult><ETag>"tag-1"</ETag></CompleteMultipartUploadResult>`)
		case http.MethodGet:
			w.Write(zeros)
		}
	}))
	t.Cleanup(srv.Close)
	c, err := icos.NewClient(icos.Config{Endpoint: srv.URL, Credentials: auth.Anonymous})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := c.Close(); err != nil {
			t.Error(err)
		}
	})
	return c.Bucket("bucket")
}

// The memory that Put takes does not depend on the length of the stream.
func TestPutMemoryIsBounded(t *testing.T) {
	if testing.Short() {
		t.Skip("moves more than a gigabyte")
	}
	live := func() int64 {
		runtime.GC()
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		return int64(m.HeapAlloc)
	}
	b := void(t)
	var read, peak int64
	before := live()
	endless := readerFunc(func(p []byte) (int, error) {
		if read%(50*mib) < int64(len(p)) {
			peak = max(peak, live()-before)
		}
		read += int64(len(p))
		return len(p), nil
	})
	const size = 1400 * mib // enough for the parts to grow
	if _, err := b.Object("key").Put(ctx, io.MultiReader(io.LimitReader(endless, size)), nil); err != nil {
		t.Fatal(err)
	}
	if peak < 15*mib || peak > 23*mib {
		t.Errorf("Put of a stream of %d MiB took %d bytes, want 20 MiB and a little", size/mib, peak)
	}
}

func BenchmarkPut4K(b *testing.B) {
	bucket := void(b)
	data := make([]byte, 4096)
	b.SetBytes(4096)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := bucket.Object("key").Put(ctx, bytes.NewReader(data), nil); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkPut4KFloor is the same on net/http alone, for comparison.
func BenchmarkPut4KFloor(b *testing.B) {
	endpoint := void(b).Client().Endpoint()
	data := make([]byte, 4096)
	b.SetBytes(4096)
	b.ReportAllocs()
	for b.Loop() {
		r, err := http.NewRequest(http.MethodPut, endpoint+"/bucket/key", bytes.NewReader(data))
		if err != nil {
			b.Fatal(err)
		}
		resp, err := http.DefaultClient.Do(r)
		if err != nil {
			b.Fatal(err)
		}
		if err := resp.Body.Close(); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkGet4K(b *testing.B) {
	bucket := void(b)
	b.SetBytes(4096)
	b.ReportAllocs()
	buf := make([]byte, 8192)
	for b.Loop() {
		r, err := bucket.Object("key").Get(ctx, nil)
		if err != nil {
			b.Fatal(err)
		}
		if _, err := io.ReadFull(r, buf); err != io.ErrUnexpectedEOF {
			b.Fatal(err)
		}
		if err := r.Close(); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkGet4KFloor is the same on net/http alone, for comparison.
func BenchmarkGet4KFloor(b *testing.B) {
	endpoint := void(b).Client().Endpoint()
	b.SetBytes(4096)
	b.ReportAllocs()
	buf := make([]byte, 8192)
	for b.Loop() {
		resp, err := http.Get(endpoint + "/bucket/key")
		if err != nil {
			b.Fatal(err)
		}
		if _, err := io.ReadFull(resp.Body, buf); err != io.ErrUnexpectedEOF {
			b.Fatal(err)
		}
		if err := resp.Body.Close(); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkPut256MStream(b *testing.B) {
	bucket := void(b)
	chunk := make([]byte, mib)
	b.SetBytes(256 * mib)
	b.ReportAllocs()
	for b.Loop() {
		src := make([]io.Reader, 256)
		for i := range src {
			src[i] = bytes.NewReader(chunk)
		}
		if _, err := bucket.Object("key").Put(ctx, io.MultiReader(src...), nil); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkPut256MInPlace(b *testing.B) {
	bucket := void(b)
	src := strings.NewReader(strings.Repeat("x", 256*mib))
	b.SetBytes(256 * mib)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := src.Seek(0, io.SeekStart); err != nil {
			b.Fatal(err)
		}
		if _, err := bucket.Object("key").Put(ctx, src, nil); err != nil {
			b.Fatal(err)
		}
	}
}
