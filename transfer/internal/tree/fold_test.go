package tree_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// What is asked where a file system says that a name exists which is there in
// other letters.
func TestCheckSpelling(t *testing.T) {
	dir := t.TempDir()
	write(t, dir, "Name", "Ünï", "both", "BOTH")
	r := openRoot(t, dir)
	if err := r.CheckSpelling("name"); err != nil && !r.FoldsCase() {
		t.Errorf("where case counts: %v", err)
	}
	r.FoldCase()
	for name, other := range map[string]string{"Name": "", "name": "Name", "NAME": "Name", "üNÏ": "Ünï", "both": "", "Both": "o", "missing": ""} {
		for range 2 { // the second time from memory
			err := r.CheckSpelling(name)
			if (err != nil) != (other != "") || err != nil && !strings.Contains(err.Error(), other) {
				t.Errorf("CheckSpelling(%q): %v, want %q to be in the way", name, err, other)
			}
		}
	}
}

// Both keys end where one of them was, and only one of them may.
func TestKeysThatDifferInCase(t *testing.T) {
	dir := t.TempDir()
	r := openRoot(t, dir)
	if !r.FoldsCase() {
		t.Skip("case counts on this file system")
	}
	check(t, put(r, "A/File", "1"))
	for _, key := range []string{"A/FILE", "a/File", "a/other"} {
		if err := put(r, key, "2"); err == nil {
			t.Errorf("%s replaced A/File", key)
		}
	}
	check(t, put(r, "A/File", "again"))
	p, err := r.Partial("x", "")
	check(t, err)
	q, err := r.Partial("X", "")
	check(t, err)
	if err, err2 := p.Commit(time.Time{}, nil), q.Commit(time.Time{}, nil); (err == nil) == (err2 == nil) {
		t.Errorf("x: %v, X: %v; want one of them refused", err, err2)
	}
	check(t, errors.Join(p.Abandon(), q.Abandon()))
	if b, err := os.ReadFile(filepath.Join(dir, "A", "File")); err != nil || string(b) != "again" {
		t.Errorf("A/File holds %q, %v", b, err)
	}
}

// A file system that is believed to fold case still takes all names that do not
// collide.
func TestFoldingDoesNotGetInTheWay(t *testing.T) {
	dir := t.TempDir()
	r := openRoot(t, dir)
	r.FoldCase()
	for range 2 {
		for _, key := range []string{"a/b/c", "a/b/d", "x"} {
			check(t, put(r, key, key))
		}
	}
	check(t, r.Symlink("link", "x"))
	check(t, r.Symlink("link", "a"))
	checkContents(t, dir, map[string]string{"a/": "", "a/b/": "", "a/b/c": "a/b/c", "a/b/d": "a/b/d", "x": "x", "link": "-> a"})
}
