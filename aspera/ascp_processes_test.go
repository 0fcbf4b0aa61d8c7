package aspera_test

import (
	"bytes"
	"context"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/icos-go/icos/aspera"
	"github.com/icos-go/icos/aspera/internal/ascptest"
	"github.com/icos-go/icos/transfer"
)

// TestAscpMultiSession splits a file over several processes.
func TestAscpMultiSession(t *testing.T) {
	for _, tt := range []struct {
		name     string
		sessions int
		size     int
		spec     int64 // threshold in the spec
		lookup   bool
		want     int
	}{
		{"three", 3, 1 << 20, 1000, false, 3},
		{"too small", 3, 999, 1000, false, 1},
		{"the recommended threshold", 3, 1 << 20, 0, false, 1},
		{"all", aspera.All, 1 << 20, 1000, true, 1},
	} {
		t.Run(tt.name, func(t *testing.T) {
			w := newWorld(t)
			script := ascptest.New(t)
			w.change = func(spec map[string]any) {
				if tt.spec > 0 {
					spec["multi_session_threshold"] = tt.spec
				}
				if tt.lookup {
					spec["remote_host"] = "localhost" // has no dot: it stays
				}
			}
			cfg := withAscp()
			cfg.MultiSession = tt.sessions
			m := w.manager(cfg)
			b := content(1, tt.size)
			if err := m.Upload(t.Context(), w.file(b), w.bucket.Object("k")).Wait(t.Context()); err != nil {
				t.Fatal(err)
			}
			w.stored("k", b)
			calls := script.Calls()
			if tt.lookup {
				if len(calls) == 0 || calls[0].Option("--host") == "localhost" {
					t.Errorf("%d processes, the first to %q", len(calls), calls[0].Option("--host"))
				}
				return
			}
			if len(calls) != tt.want {
				t.Fatalf("%d processes, want %d", len(calls), tt.want)
			}
			if tt.want > 1 && (calls[0].Option("--multi-session-threshold") == "" || calls[0].Option("-C") == "" || calls[0].Option("-k") != "0") {
				t.Errorf("called with %q", calls[0].Args)
			}
			back := filepath.Join(t.TempDir(), "back")
			if err := m.Download(t.Context(), w.bucket.Object("k"), back).Wait(t.Context()); err != nil {
				t.Fatal(err)
			}
			w.written(back, b)
		})
	}
}

// TestAscpPlaces has no more processes run at once than there may.
func TestAscpPlaces(t *testing.T) {
	w := newWorld(t)
	ascptest.New(t, ascptest.Slow, ascptest.Slow)
	cfg := withAscp()
	cfg.MaxSessions = 2
	m := w.manager(cfg)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	path := w.file(content(1, 16<<20)) // small files would share a process
	for i := range 2 {
		moving := make(chan struct{}, 1)
		m.Upload(ctx, path, w.bucket.Object(fmt.Sprint(i)), transfer.Observer{Progress: func(_ *transfer.Transfer, p transfer.Progress) {
			if p.Bytes > 0 {
				select {
				case moving <- struct{}{}:
				default:
				}
			}
		}})
		<-moving
	}
	third := m.Upload(t.Context(), path, w.bucket.Object("third"))
	select {
	case <-third.Done():
		t.Error("a third process ran")
	default:
	}
	cancel()
	if err := third.Wait(t.Context()); err != nil {
		t.Error(err)
	}
}

// TestAscpCrowd moves many small files: few processes do it, and a failure of one file
// is its own.
func TestAscpCrowd(t *testing.T) {
	const n = 60
	for _, fault := range []ascptest.Fault{ascptest.OK, ascptest.LeavesLater} {
		t.Run(string(fault), func(t *testing.T) {
			w := newWorld(t)
			script := ascptest.New(t, fault, fault)
			dir, back := t.TempDir(), t.TempDir()
			for i := range n {
				if err := os.WriteFile(filepath.Join(dir, fmt.Sprint(i)), content(byte(i), 1000*i), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			cfg := withAscp()
			cfg.TargetRate = 1_000_000_000
			m := w.manager(cfg)
			up := m.UploadDir(t.Context(), dir, w.bucket, "tree/")
			if err := up.Wait(t.Context()); err != nil {
				t.Fatal(err)
			}
			down := m.DownloadDir(t.Context(), w.bucket, "tree/", back)
			if err := down.Wait(t.Context()); err != nil {
				t.Fatal(err)
			}
			for i := range n {
				got, err := os.ReadFile(filepath.Join(back, fmt.Sprint(i)))
				if err != nil || !bytes.Equal(got, content(byte(i), 1000*i)) {
					t.Errorf("%d: %d bytes, %v", i, len(got), err)
				}
			}
			const sum = 1000 * n * (n - 1) / 2
			if a, b := up.Progress().Bytes, down.Progress().Bytes; a != sum || b != sum {
				t.Errorf("%d and %d bytes are reported, of %d", a, b, sum)
			}
			if err := m.Close(); err != nil {
				t.Error(err)
			}
			calls := script.Calls()
			kept := 0
			for _, c := range calls {
				if c.Has("--keepalive") {
					kept++
					if c.Option("-l") != "1000000" || c.Has("--file-pair-list") {
						t.Errorf("called with %q", c.Args)
					}
				}
			}
			if kept == 0 || len(calls) > n/2 {
				t.Errorf("%d processes, %d of them kept alive", len(calls), kept)
			}
		})
	}
}

// TestAscpCrowdRefused has the service give no spec for all of a bucket: every file
// has a process of its own.
func TestAscpCrowdRefused(t *testing.T) {
	w := newWorld(t)
	script := ascptest.New(t)
	w.answer = func(s *setup, rw http.ResponseWriter, _ *http.Request) bool {
		if text := fmt.Sprint(s.Body); !strings.Contains(text, "destination:/ ") && !strings.Contains(text, "destination:/]") {
			return false
		}
		rw.WriteHeader(http.StatusForbidden)
		return true
	}
	dir := t.TempDir()
	for i := range 10 {
		if err := os.WriteFile(filepath.Join(dir, fmt.Sprint(i)), content(byte(i), 1000), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.manager(withAscp()).UploadDir(t.Context(), dir, w.bucket, "").Wait(t.Context()); err != nil {
		t.Fatal(err)
	}
	for i := range 10 {
		w.stored(fmt.Sprint(i), content(byte(i), 1000))
	}
	if n := len(script.Calls()); n != 10 {
		t.Errorf("%d processes, want 10", n)
	}
}
