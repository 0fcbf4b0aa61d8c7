package server

import (
	"context"
	"crypto/rand"
	"crypto/rsa"
	"errors"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// instances are the service instances, by which the tests tell states apart, and the buckets.
func instances(t *testing.T, s *Server) []string {
	t.Helper()
	var names []string
	for _, in := range s.IAM().Instances() {
		names = append(names, in.ID)
	}
	buckets, _, err := s.state.Load().store.Buckets(t.Context(), "", "", "", 0)
	if err != nil {
		t.Fatal(err)
	}
	for _, b := range buckets {
		names = append(names, b.Name)
	}
	slices.Sort(names)
	return names
}

func addBucket(t *testing.T, s *Server, name string) {
	t.Helper()
	_, owner, _ := s.IAM().AccessKey(s.Credential("").HMACKeys.AccessKeyID)
	token, _, err := s.IAM().NewToken(owner.ID)
	if err != nil {
		t.Fatal(err)
	}
	r := httptest.NewRequest("PUT", "/"+name, nil)
	r.Header.Set("Authorization", "Bearer "+token)
	r.Header.Set("Ibm-Service-Instance-Id", s.IAM().First().InstanceID())
	w := httptest.NewRecorder()
	if s.ServeHTTP(w, r); w.Code != http.StatusOK {
		t.Fatalf("make a bucket: %d %s", w.Code, w.Body)
	}
}

// restorer is a server with a snapshot, and what each of the two holds.
type restorer struct {
	*Server
	cfg           Config
	snapshot      string
	before, after []string
}

func newRestorer(t *testing.T) *restorer {
	t.Helper()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	x := &restorer{snapshot: filepath.Join(t.TempDir(), "snapshot")}
	x.cfg = Config{Dir: t.TempDir(), NoSync: true, SigningKey: key}
	if x.Server, err = New(x.cfg); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { x.Close() })
	addBucket(t, x.Server, "first")
	x.before = instances(t, x.Server)
	if err := x.Snapshot(t.Context(), x.snapshot); err != nil {
		t.Fatal(err)
	}
	if _, err := x.CreateInstance(t.Context(), "later"); err != nil {
		t.Fatal(err)
	}
	addBucket(t, x.Server, "second")
	x.after = instances(t, x.Server)
	return x
}

// clean checks that nothing of a restore is left.
func (x *restorer) clean(t *testing.T) {
	t.Helper()
	for _, name := range []string{".restoring", ".restored"} {
		if _, err := os.Stat(filepath.Join(x.cfg.Dir, name)); !errors.Is(err, os.ErrNotExist) {
			t.Errorf("%s is left: %v", name, err)
		}
	}
}

var errBoom = errors.New("boom")

// renames are those of a restore that works: away, in, and the one that counts.
const renames = 2*3 + 1

// A restore whose nth step fails leaves the old state, which goes on being served.
func TestRestoreFailsAlone(t *testing.T) {
	x := newRestorer(t)
	for nth := 1; nth <= renames; nth++ {
		n := 0
		x.exchange.rename = func(from, to string) error {
			if n++; n == nth {
				return errBoom
			}
			return os.Rename(from, to)
		}
		if err := x.Restore(t.Context(), x.snapshot); !errors.Is(err, errBoom) {
			t.Fatalf("step %d: %v, want %v", nth, err, errBoom)
		}
		if got := instances(t, x.Server); !slices.Equal(got, x.after) {
			t.Errorf("step %d: the server has %v, want %v", nth, got, x.after)
		}
		x.clean(t)
	}
	addBucket(t, x.Server, "third")
	x.exchange.rename = os.Rename
	for range 2 {
		if err := x.Restore(t.Context(), x.snapshot); err != nil {
			t.Fatal(err)
		}
		if got := instances(t, x.Server); !slices.Equal(got, x.before) {
			t.Errorf("restored, the server has %v, want %v", got, x.before)
		}
		x.clean(t)
		addBucket(t, x.Server, "fourth")
	}
}

// A crash at any step leaves one of the two states, whole, even if the next start crashes as well.
func TestRestoreSurvivesCrashes(t *testing.T) {
	for nth := 1; nth <= renames; nth++ {
		x := newRestorer(t)
		n := 0
		x.exchange.rename = func(from, to string) error {
			if n++; n >= nth {
				return errBoom
			}
			return os.Rename(from, to)
		}
		if err := x.Restore(t.Context(), x.snapshot); !errors.Is(err, errBoom) {
			t.Fatalf("step %d: %v, want %v", nth, err, errBoom)
		}
		if nth > 1 {
			w := httptest.NewRecorder()
			x.ServeHTTP(w, httptest.NewRequest("GET", "/", nil))
			if w.Code != http.StatusServiceUnavailable || w.Header().Get("Retry-After") == "" {
				t.Errorf("step %d: without a state the server answers %d", nth, w.Code)
			}
			if err := x.Restore(t.Context(), x.snapshot); err == nil {
				t.Errorf("step %d: another restore destroys what was put aside", nth)
			}
		}
		if err := x.Close(); err != nil {
			t.Fatal(err)
		}
		again := exchange{dir: x.cfg.Dir, rename: func(from, to string) error {
			if strings.HasSuffix(to, "kms") {
				return errBoom
			}
			return os.Rename(from, to)
		}}
		if err := again.recover(); err != nil && !errors.Is(err, errBoom) {
			t.Fatal(err)
		}
		s, err := New(x.cfg)
		if err != nil {
			t.Fatalf("step %d: the next start: %v", nth, err)
		}
		if got := instances(t, s); !slices.Equal(got, x.after) {
			t.Errorf("step %d: the next server has %v, want %v", nth, got, x.after)
		}
		if err := s.Close(); err != nil {
			t.Error(err)
		}
		x.clean(t)
	}
}

// A crash after the step that counts leaves the new state.
func TestRestoreSurvivesCrashAtItsEnd(t *testing.T) {
	x := newRestorer(t)
	x.exchange.rename = func(from, to string) error {
		if err := os.Rename(from, to); err != nil {
			return err
		}
		if filepath.Base(to) == ".restored" { // keep what is removed next
			return os.CopyFS(filepath.Join(x.cfg.Dir, "kept"), os.DirFS(to))
		}
		return nil
	}
	if err := x.Restore(t.Context(), x.snapshot); err != nil {
		t.Fatal(err)
	}
	if err := x.Close(); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(filepath.Join(x.cfg.Dir, "kept"), filepath.Join(x.cfg.Dir, ".restored")); err != nil {
		t.Fatal(err)
	}
	s, err := New(x.cfg)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if got := instances(t, s); !slices.Equal(got, x.before) {
		t.Errorf("the next server has %v, want %v", got, x.before)
	}
	x.clean(t)
}

func TestBrokenSnapshotsAreRefused(t *testing.T) {
	x := newRestorer(t)
	broken := map[string]func(dir string) error{
		"no identities":   func(dir string) error { return os.RemoveAll(filepath.Join(dir, "iam")) },
		"no keys":         func(dir string) error { return os.Remove(filepath.Join(dir, "kms", "state.json")) },
		"no database":     func(dir string) error { return os.RemoveAll(filepath.Join(dir, "store", "db")) },
		"half identities": func(dir string) error { return os.Truncate(filepath.Join(dir, "iam", "state.json"), 20) },
		"half keys":       func(dir string) error { return os.Truncate(filepath.Join(dir, "kms", "state.json"), 20) },
		"half a database": func(dir string) error {
			found, err := filepath.Glob(filepath.Join(dir, "store", "db", "MANIFEST-*"))
			if err != nil {
				return err
			}
			return os.Truncate(found[0], 10)
		},
		"nothing": os.RemoveAll,
	}
	for name, brk := range broken {
		dir := filepath.Join(t.TempDir(), "copy")
		if err := os.CopyFS(dir, os.DirFS(x.snapshot)); err != nil {
			t.Fatal(err)
		}
		if err := brk(dir); err != nil {
			t.Fatal(err)
		}
		if err := x.Restore(t.Context(), dir); err == nil {
			t.Errorf("%s: restored", name)
		}
		if got := instances(t, x.Server); !slices.Equal(got, x.after) {
			t.Errorf("%s: the server has %v, want %v", name, got, x.after)
		}
		x.clean(t)
	}
	t.Chdir(x.cfg.Dir)
	other := newRestorer(t)
	for _, dir := range []string{x.cfg.Dir, ".", other.cfg.Dir} {
		if err := x.Restore(t.Context(), dir); err == nil || !strings.Contains(err.Error(), "in use") {
			t.Errorf("%s, a running server's data: %v", dir, err)
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := x.Restore(ctx, x.snapshot); !errors.Is(err, context.Canceled) {
		t.Errorf("a restore that was called off: %v", err)
	}
	x.clean(t)
	addBucket(t, x.Server, "third")
}

// A request that does not end holds a restore up, which gives up and lets others in again.
func TestRestoreGivesUpOnLongRequests(t *testing.T) {
	x := newRestorer(t)
	if !x.gate.enter() {
		t.Fatal("the gate is shut")
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Second)
	defer cancel()
	if err := x.Restore(ctx, x.snapshot); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("restore during a request: %v", err)
	}
	addBucket(t, x.Server, "third")
	x.gate.leave()
	if err := x.Restore(t.Context(), x.snapshot); err != nil {
		t.Error(err)
	}
}

// Requests that come during a restore are in the journal too, with their secrets hidden.
func TestRequestsDuringRestoreAreInTheJournal(t *testing.T) {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	s, err := New(Config{Dir: t.TempDir(), NoSync: true, SigningKey: key, Journal: 10})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	if err := s.gate.close(t.Context()); err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{"/bucket/key", "/identity/token"} {
		r := httptest.NewRequest("POST", path, strings.NewReader("body"))
		r.Header.Set("Authorization", "Bearer secret")
		w := httptest.NewRecorder()
		if s.ServeHTTP(w, r); w.Code != http.StatusServiceUnavailable {
			t.Errorf("%s during a restore: %d", path, w.Code)
		}
	}
	s.gate.open()
	entries := s.Journal().After(0, 10)
	if len(entries) != 2 {
		t.Fatalf("%d entries, want 2", len(entries))
	}
	for i, operation := range []string{"", "IAM"} {
		e := entries[i]
		if e.Status != 503 || e.Code != "ServiceUnavailable" || e.Operation != operation || e.Method != "POST" || e.Sent == 0 ||
			strings.Contains(e.Header.Get("Authorization"), "secret") {
			t.Errorf("entry %d: %+v", i, e)
		}
	}
}

func TestGate(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := newGate()
		for range 2 {
			if !g.enter() {
				t.Fatal("an open gate is shut")
			}
		}
		closed := make(chan error)
		go func() { closed <- g.close(t.Context()) }()
		synctest.Wait()
		if g.enter() {
			t.Error("a gate that is being closed lets somebody in")
		}
		g.leave()
		synctest.Wait()
		select {
		case <-closed:
			t.Error("closed with somebody inside")
		default:
		}
		g.leave()
		if err := <-closed; err != nil {
			t.Error(err)
		}
		g.open()
		if !g.enter() {
			t.Error("the gate stays shut")
		}
		g.leave()
	})
}
