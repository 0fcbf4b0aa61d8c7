package checkpoint_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/icos-go/icos/transfer/internal/checkpoint"
)

var (
	upload = checkpoint.Identity{Kind: "upload", Endpoint: "http://127.0.0.1:1", Bucket: "b", Key: "k\xff", Path: "/f\xfe"}
	tree   = checkpoint.Identity{Kind: "sync", Endpoint: "http://127.0.0.1:1", Bucket: "b", Key: "p/", Path: "/dir"}
)

func header() checkpoint.Header {
	return checkpoint.Header{
		Parent: "0123456789ab", Label: json.RawMessage(`["cp"]`),
		Size: 1 << 40, ModTime: time.Unix(1700000000, 123456789).UTC(), FileID: "8:1", ETag: `"e"`, VersionID: "v", Options: "o",
		UploadID: "up", PartSize: 8 << 20, Algorithm: "CRC64NVME", Partial: "/f\xfe.part",
		Created: time.Unix(1800000000, 1).UTC(),
	}
}

func piece(n int) checkpoint.Piece {
	return checkpoint.Piece{Number: n, Offset: int64(n) << 23, Length: 8 << 20, CRC: 0xfedcba9876543210 ^ uint64(n), ETag: fmt.Sprintf(`"%032x"`, n)}
}

func pieces(numbers ...int) (ps []checkpoint.Piece) {
	for _, n := range numbers {
		ps = append(ps, piece(n))
	}
	return ps
}

func open(t testing.TB, dir string) *checkpoint.Store {
	t.Helper()
	s, err := checkpoint.Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func object(t testing.TB, s *checkpoint.Store) *checkpoint.Object {
	t.Helper()
	o, err := s.Object(upload)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { o.Close() })
	return o
}

func job(t *testing.T, s *checkpoint.Store) *checkpoint.Job {
	t.Helper()
	j, err := s.Job(tree)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { j.Close() })
	return j
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// both runs a test on disk and in memory. reopen is the store as another
// process would find it.
func both(t *testing.T, test func(t *testing.T, s *checkpoint.Store, reopen func() *checkpoint.Store)) {
	t.Run("disk", func(t *testing.T) {
		dir := t.TempDir()
		test(t, open(t, dir), func() *checkpoint.Store { return open(t, dir) })
	})
	t.Run("memory", func(t *testing.T) {
		s := open(t, "")
		test(t, s, func() *checkpoint.Store { return s })
	})
}

func TestObjectIsFoundAgain(t *testing.T) {
	both(t, func(t *testing.T, s *checkpoint.Store, reopen func() *checkpoint.Store) {
		o := object(t, s)
		if _, ok := o.Header(); ok {
			t.Error("a new checkpoint has a header")
		}
		must(t, o.Begin(header()))
		for _, n := range []int{3, 1, 2, 3} {
			must(t, o.Add(piece(n)))
		}
		must(t, o.Close())
		must(t, o.Close())

		o = object(t, reopen())
		want := header()
		want.Identity = upload
		got, ok := o.Header()
		if diff := cmp.Diff(want, got); diff != "" || !ok {
			t.Errorf("header (-want +got):\n%s", diff)
		}
		if diff := cmp.Diff(pieces(1, 2, 3), o.Pieces()); diff != "" {
			t.Errorf("pieces (-want +got):\n%s", diff)
		}
		must(t, o.Remove())

		o = object(t, reopen())
		if _, ok := o.Header(); ok || len(o.Pieces()) > 0 {
			t.Error("a removed checkpoint is still there")
		}
	})
}

func TestBeginForgetsPieces(t *testing.T) {
	both(t, func(t *testing.T, s *checkpoint.Store, reopen func() *checkpoint.Store) {
		o := object(t, s)
		for i := range 1500 { // enough to have it rewritten some times
			must(t, o.Begin(checkpoint.Header{UploadID: fmt.Sprint(i)}))
			must(t, o.Add(piece(i)))
		}
		must(t, o.Close())
		o = object(t, reopen())
		h, _ := o.Header()
		if h.UploadID != "1499" || h.Created.IsZero() {
			t.Errorf("upload %q created %v, want 1499 and some time", h.UploadID, h.Created)
		}
		if diff := cmp.Diff(pieces(1499), o.Pieces()); diff != "" {
			t.Errorf("pieces (-want +got):\n%s", diff)
		}
	})
}

func TestJobIsFoundAgain(t *testing.T) {
	both(t, func(t *testing.T, s *checkpoint.Store, reopen func() *checkpoint.Store) {
		j := job(t, s)
		if _, ok := j.State(); ok {
			t.Error("a new job has a state")
		}
		want := checkpoint.State{
			Label: json.RawMessage(`{}`), Started: time.Unix(1, 2).UTC(), Updated: time.Unix(3, 4).UTC(),
			Frontier: "m\xff", Pending: []string{"a", "", "c"}, Failed: []string{"x"},
			Bytes: 1, Total: -1, Objects: 2, ObjectsTotal: 3, Skipped: 4, FailedCount: 5, Deleted: 6, Listed: true, Paused: true,
		}
		must(t, j.Save(checkpoint.State{Frontier: "b"}))
		must(t, j.Save(want))
		want.Pending[0], want.Pending = "changed by the caller", []string{"a", "", "c"}
		must(t, j.Close())
		got, ok := job(t, reopen()).State()
		if diff := cmp.Diff(want, got); diff != "" || !ok {
			t.Errorf("state (-want +got):\n%s", diff)
		}
	})
}

func TestJobStaysSmall(t *testing.T) {
	dir := t.TempDir()
	j := job(t, open(t, dir))
	path := filepath.Join(dir, tree.ID()+checkpoint.Suffix)
	s := checkpoint.State{}
	for i := range 300 {
		s.Pending = append(s.Pending, strings.Repeat("k", 100)+fmt.Sprint(i))
	}
	for i := range 500 {
		s.Frontier = fmt.Sprint(i)
		must(t, j.Save(s))
		info, err := os.Stat(path)
		must(t, err)
		if info.Size() > 1<<20+16 {
			t.Fatalf("%d bytes after %d states", info.Size(), i+1)
		}
	}
	if _, err := open(t, dir).Job(tree); err == nil {
		t.Error("the lock was lost when the file was rewritten")
	}
	must(t, j.Close())
	if got, _ := job(t, open(t, dir)).State(); got.Frontier != "499" || len(got.Pending) != 300 {
		t.Errorf("frontier %q with %d pending, want 499 with 300", got.Frontier, len(got.Pending))
	}
	if left, _ := filepath.Glob(filepath.Join(dir, "*")); len(left) != 1 {
		t.Errorf("files left: %q", left)
	}
}

func TestTooManyFailuresAreNotKept(t *testing.T) {
	for _, tt := range []struct {
		name  string
		count int
		key   string
		over  bool
	}{
		{"as many as may be", checkpoint.MaxFailed, "k", false},
		{"one more", checkpoint.MaxFailed + 1, "k", true},
		{"long keys", 2000, strings.Repeat("k", 1000), true},
	} {
		j := job(t, open(t, t.TempDir()))
		var s checkpoint.State
		for range tt.count {
			s.Failed = append(s.Failed, tt.key)
		}
		must(t, j.Save(s))
		got, _ := j.State()
		if got.Overflow != tt.over || tt.over != (len(got.Failed) == 0) {
			t.Errorf("%s: overflow %v with %d keys", tt.name, got.Overflow, len(got.Failed))
		}
	}
}

func TestTooLongIsRefused(t *testing.T) {
	s := open(t, "")
	long := json.RawMessage(strings.Repeat("1", checkpoint.MaxLabel+1))
	if err := object(t, s).Begin(checkpoint.Header{Label: long}); err == nil {
		t.Error("Begin with a label past MaxLabel succeeded")
	}
	if err := job(t, s).Save(checkpoint.State{Label: long}); err == nil {
		t.Error("Save with a label past MaxLabel succeeded")
	}
	if err := object(t, open(t, "")).Add(piece(1)); err == nil {
		t.Error("Add before Begin succeeded")
	}
}

func TestClosedIsClosed(t *testing.T) {
	both(t, func(t *testing.T, s *checkpoint.Store, _ func() *checkpoint.Store) {
		o, j := object(t, s), job(t, s)
		must(t, o.Begin(header()))
		must(t, errors.Join(o.Close(), j.Remove()))
		for name, err := range map[string]error{"Begin": o.Begin(header()), "Add": o.Add(piece(1)), "Save": j.Save(checkpoint.State{})} {
			if !errors.Is(err, fs.ErrClosed) {
				t.Errorf("%s after Close: %v", name, err)
			}
		}
		must(t, o.Remove())
		if o := object(t, s); len(o.Pieces()) != 0 {
			t.Error("pieces were added after Close")
		} else if _, ok := o.Header(); !ok {
			t.Error("Remove after Close removed what Close kept")
		}
	})
}

func TestOneAtATime(t *testing.T) {
	both(t, func(t *testing.T, s *checkpoint.Store, reopen func() *checkpoint.Store) {
		o := object(t, s)
		_, err := reopen().Object(upload)
		busy, ok := errors.AsType[*checkpoint.BusyError](err)
		if !ok || busy.PID != os.Getpid() || busy.ID != upload.ID() {
			t.Errorf("second open: %v, want a BusyError of process %d", err, os.Getpid())
		}
		if err := reopen().Remove(upload.ID()); !errors.As(err, &busy) {
			t.Errorf("Remove of an open one: %v", err)
		}
		must(t, o.Close())
		must(t, object(t, reopen()).Close())
	})
}

// Everybody opens, writes, and now and then removes the same checkpoint; no two
// have it at once.
func TestOneAtATimeWhileRemoved(t *testing.T) {
	s := open(t, t.TempDir())
	var mu sync.Mutex
	holders, opened := 0, 0
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			for i := range 100 {
				o, err := s.Object(upload)
				if err != nil {
					if _, busy := errors.AsType[*checkpoint.BusyError](err); !busy {
						t.Error(err)
					}
					continue
				}
				mu.Lock()
				holders++
				opened++
				if holders != 1 {
					t.Errorf("%d have the checkpoint", holders)
				}
				mu.Unlock()
				if err := errors.Join(o.Begin(header()), o.Add(piece(i))); err != nil {
					t.Error(err)
				}
				mu.Lock()
				holders--
				mu.Unlock()
				if i%2 == 0 {
					err = o.Remove()
				} else {
					err = o.Close()
				}
				if err != nil {
					t.Error(err)
				}
			}
		})
	}
	all.Wait()
	if opened < 8 {
		t.Errorf("opened %d times; nothing was tested", opened)
	}
}

func TestConcurrentAdds(t *testing.T) {
	both(t, func(t *testing.T, s *checkpoint.Store, reopen func() *checkpoint.Store) {
		o := object(t, s)
		must(t, o.Begin(header()))
		var all sync.WaitGroup
		for w := range 8 {
			all.Go(func() {
				for i := range 100 {
					if err := o.Add(piece(w*100 + i)); err != nil {
						t.Error(err)
					}
				}
			})
		}
		for range s.List() {
		}
		all.Wait()
		must(t, o.Close())
		got := object(t, reopen()).Pieces()
		for i, p := range got {
			if p != piece(i) {
				t.Fatalf("piece %d is %+v", i, p)
			}
		}
		if len(got) != 800 {
			t.Errorf("%d pieces, want 800", len(got))
		}
	})
}

func TestDirectoryIsPrivate(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("no permission bits")
	}
	dir := filepath.Join(t.TempDir(), "state", "jobs")
	o := object(t, open(t, dir))
	must(t, o.Begin(header()))
	for path, want := range map[string]fs.FileMode{dir: 0o700, filepath.Dir(dir): 0o700, filepath.Join(dir, o.ID()+checkpoint.Suffix): 0o600} {
		info, err := os.Stat(path)
		must(t, err)
		if got := info.Mode().Perm(); got != want {
			t.Errorf("%s has mode %o, want %o", path, got, want)
		}
	}
	must(t, os.Chmod(dir, 0o777))
	if _, err := checkpoint.Open(dir); err == nil {
		t.Error("a directory that everybody may write to was opened")
	}
}

func TestList(t *testing.T) {
	both(t, func(t *testing.T, s *checkpoint.Store, reopen func() *checkpoint.Store) {
		o, j := object(t, s), job(t, s)
		must(t, o.Begin(header()))
		must(t, errors.Join(o.Add(piece(1)), o.Add(piece(2)), j.Save(checkpoint.State{Frontier: "f"})))
		must(t, o.Close())
		other := upload
		other.Key = "never begun"
		empty, err := s.Object(other)
		must(t, err)
		must(t, empty.Close())

		found := map[string]checkpoint.Info{}
		for info, err := range reopen().List() {
			must(t, err)
			found[info.ID] = info
		}
		if len(found) != 2 {
			t.Errorf("found %d checkpoints, want 2", len(found))
		}
		if i := found[o.ID()]; i.Identity != upload || i.Job || i.Header.UploadID != "up" || i.Pieces != 2 || i.Bytes != 16<<20 || i.Running || i.PID != 0 || i.Err != nil {
			t.Errorf("object: %+v", i)
		}
		if i := found[j.ID()]; i.Identity != tree || !i.Job || i.State.Frontier != "f" || !i.Running || i.PID != os.Getpid() || i.Err != nil {
			t.Errorf("job: %+v", i)
		}
		for range reopen().List() {
			break // must not go on
		}

		must(t, reopen().Remove(o.ID()))
		for _, id := range []string{o.ID(), "../" + o.ID(), "", "zzzzzzzzzzzz"} {
			if err := reopen().Remove(id); !errors.Is(err, fs.ErrNotExist) {
				t.Errorf("Remove(%q): %v, want not found", id, err)
			}
		}
	})
}

func TestListRemovesWhatACrashLeft(t *testing.T) {
	dir := t.TempDir()
	s := open(t, dir)
	running := object(t, s)
	for _, name := range []string{"000000000001" + checkpoint.Suffix, "000000000001" + checkpoint.SuffixNew} {
		must(t, os.WriteFile(filepath.Join(dir, name), nil, 0o600))
	}
	must(t, os.WriteFile(filepath.Join(dir, "note"), nil, 0o600))
	for info, err := range s.List() {
		must(t, err)
		if info.ID != running.ID() || !info.Running {
			t.Errorf("listed %+v", info)
		}
	}
	left, err := filepath.Glob(filepath.Join(dir, "*"))
	must(t, err)
	if len(left) != 2 {
		t.Errorf("left %q, want a note and the running one", left)
	}
}

func TestIdentities(t *testing.T) {
	a := checkpoint.Identity{Kind: "upload", Bucket: "ab", Key: "c"}
	b := checkpoint.Identity{Kind: "upload", Bucket: "a", Key: "bc"}
	if a.ID() == b.ID() || len(a.ID()) != 12 {
		t.Errorf("IDs %q and %q", a.ID(), b.ID())
	}
	dir := t.TempDir()
	s := open(t, dir)
	must(t, object(t, s).Begin(header()))
	if _, err := s.Job(upload); err == nil {
		t.Error("an object's checkpoint was opened as a job's")
	}
}
