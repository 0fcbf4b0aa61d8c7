package transfer_test

import (
	"net/http"
	"path/filepath"
	"sync"
	"testing"

	"github.com/icos-go/icos"
	"github.com/icos-go/icos/transfer"
)

// A counter counts the requests that it passes on, by bucket.
type counter struct {
	mu sync.Mutex
	n  int
}

func (c *counter) RoundTrip(r *http.Request) (*http.Response, error) {
	c.mu.Lock()
	c.n++
	c.mu.Unlock()
	return http.DefaultTransport.RoundTrip(r)
}

func (c *counter) take() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	n := c.n
	c.n = 0
	return n
}

// TestHTTPClient has every kind of work sent by another http.Client than that of
// its handles, and that of a bucket left alone for which none is given.
func TestHTTPClient(t *testing.T) {
	through, own := new(counter), new(counter)
	b := bucket(t, nil)
	cfg := b.Client().Config()
	cfg.HTTPClient = &http.Client{Transport: own}
	c, err := icos.NewClient(cfg)
	if err != nil {
		t.Fatal(err)
	}
	via := &http.Client{Transport: through}
	m := manager(t, c, &transfer.Options{HTTPClient: func(b *icos.Bucket) *http.Client {
		if b.Name() == "other" {
			return nil
		}
		return via
	}})
	routed, other := c.Bucket(b.Name()), c.Bucket("other")
	if err := other.Create(t.Context(), nil); err != nil {
		t.Fatal(err)
	}
	own.take()

	dir := t.TempDir()
	path := file(t, 1, 1000)
	for _, tt := range []struct {
		name string
		work transfer.Work
	}{
		{"upload", transfer.Upload{Path: path, To: routed.Object("k")}},
		{"download", transfer.Download{From: routed.Object("k"), Path: filepath.Join(dir, "k")}},
		{"copy", transfer.Copy{From: routed.Object("k"), To: routed.Object("copy")}},
		{"tree up", transfer.Sync{From: transfer.Tree{Dir: dir}, To: transfer.Tree{Bucket: routed, Prefix: "tree/"}}},
		{"tree down", transfer.Sync{From: transfer.Tree{Bucket: routed, Prefix: "tree/"}, To: transfer.Tree{Dir: t.TempDir()}}},
	} {
		tr := m.Start(t.Context(), tt.work)
		if err := tr.Wait(t.Context()); err != nil {
			t.Errorf("%s: %v", tt.name, err)
		}
		if n, astray := through.take(), own.take(); n == 0 || astray > 0 {
			t.Errorf("%s: %d requests as they should be, and %d by the Client's own way", tt.name, n, astray)
		}
		if got, ok := tr.Work().(transfer.Upload); ok && got.To.Bucket().Client() != c {
			t.Errorf("%s: Work is not what was started", tt.name)
		}
	}
	if err := m.Upload(t.Context(), path, other.Object("k")).Wait(t.Context()); err != nil {
		t.Error(err)
	}
	if n, astray := own.take(), through.take(); n == 0 || astray > 0 {
		t.Errorf("a bucket left alone: %d requests by its Client, %d by another way", n, astray)
	}
}
