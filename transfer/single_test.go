package transfer_test

import (
	"bytes"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"github.com/icos-go/icos"
	"github.com/icos-go/icos/icostest"
	"github.com/icos-go/icos/transfer"
)

// sizes of objects: in one request and in parts.
var sizes = []struct {
	name string
	n    int
}{
	{"empty", 0},
	{"small", 4 << 10},
	{"whole", 1 << 20},
	{"parts", 20<<20 + 17},
}

func TestUploadAndDownload(t *testing.T) {
	b := bucket(t, nil)
	for _, size := range sizes {
		t.Run(size.name, func(t *testing.T) {
			m := manager(t, b.Client(), nil)
			content := fill(2, size.n)
			up := m.Upload(t.Context(), file(t, 2, size.n), b.Object(size.name+".txt"))
			if err := up.Wait(t.Context()); err != nil {
				t.Fatal(err)
			}
			if got := get(t, b.Object(size.name+".txt")); !bytes.Equal(got, content) {
				t.Fatal("the object is not what the file is")
			}
			info, err := b.Object(size.name + ".txt").Stat(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			if want := "text/plain; charset=utf-8"; info.ContentType != want {
				t.Errorf("content type is %q, want %q", info.ContentType, want)
			}

			path := filepath.Join(t.TempDir(), "down")
			down := m.Download(t.Context(), b.Object(size.name+".txt"), path)
			if err := down.Wait(t.Context()); err != nil {
				t.Fatal(err)
			}
			got, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			if !bytes.Equal(got, content) {
				t.Fatal("the file is not what the object is")
			}
			stat, err := os.Stat(path)
			if err != nil {
				t.Fatal(err)
			}
			if !stat.ModTime().Equal(info.ModTime) {
				t.Errorf("the file is of %v, the object of %v", stat.ModTime(), info.ModTime)
			}
			for _, tr := range []*transfer.Transfer{up, down} {
				p, r := tr.Progress(), tr.Report()
				if p.Bytes != int64(size.n) || p.Total != int64(size.n) || p.Objects != 1 || p.ObjectsTotal != 1 {
					t.Errorf("%s: progress is %+v", tr, p)
				}
				if r.Sent != int64(size.n) || r.Bytes != int64(size.n) || r.Verified != 1 || r.Unverified != 0 {
					t.Errorf("%s: report is %+v", tr, r)
				}
			}
			if left, err := os.ReadDir(filepath.Dir(path)); err != nil || len(left) != 1 {
				t.Errorf("beside the file there is %v, %v", left, err)
			}
		})
	}
}

func TestUploadReader(t *testing.T) {
	b := bucket(t, nil)
	m := manager(t, b.Client(), nil)
	for _, size := range sizes {
		content := fill(3, size.n)
		var items []transfer.Item
		tr := m.UploadReader(t.Context(), iotest.OneByteReader(bytes.NewReader(content[:min(len(content), 1<<20)])), b.Object("stream"),
			transfer.Observer{Item: func(_ *transfer.Transfer, it transfer.Item) { items = append(items, it) }})
		if err := tr.Wait(t.Context()); err != nil {
			t.Fatal(err)
		}
		if got := get(t, b.Object("stream")); !bytes.Equal(got, content[:min(len(content), 1<<20)]) {
			t.Errorf("%s: the object is not what was read", size.name)
		}
		if len(items) != 1 || items[0].Op != transfer.Copied || items[0].Bytes != int64(min(size.n, 1<<20)) {
			t.Errorf("%s: items are %+v", size.name, items)
		}
	}
	content := fill(4, 30<<20)
	tr := m.UploadReader(t.Context(), io.MultiReader(bytes.NewReader(content)), b.Object("long"))
	if err := tr.Wait(t.Context()); err != nil {
		t.Fatal(err)
	}
	if got := get(t, b.Object("long")); !bytes.Equal(got, content) {
		t.Error("the object is not what was read")
	}
	if p := tr.Progress(); p.Bytes != 30<<20 || p.Total != 30<<20 {
		t.Errorf("progress is %+v", p)
	}

	broken := errors.New("broken")
	tr = m.UploadReader(t.Context(), io.MultiReader(bytes.NewReader(content), iotest.ErrReader(broken)), b.Object("broken"))
	if err := tr.Wait(t.Context()); !errors.Is(err, broken) {
		t.Errorf("Wait = %v, want what the reader said", err)
	}
	if n := uploads(t, b); n != 0 {
		t.Errorf("%d uploads are left", n)
	}
}

func TestStreamCannotBePaused(t *testing.T) {
	b := bucket(t, nil)
	m := manager(t, b.Client(), nil)
	r, w := io.Pipe()
	tr := m.UploadReader(t.Context(), r, b.Object("stream"))
	if _, err := w.Write([]byte("hello")); err != nil {
		t.Fatal(err)
	}
	if err := tr.Pause(); !errors.Is(err, transfer.ErrStream) || !errors.Is(err, errors.ErrUnsupported) {
		t.Errorf("Pause = %v", err)
	}
	w.Close()
	if err := tr.Wait(t.Context()); err != nil {
		t.Fatal(err)
	}
}

func TestWhatCannotBeDone(t *testing.T) {
	b := bucket(t, nil)
	m := manager(t, b.Client(), nil)
	dir := t.TempDir()
	small := file(t, 1, 10)
	for _, test := range []struct {
		name string
		work transfer.Work
		is   error  // nil: any
		says string // part of the error
	}{
		{"nothing", nil, nil, "no work"},
		{"no file", transfer.Upload{Path: filepath.Join(dir, "missing"), To: b.Object("k")}, fs.ErrNotExist, "open source"},
		{"directory as file", transfer.Upload{Path: dir, To: b.Object("k")}, nil, "not a regular file"},
		{"no target", transfer.Upload{Path: small}, nil, "no object"},
		{"no reader", transfer.Stream{To: b.Object("k")}, nil, "no reader"},
		{"no source", transfer.Download{Path: small}, nil, "no object"},
		{"no such object", transfer.Download{From: b.Object("missing"), Path: filepath.Join(dir, "f")}, fs.ErrNotExist, ""},
		{"no such directory", transfer.Download{From: b.Object("k"), Path: filepath.Join(dir, "no", "f")}, fs.ErrNotExist, ""},
		{"nothing to copy", transfer.Copy{From: b.Object("missing"), To: b.Object("k")}, fs.ErrNotExist, ""},
		{"two directories", transfer.Sync{From: transfer.Tree{Dir: dir}, To: transfer.Tree{Dir: t.TempDir()}}, nil, "both trees are directories"},
		{"half a tree", transfer.Sync{From: transfer.Tree{Dir: dir}}, nil, "neither"},
		{"two trees in one", transfer.Sync{From: transfer.Tree{Dir: dir}, To: transfer.Tree{Dir: dir, Bucket: b}}, nil, "both a directory and"},
		{"no source directory", transfer.Sync{From: transfer.Tree{Dir: dir + "x"}, To: transfer.Tree{Bucket: b}}, fs.ErrNotExist, "open source"},
		{"no target bucket", transfer.Sync{From: transfer.Tree{Dir: dir}, To: transfer.Tree{Bucket: b.Client().Bucket("missing-bucket")}}, fs.ErrNotExist, "open target"},
		{"into itself", transfer.Sync{From: transfer.Tree{Bucket: b, Prefix: "a/"}, To: transfer.Tree{Bucket: b, Prefix: "a/b/"}}, nil, "overlap"},
		{"unknown compare", transfer.Sync{From: transfer.Tree{Dir: dir}, To: transfer.Tree{Bucket: b}, Compare: 99}, nil, "unknown way"},
	} {
		err := m.Start(t.Context(), test.work).Wait(t.Context())
		if err == nil || test.is != nil && !errors.Is(err, test.is) || !strings.Contains(err.Error(), test.says) {
			t.Errorf("%s: %v, want %v with %q", test.name, err, test.is, test.says)
		}
	}
}

func TestOptionsAreChecked(t *testing.T) {
	for _, o := range []transfer.Options{
		{PartSize: -1},
		{PartSize: 1 << 20},
		{PartSize: 6 << 30},
		{Threshold: -1},
		{Concurrency: -1},
		{Connections: -1},
		{Memory: -1},
		{Rate: -1},
		{Label: make([]byte, 1<<20)},
	} {
		if m, err := transfer.NewManager(offline(t), &o); err == nil {
			m.Close()
			t.Errorf("NewManager(%+v) = nil error", o)
		}
	}
}

func TestNoClobber(t *testing.T) {
	b := bucket(t, nil)
	put(t, b.Object("k"), []byte("object"))
	m := manager(t, b.Client(), nil)
	path := file(t, 1, 10)
	var items []transfer.Item
	tr := m.Start(t.Context(), transfer.Download{From: b.Object("k"), Path: path, NoClobber: true},
		transfer.Observer{Item: func(_ *transfer.Transfer, it transfer.Item) { items = append(items, it) }})
	if err := tr.Wait(t.Context()); err != nil {
		t.Fatal(err)
	}
	if got, err := os.ReadFile(path); err != nil || !bytes.Equal(got, fill(1, 10)) {
		t.Errorf("the file became %q, %v", got, err)
	}
	if len(items) != 1 || items[0].Op != transfer.Skipped || items[0].Reason == "" || tr.Progress().Skipped != 1 {
		t.Errorf("items are %+v, progress %+v", items, tr.Progress())
	}
}

func TestPreserve(t *testing.T) {
	b := bucket(t, nil)
	m := manager(t, b.Client(), nil)
	path := file(t, 1, 10)
	when := time.Date(2001, 2, 3, 4, 5, 6, 789_000_000, time.UTC)
	if err := os.Chtimes(path, when, when); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(path, 0o640); err != nil {
		t.Fatal(err)
	}
	keep := transfer.Preserve{ModTime: true, Mode: true}
	if err := m.Start(t.Context(), transfer.Upload{
		Path: path, To: b.Object("k"), Preserve: keep,
		Put: icos.PutOptions{Metadata: map[string]string{"colour": "red"}},
	}).Wait(t.Context()); err != nil {
		t.Fatal(err)
	}
	info, err := b.Object("k").Stat(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if info.Metadata["colour"] != "red" || info.Metadata["mtime"] == "" || info.Metadata["mode"] == "" {
		t.Errorf("metadata is %v", info.Metadata)
	}
	down := filepath.Join(t.TempDir(), "f")
	if err := m.Start(t.Context(), transfer.Download{From: b.Object("k"), Path: down, Preserve: keep}).Wait(t.Context()); err != nil {
		t.Fatal(err)
	}
	stat, err := os.Stat(down)
	if err != nil {
		t.Fatal(err)
	}
	if !stat.ModTime().Equal(when) || stat.Mode().Perm() != 0o640 {
		t.Errorf("the file is of %v with mode %v", stat.ModTime(), stat.Mode())
	}
}

func TestMoveOne(t *testing.T) {
	b := bucket(t, nil)
	m := manager(t, b.Client(), nil)
	path := file(t, 1, 100)
	for _, w := range []transfer.Work{
		transfer.Upload{Path: path, To: b.Object("one"), Move: true},
		transfer.Copy{From: b.Object("one"), To: b.Object("two"), Move: true},
		transfer.Download{From: b.Object("two"), Path: path, Move: true},
	} {
		var items []transfer.Item
		if err := m.Start(t.Context(), w, transfer.Observer{Item: func(_ *transfer.Transfer, it transfer.Item) {
			items = append(items, it)
		}}).Wait(t.Context()); err != nil {
			t.Fatal(err)
		}
		if len(items) != 1 || items[0].Op != transfer.Moved || items[0].Bytes != 100 {
			t.Errorf("items are %+v", items)
		}
	}
	if got := stored(t, b); len(got) != 0 {
		t.Errorf("objects are left: %v", got)
	}
	if got, err := os.ReadFile(path); err != nil || !bytes.Equal(got, fill(1, 100)) {
		t.Errorf("the file is %q, %v", got, err)
	}
}

// TestCopyBetweenAccounts copies from an account to one that may not read it: the
// bytes pass through this machine.
func TestCopyBetweenAccounts(t *testing.T) {
	cos := icostest.NewServer(t)
	from := cos.Client().Bucket("one-account")
	if err := from.Create(t.Context(), nil); err != nil {
		t.Fatal(err)
	}
	content := fill(5, 12<<20)
	if _, err := from.Object("k").Put(t.Context(), bytes.NewReader(content), &icos.PutOptions{
		ContentType: "text/x-test", Metadata: map[string]string{"colour": "red"},
	}); err != nil {
		t.Fatal(err)
	}
	to := icostest.NewServer(t).Client().Bucket("other-account")
	if err := to.Create(t.Context(), nil); err != nil {
		t.Fatal(err)
	}
	m := manager(t, cos.Client(), nil)
	if err := m.Copy(t.Context(), from.Object("k"), to.Object("k")).Wait(t.Context()); err != nil {
		t.Fatal(err)
	}
	if got := get(t, to.Object("k")); !bytes.Equal(got, content) {
		t.Error("the copy is not what the source is")
	}
	info, err := to.Object("k").Stat(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if info.ContentType != "text/x-test" || info.Metadata["colour"] != "red" {
		t.Errorf("the copy has %q and %v", info.ContentType, info.Metadata)
	}
	tree := m.Start(t.Context(), transfer.Sync{From: transfer.Tree{Bucket: from}, To: transfer.Tree{Bucket: to, Prefix: "tree/"}})
	if err := tree.Wait(t.Context()); err != nil {
		t.Fatal(err)
	}
	if got := get(t, to.Object("tree/k")); !bytes.Equal(got, content) {
		t.Error("the copy in a tree is not what the source is")
	}
}
