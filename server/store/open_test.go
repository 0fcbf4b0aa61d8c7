package store_test

import (
	"context"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/icos-go/icos/server/store"
)

func TestOpenTwiceSaysWhoHasIt(t *testing.T) {
	dir := t.TempDir()
	s, err := store.Open(dir, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	_, err = store.Open(dir, nil)
	if !errors.Is(err, store.ErrInUse) || !strings.Contains(err.Error(), "pid "+strconv.Itoa(os.Getpid())) {
		t.Errorf("second Open = %v, want ErrInUse with the pid", err)
	}
}

func TestOpenInAnotherProcessSaysWhoHasIt(t *testing.T) {
	dir := t.TempDir()
	s, err := store.Open(dir, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(exe)
	cmd.Env = append(os.Environ(), killDir+"="+dir)
	out, _ := cmd.CombinedOutput() // it ends with an exit code, since it can not open
	if want := "in use by another icos serve (pid " + strconv.Itoa(os.Getpid()) + ")"; !strings.Contains(string(out), want) {
		t.Errorf("other process said %q, want %q in it", out, want)
	}
}

func TestOpenRefusesNewerLayout(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "FORMAT"), []byte("icos store 2\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := store.Open(dir, nil); !errors.Is(err, store.ErrNewerLayout) {
		t.Errorf("Open = %v, want %v", err, store.ErrNewerLayout)
	}
	if err := os.WriteFile(filepath.Join(dir, "FORMAT"), []byte("something else\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := store.Open(dir, nil); err == nil {
		t.Error("Open took a directory with a FORMAT that it does not know")
	}
}

func TestOpenOnAFileFails(t *testing.T) {
	name := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(name, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := store.Open(name, nil); err == nil {
		t.Error("Open of a file succeeded")
	}
}

func TestClosedStoreSaysSo(t *testing.T) {
	s, err := store.Open(t.TempDir(), nil)
	if err != nil {
		t.Fatal(err)
	}
	if err := s.CreateBucket(t.Context(), store.Bucket{Name: "b"}); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if err := s.Close(); err != nil {
			t.Errorf("Close = %v", err)
		}
	}
	if _, err := s.Put(t.Context(), "b", "k", strings.NewReader(strings.Repeat("x", 1<<20)), nil); !errors.Is(err, store.ErrClosed) {
		t.Errorf("Put = %v, want %v", err, store.ErrClosed)
	}
	if _, err := s.Stat(t.Context(), "b", "k"); !errors.Is(err, store.ErrClosed) {
		t.Errorf("Stat = %v, want %v", err, store.ErrClosed)
	}
	if _, err := s.List(t.Context(), "b", store.ListOptions{Max: 1}); !errors.Is(err, store.ErrClosed) {
		t.Errorf("List = %v, want %v", err, store.ErrClosed)
	}
}

// stuckBody gives some bytes, tells that it did, and then waits.
type stuckBody struct {
	rest  int
	given chan struct{}
	end   chan struct{}
}

func (b *stuckBody) Read(p []byte) (int, error) {
	if b.rest == 0 {
		close(b.given)
		<-b.end
		return 0, io.ErrUnexpectedEOF
	}
	n := min(len(p), b.rest)
	b.rest -= n
	return n, nil
}

// TestUnfinishedBodyIsSweptAfterClose closes a store while a body is still on the way, as a process does that cuts off its
// clients and ends.
func TestUnfinishedBodyIsSweptAfterClose(t *testing.T) {
	dir := t.TempDir()
	s, err := store.Open(dir, nil)
	if err != nil {
		t.Fatal(err)
	}
	if err := s.CreateBucket(t.Context(), store.Bucket{Name: "b"}); err != nil {
		t.Fatal(err)
	}
	body := &stuckBody{rest: 1 << 20, given: make(chan struct{}), end: make(chan struct{})}
	result := make(chan error, 1)
	go func() {
		_, err := s.Put(context.Background(), "b", "k", body, nil)
		result <- err
	}()
	<-body.given
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	s, err = store.Open(dir, nil)
	if err != nil {
		t.Fatal(err)
	}
	s.Idle()
	if n, err := s.Files(); n != 0 || err != nil {
		t.Errorf("%d files are left, %v", n, err)
	}
	close(body.end)
	if err := <-result; !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Errorf("Put = %v, want %v", err, io.ErrUnexpectedEOF)
	}
	if err := s.Close(); err != nil {
		t.Error(err)
	}
}

func TestCloseEndsAllGoroutines(t *testing.T) {
	before := runtime.NumGoroutine()
	s, err := store.Open(t.TempDir(), nil)
	if err != nil {
		t.Fatal(err)
	}
	if err := s.CreateBucket(t.Context(), store.Bucket{Name: "b"}); err != nil {
		t.Fatal(err)
	}
	for range 3 {
		put(t, s, "k", content(1, 100<<10))
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	for range 3000 { // the last may be between its last statement and its end, for long on a busy machine
		if runtime.NumGoroutine() <= before {
			return
		}
		time.Sleep(10 * time.Millisecond)
	}
	buf := make([]byte, 1<<16)
	t.Errorf("%d goroutines, %d before Open:\n%s", runtime.NumGoroutine(), before, buf[:runtime.Stack(buf, true)])
}

// BenchmarkOpen opens and closes a new data directory.
func BenchmarkOpen(b *testing.B) {
	for b.Loop() {
		s, err := store.Open(b.TempDir(), nil)
		if err != nil {
			b.Fatal(err)
		}
		if err := s.Close(); err != nil {
			b.Fatal(err)
		}
	}
}
