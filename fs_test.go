package icos_test

import (
	"errors"
	"io"
	"io/fs"
	"net/http"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"

	"github.com/icos-go/icos"
)

func TestFS(t *testing.T) {
	b := newBucket(t)
	files := []string{"a.txt", "dir/b.txt", "dir/sub/c.txt", "dir/sub/d", "empty", "a", "a-dash", "z/deep/er/still"}
	for _, name := range files {
		data := []byte(strings.Repeat(name, 100))
		if name == "empty" {
			data = nil
		}
		put(t, b.Object(name), data)
	}
	if err := fstest.TestFS(b.FS(ctx), files...); err != nil {
		t.Error(err)
	}
	sub, err := b.FS(ctx).Sub("dir")
	if err != nil {
		t.Fatal(err)
	}
	if err := fstest.TestFS(sub, "b.txt", "sub/c.txt", "sub/d"); err != nil {
		t.Error(err)
	}
	if err := fstest.TestFS(newBucket(t).FS(ctx)); err != nil {
		t.Errorf("empty bucket: %v", err)
	}
}

func TestFSWithKeysThatAreNoPaths(t *testing.T) {
	b := newBucket(t)
	for _, key := range []string{
		"file", "marked/", "marked/file", "only-marked/", // directory markers
		"both", "both!", "both-x", "both/hidden", "both0", // a file beside a directory
		"a//b", "/rooted", "../up", "./here", "x/../y", "x/./y", "x/y", // no paths
	} {
		put(t, b.Object(key), []byte(key))
	}
	fsys := b.FS(ctx)
	want := []string{
		".", "a", "both", "both!", "both-x", "both0", "file", "marked", "marked/file", "only-marked", "x", "x/y",
	}
	var got []string
	err := fs.WalkDir(fsys, ".", func(path string, _ fs.DirEntry, err error) error {
		got = append(got, path)
		return err
	})
	if diff := cmp.Diff(want, got); diff != "" || err != nil {
		t.Errorf("walked %v (-want +got):\n%s", err, diff)
	}
	if err := fstest.TestFS(fsys, "both", "marked/file", "x/y"); err != nil {
		t.Error(err)
	}
	// What the walk does not come to can be had by its name.
	if data, err := fs.ReadFile(fsys, "both/hidden"); string(data) != "both/hidden" || err != nil {
		t.Errorf("ReadFile: %q, %v", data, err)
	}
	if info, err := fs.Stat(fsys, "both"); err != nil || info.IsDir() {
		t.Errorf("Stat: %v, %v", info, err)
	}
	if info, err := fs.Stat(fsys, "only-marked"); err != nil || !info.IsDir() {
		t.Errorf("Stat: %v, %v", info, err)
	}
}

func TestFSErrors(t *testing.T) {
	b := newBucket(t)
	put(t, b.Object("dir/file"), []byte("text"))
	fsys := b.FS(ctx)
	tests := map[string]struct {
		do   func() error
		want error
	}{
		"open nothing":     {func() error { _, err := fsys.Open("nothing"); return err }, fs.ErrNotExist},
		"open no path":     {func() error { _, err := fsys.Open("/dir"); return err }, fs.ErrInvalid},
		"stat nothing":     {func() error { _, err := fsys.Stat("dir/nothing"); return err }, fs.ErrNotExist},
		"stat no path":     {func() error { _, err := fsys.Stat("dir/"); return err }, fs.ErrInvalid},
		"read nothing":     {func() error { _, err := fsys.ReadFile("nothing"); return err }, fs.ErrNotExist},
		"read no path":     {func() error { _, err := fsys.ReadFile(""); return err }, fs.ErrInvalid},
		"read a directory": {func() error { _, err := fsys.ReadFile("dir"); return err }, nil},
		"read the root":    {func() error { _, err := fsys.ReadFile("."); return err }, nil},
		"list nothing":     {func() error { _, err := fsys.ReadDir("nothing"); return err }, fs.ErrNotExist},
		"list no path":     {func() error { _, err := fsys.ReadDir("../dir"); return err }, fs.ErrInvalid},
		"list a file":      {func() error { _, err := fsys.ReadDir("dir/file"); return err }, nil},
		"sub of no path":   {func() error { _, err := fsys.Sub("../dir"); return err }, fs.ErrInvalid},
		"no such bucket":   {func() error { _, err := client.Bucket("no-such-bucket").FS(ctx).ReadDir("."); return err }, fs.ErrNotExist},
		"file read when closed": {func() error {
			f, err := fsys.Open("dir/file")
			if err != nil {
				return nil
			}
			_, err = f.Read(make([]byte, 1))
			return errors.Join(err, f.Close(), func() error { _, err := f.Read(make([]byte, 1)); return err }())
		}, fs.ErrClosed},
	}
	for name, test := range tests {
		err := test.do()
		if err == nil || test.want != nil && !errors.Is(err, test.want) {
			t.Errorf("%s: %v, want %v", name, err, test.want)
		}
	}
}

func TestFSReadsDirectoriesInPieces(t *testing.T) {
	b := newBucket(t)
	var want []string
	for _, name := range []string{"a", "b/x", "c", "d/x", "e", "f/x", "g"} {
		put(t, b.Object(name), nil)
		want = append(want, strings.TrimSuffix(name, "/x"))
	}
	f, err := b.FS(ctx).Open(".")
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for {
		entries, err := f.(fs.ReadDirFile).ReadDir(3)
		for _, e := range entries {
			got = append(got, e.Name())
		}
		if err == io.EOF {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	slices.Sort(got)
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("entries (-want +got):\n%s", diff)
	}
	if err := f.Close(); err != nil {
		t.Error(err)
	}
	if _, err := f.(fs.ReadDirFile).ReadDir(1); !errors.Is(err, fs.ErrClosed) {
		t.Errorf("ReadDir after Close: %v", err)
	}
}

// Opening and reading a file is one request; nothing is asked twice.
func TestFSIsFrugal(t *testing.T) {
	b := newBucket(t)
	put(t, b.Object("dir/file"), []byte("text"))
	p := &proxy{}
	fsys := through(t, p, b).FS(ctx)
	for name, do := range map[string]func() error{
		"ReadFile": func() error { _, err := fsys.ReadFile("dir/file"); return err },
		"Stat":     func() error { _, err := fsys.Stat("dir/file"); return err },
		"ReadDir":  func() error { _, err := fsys.ReadDir("dir"); return err },
		"Open and read": func() error {
			f, err := fsys.Open("dir/file")
			if err != nil {
				return err
			}
			defer f.Close()
			_, err = io.ReadAll(f)
			return err
		},
	} {
		before := len(p.all())
		if err := do(); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if got := len(p.all()) - before; got != 1 {
			t.Errorf("%s made %d requests, want 1", name, got)
		}
	}
}

func TestFSServesHTTP(t *testing.T) {
	b := newBucket(t)
	put(t, b.Object("page.html"), []byte("<p>hello</p>"))
	f, err := http.FS(b.FS(ctx)).Open("/page.html")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if end, err := f.Seek(-5, io.SeekEnd); end != 7 || err != nil {
		t.Errorf("Seek = %d, %v", end, err)
	}
	if rest, err := io.ReadAll(f); string(rest) != "o</p>" || err != nil {
		t.Errorf("rest is %q, %v", rest, err)
	}
}

var _ fs.FS = (*icos.FS)(nil)
