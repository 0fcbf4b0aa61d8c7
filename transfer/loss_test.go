package transfer_test

import (
	"context"
	"errors"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/icos-go/icos"
	"github.com/icos-go/icos/icostest"
	"github.com/icos-go/icos/transfer"
	"github.com/icos-go/icos/transfer/filter"
)

// TestObjectIsNotMovedOntoItself copies an object to where it is, which a service does if
// its attributes change, and must not remove it after that.
func TestObjectIsNotMovedOntoItself(t *testing.T) {
	b := bucket(t, nil)
	o := b.Object("a")
	put(t, o, []byte("precious"))
	m := manager(t, b.Client(), nil)
	_, _, err := do(t, m, transfer.Copy{
		From: o, To: b.Client().Bucket(b.Name()).Object("a"), Move: true,
		Options: icos.CopyOptions{Attributes: &icos.PutOptions{ContentType: "text/plain"}},
	})
	if err == nil {
		t.Error("moving an object onto itself was no error")
	}
	if diff := cmp.Diff(map[string]string{"a": "precious"}, stored(t, b)); diff != "" {
		t.Error(diff)
	}
}

// TestMovedTreeIsNotMirrored runs a Sync twice that removes what it has copied from the
// source: to delete from the target what the source lacks would be to delete that.
func TestMovedTreeIsNotMirrored(t *testing.T) {
	b := bucket(t, nil)
	dir := t.TempDir()
	write(t, dir, map[string]string{"a": "1", "b": "2"})
	m := manager(t, b.Client(), nil)
	w := transfer.Sync{
		From: transfer.Tree{Dir: dir}, To: transfer.Tree{Bucket: b}, Compare: transfer.Auto, Move: true, Delete: true,
		Confirm: func(transfer.DeletePlan) error { return nil },
	}
	if _, _, err := do(t, m, w); err == nil {
		write(t, dir, map[string]string{"c": "3"})
		_, _, _ = do(t, m, w) // what remains counts
		if diff := cmp.Diff(map[string]string{"a": "1", "b": "2", "c": "3"}, stored(t, b)); diff != "" {
			t.Error(diff)
		}
	}
}

// replacing replaces an object once a request for path has been answered.
type replacing struct {
	http.Handler
	method, path string
	once         sync.Once
	replace      func()
}

func (h *replacing) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.Method == h.method && r.URL.Path == h.path {
		h.Handler.ServeHTTP(w, r)
		h.once.Do(h.replace)
		return
	}
	h.Handler.ServeHTTP(w, r)
}

// TestMovedObjectIsStillThatOne has an object replaced between its copy and its removal: what
// replaced it was never copied.
func TestMovedObjectIsStillThatOne(t *testing.T) {
	h := &replacing{path: "/none"}
	b := bucket(t, &icostest.Options{Wrap: func(next http.Handler) http.Handler { h.Handler = next; return h }})
	m := manager(t, b.Client(), nil)
	// Whole paths: what other cases leave behind, such as to/a, ends in /a as well.
	path := func(o *icos.Object) string { return "/" + b.Name() + "/" + o.Key() }
	for name, test := range map[string]struct {
		method string
		work   transfer.Work
	}{
		"download": {http.MethodGet, transfer.Download{From: b.Object("a"), Path: filepath.Join(t.TempDir(), "a"), Move: true}},
		"tree": {http.MethodGet, transfer.Sync{
			From: transfer.Tree{Bucket: b}, To: transfer.Tree{Dir: t.TempDir()}, Move: true,
		}},
		"copy":        {http.MethodPut, transfer.Copy{From: b.Object("a"), To: b.Object("to/copy"), Move: true}},
		"tree across": {http.MethodPut, transfer.Sync{From: transfer.Tree{Bucket: b, Prefix: "from/"}, To: transfer.Tree{Bucket: b, Prefix: "to/"}, Move: true}},
	} {
		t.Run(name, func(t *testing.T) {
			from := b.Object("a")
			if s, ok := test.work.(transfer.Sync); ok {
				from = b.Object(s.From.Prefix + "a")
			}
			h.path, h.method, h.once = "/none", "", sync.Once{}
			put(t, from, []byte("old"))
			h.replace = func() { put(t, from, []byte("new")) }
			h.method, h.path = test.method, path(from)
			if test.method == http.MethodPut {
				h.path = path(b.Object("to/a"))
				if c, ok := test.work.(transfer.Copy); ok {
					h.path = path(c.To)
				}
			}
			_, _, err := do(t, m, test.work)
			if !errors.Is(err, icos.ErrChanged) {
				t.Errorf("error is %v, want one that is ErrChanged", err)
			}
			if got := string(get(t, from)); got != "new" {
				t.Errorf("source has %q, want what replaced it", got)
			}
			h.path = "/none"
			if err := from.Delete(t.Context()); err != nil {
				t.Fatal(err)
			}
		})
	}
}

// TestMissingObjectLeavesNothing fetches a large object that is gone by the time it is asked for.
func TestMissingObjectLeavesNothing(t *testing.T) {
	gone := &gone{}
	b := bucket(t, &icostest.Options{Wrap: func(next http.Handler) http.Handler { gone.Handler = next; return gone }})
	put(t, b.Object("a"), make([]byte, 6<<20))
	dir := filepath.Join(t.TempDir(), "new")
	m := manager(t, b.Client(), &transfer.Options{Threshold: 5 << 20, StateDir: t.TempDir()})
	gone.now = true
	if err := m.DownloadDir(t.Context(), b, "", dir).Wait(t.Context()); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("error is %v, want one that is ErrNotExist", err)
	}
	if got := read(t, dir); len(got) > 0 {
		t.Errorf("left behind: %d files", len(got))
	}
}

// gone answers that there is no such object.
type gone struct {
	http.Handler
	now bool
}

func (g *gone) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if g.now && strings.HasSuffix(r.URL.Path, "/a") {
		w.WriteHeader(http.StatusNotFound)
		return
	}
	g.Handler.ServeHTTP(w, r)
}

// TestSameDownloadTwice fetches an object to the same file twice at once.
func TestSameDownloadTwice(t *testing.T) {
	b := bucket(t, nil)
	put(t, b.Object("a"), fill(1, 300<<10))
	m := manager(t, b.Client(), nil)
	path := filepath.Join(t.TempDir(), "a")
	for range 20 {
		var all []*transfer.Transfer
		for range 4 {
			all = append(all, m.Download(t.Context(), b.Object("a"), path))
		}
		for _, tr := range all {
			if err := tr.Wait(t.Context()); err != nil && !errors.Is(err, transfer.ErrBusy) {
				t.Fatal(err)
			}
		}
	}
	if got := read(t, filepath.Dir(path)); len(got) != 1 || got["a"] != string(fill(1, 300<<10)) {
		t.Errorf("%d files", len(got))
	}
}

// TestLinksOfTheTargetStay deletes files but not links that somebody made in the target.
func TestLinksOfTheTargetStay(t *testing.T) {
	b := bucket(t, nil)
	put(t, b.Object("a"), []byte("1"))
	dir := t.TempDir()
	write(t, dir, map[string]string{"more": "2"})
	link := filepath.Join(dir, "link")
	if err := os.Symlink(file(t, 1, 10), link); err != nil {
		t.Fatal(err)
	}
	m := manager(t, b.Client(), nil)
	if _, _, err := do(t, m, transfer.Sync{From: transfer.Tree{Bucket: b}, To: transfer.Tree{Dir: dir}, Compare: transfer.Auto, Delete: true}); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Lstat(filepath.Join(dir, "more")); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("a file that the source lacks: %v", err)
	}
	if _, err := os.Lstat(link); err != nil {
		t.Error(err)
	}
}

// TestJobOfAnotherServiceIsNotForgotten removes a job with the client of another service, which of
// course does not know its upload.
func TestJobOfAnotherServiceIsNotForgotten(t *testing.T) {
	b, other := bucket(t, nil), bucket(t, nil)
	state := t.TempDir()
	m, err := transfer.NewManager(b.Client(), &transfer.Options{StateDir: state, Threshold: 5 << 20, PartSize: 5 << 20, Rate: 4 << 20})
	if err != nil {
		t.Fatal(err)
	}
	begun := make(chan struct{})
	var once sync.Once
	ctx, cancel := context.WithCancel(t.Context())
	tr := m.Upload(ctx, file(t, 1, 12<<20), b.Object("a"), transfer.Observer{Progress: func(_ *transfer.Transfer, p transfer.Progress) {
		if p.Bytes > 0 {
			once.Do(func() { close(begun) })
		}
	}})
	<-begun
	cancel()
	_ = m.Close()
	if n := uploads(t, b); n != 1 {
		t.Fatalf("%d uploads, want 1", n)
	}
	if err := transfer.RemoveJob(t.Context(), state, tr.ID(), other.Client()); err == nil {
		t.Error("no error from a client that cannot abort the upload")
	}
	if err := transfer.RemoveJob(t.Context(), state, tr.ID(), b.Client()); err != nil {
		t.Error(err)
	}
	if n := uploads(t, b); n != 0 {
		t.Errorf("%d uploads are left", n)
	}
}

// TestMoveLeavesWhatIsExcluded moves a directory in which the filter excludes an empty one.
func TestMoveLeavesWhatIsExcluded(t *testing.T) {
	b := bucket(t, nil)
	dir := t.TempDir()
	write(t, dir, map[string]string{"a": "1", "b/c": "2"})
	for _, name := range []string{"b/keep", "gone"} {
		if err := os.MkdirAll(filepath.Join(dir, name), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	rules, err := filter.New("keep/")
	if err != nil {
		t.Fatal(err)
	}
	if _, _, err := do(t, manager(t, b.Client(), nil), transfer.Sync{From: transfer.Tree{Dir: dir}, To: transfer.Tree{Bucket: b}, Move: true, Filter: rules}); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(filepath.Join(dir, "b/keep")); err != nil {
		t.Error(err)
	}
	if _, err := os.Stat(filepath.Join(dir, "gone")); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("a directory that was moved: %v", err)
	}
}

// TestJobIsKeptForItsParts stops a sync, goes on and stops it again at once. Its parts in the
// service must not be forgotten.
func TestJobIsKeptForItsParts(t *testing.T) {
	var blocked atomic.Bool
	listed := make(chan struct{}, 100)
	b := bucket(t, &icostest.Options{Wrap: func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if blocked.Load() && r.URL.Query().Has("list-type") {
				listed <- struct{}{}
				<-r.Context().Done()
				return
			}
			next.ServeHTTP(w, r)
		})
	}})
	dir, state := t.TempDir(), t.TempDir()
	write(t, dir, map[string]string{"large": string(fill(1, 12<<20))})
	o := transfer.Options{StateDir: state, Threshold: 5 << 20, PartSize: 5 << 20, Rate: 4 << 20}
	w := transfer.Sync{From: transfer.Tree{Dir: dir}, To: transfer.Tree{Bucket: b, Prefix: "p/"}, Compare: transfer.Auto}
	m := manager(t, b.Client(), &o)
	half, reached := ticker(4 << 20)
	m.Start(t.Context(), w, half)
	<-reached
	if err := m.Close(); err != nil {
		t.Fatal(err)
	}
	if n := uploads(t, b); n != 1 {
		t.Fatalf("%d uploads, want 1", n)
	}
	blocked.Store(true)
	m = manager(t, b.Client(), &o)
	m.Start(t.Context(), w)
	<-listed
	if err := m.Close(); err != nil {
		t.Fatal(err)
	}
	blocked.Store(false)
	if n, list := uploads(t, b), jobs(t, state); n != 1 || len(list) != 1 || list[0].Kind != "sync" {
		t.Errorf("%d uploads and the jobs %+v, want one and the sync", n, list)
	}
}

// TestJobsOfTwoServicesAreTwo has a bucket of the same name in two services: what was done for
// one of them says nothing about the other.
func TestJobsOfTwoServicesAreTwo(t *testing.T) {
	b, to := bucket(t, nil), bucket(t, nil)
	other := icostest.NewServer(t, nil).Client().Bucket(b.Name())
	if err := other.Create(t.Context(), nil); err != nil {
		t.Fatal(err)
	}
	m := manager(t, b.Client(), nil)
	var ids []string
	for _, from := range []*icos.Bucket{b, other} {
		_, tr, err := do(t, m, transfer.Sync{From: transfer.Tree{Bucket: from}, To: transfer.Tree{Bucket: to}, DryRun: true})
		if err != nil {
			t.Fatal(err)
		}
		ids = append(ids, tr.ID())
	}
	if ids[0] == ids[1] {
		t.Errorf("both have the ID %s", ids[0])
	}
}
