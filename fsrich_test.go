package icos_test

import (
	"bytes"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
)

// richKeys are of every kind that a bucket holds: files at several depths, names that
// programs stumble over, markers of directories, names that are both a file and a
// directory, and keys that no file system has a place for.
var richKeys = []string{
	"top", "with space", "ünï/日本/😀", "dots/..hidden", "dots/...", "dots/a..b", "deep/1/2/3/4/5/6/7/8/9/end",
	"siblings/a", "siblings/a-", "siblings/a.", "siblings/a0", "siblings/aa/b", "siblings/b", // around a slash in byte order
	"marked/", "marked/inner/", "marked/inner/file", "empty/", "empty/nested/", // markers
	"both", "both/file", "both/deeper/file", "chain", "chain/chain", "chain/chain/chain", // files and directories
	"a//b", "/rooted", "../up", "x/../y", "x/./y", "x/y", "trailing//", // no paths
	strings.Repeat("long/", 100) + "name", "case", "Case",
}

// richFiles are what fs.WalkDir must come to of richKeys.
var richFiles = []string{
	"top", "with space", "ünï/日本/😀", "dots/..hidden", "dots/...", "dots/a..b", "deep/1/2/3/4/5/6/7/8/9/end",
	"siblings/a", "siblings/a-", "siblings/a.", "siblings/a0", "siblings/aa/b", "siblings/b",
	"marked/inner/file", "both", "chain", "x/y", strings.Repeat("long/", 100) + "name", "case", "Case",
}

func TestFSOfRichBucket(t *testing.T) {
	b := newBucket(t)
	for i, key := range richKeys {
		put(t, b.Object(key), bytes.Repeat([]byte(key), i%3*100))
	}
	wantTree(t, b.FS(ctx), richFiles, "marked", "empty", "empty/nested", "trailing", "a")
	for dir, file := range map[string]string{
		"ünï": "日本/😀", "deep/1/2": "3/4/5/6/7/8/9/end", "siblings": "aa/b", "marked": "inner/file", "both": "deeper/file", "chain": "chain",
	} {
		sub, err := b.FS(ctx).Sub(dir)
		if err != nil {
			t.Fatal(err)
		}
		if err := fstest.TestFS(sub, file); err != nil {
			t.Errorf("%s: %v", dir, err)
		}
	}
}

// A file system of a bucket with versions shows the latest, and nothing of what is
// deleted.
func TestFSOfVersions(t *testing.T) {
	b := newBucket(t)
	put(t, b.Object("before"), []byte("unversioned"))
	if err := b.SetVersioning(ctx, true); err != nil {
		t.Fatal(err)
	}
	for i := range 3 {
		for _, key := range []string{"file", "dir/file", "dir/deleted", "gone/a/b", "was/", "both", "both/file"} {
			put(t, b.Object(key), fmt.Appendf(nil, "%s %d", key, i))
		}
	}
	for _, key := range []string{"dir/deleted", "gone/a/b", "was/", "both"} {
		if err := b.Object(key).Delete(ctx); err != nil {
			t.Fatal(err)
		}
	}
	fsys := b.FS(ctx)
	wantTree(t, fsys, []string{"before", "file", "dir/file", "both/file"})
	if data, err := fs.ReadFile(fsys, "dir/file"); string(data) != "dir/file 2" || err != nil {
		t.Errorf("dir/file is %q, %v, want the latest version", data, err)
	}
	for _, name := range []string{"dir/deleted", "gone", "gone/a", "was"} {
		if _, err := fs.Stat(fsys, name); err == nil {
			t.Errorf("%s is there", name)
		}
	}
}

// A directory of more entries than a page has is listed to its end.
func TestFSOfLargeDirectory(t *testing.T) {
	b := newBucket(t)
	var want []string
	for i := range 1001 {
		want = append(want, fmt.Sprintf("many/%04d", i))
		put(t, b.Object(want[i]), nil)
	}
	entries, err := b.FS(ctx).ReadDir("many")
	if err != nil || len(entries) != len(want) {
		t.Fatalf("%d entries, %v, want %d", len(entries), err, len(want))
	}
	for i, e := range entries {
		if "many/"+e.Name() != want[i] {
			t.Errorf("entry %d is %s, want %s", i, e.Name(), want[i])
		}
	}
}

// wantTree checks that fsys behaves, and that walking it comes to these files and
// directories: those of the files, and some more.
func wantTree(t *testing.T, fsys fs.FS, files []string, dirs ...string) {
	t.Helper()
	if err := fstest.TestFS(fsys, files...); err != nil {
		t.Error(err)
	}
	want := map[string]bool{".": true}
	for _, name := range slices.Concat(files, dirs) {
		for ; name != "."; name = path.Dir(name) {
			want[name] = true
		}
	}
	err := fs.WalkDir(fsys, ".", func(name string, _ fs.DirEntry, err error) error {
		if !want[name] {
			t.Errorf("walking came to %q", name)
		}
		delete(want, name)
		return err
	})
	if err != nil {
		t.Error(err)
	}
	for name := range want {
		t.Errorf("walking did not come to %q", name)
	}
}
