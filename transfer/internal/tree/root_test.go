package tree_test

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/icos-go/icos/transfer/internal/tree"
)

func openRoot(t testing.TB, dir string) *tree.Root {
	t.Helper()
	r, err := tree.OpenRoot(dir)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { r.Close() })
	return r
}

// put writes a file through r.
func put(r *tree.Root, key, content string) error {
	p, err := r.Partial(key, "tag")
	if err != nil {
		return err
	}
	if _, err := p.Write([]byte(content)); err != nil {
		return errors.Join(err, p.Abandon())
	}
	if err := p.Commit(time.Time{}, nil); err != nil {
		return errors.Join(err, p.Abandon())
	}
	return nil
}

// contents lists all that is in dir, with the contents of files and the targets of links.
func contents(t testing.TB, dir string) map[string]string {
	t.Helper()
	all := map[string]string{}
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || path == dir {
			return err
		}
		rel, _ := filepath.Rel(dir, path)
		rel = filepath.ToSlash(rel)
		switch {
		case d.IsDir():
			all[rel+"/"] = ""
		case d.Type()&fs.ModeSymlink != 0:
			target, err := os.Readlink(path)
			all[rel] = "-> " + target
			return err
		default:
			b, err := os.ReadFile(path)
			all[rel] = string(b)
			return err
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

func checkContents(t *testing.T, dir string, want map[string]string) {
	t.Helper()
	if diff := cmp.Diff(want, contents(t, dir)); diff != "" {
		t.Errorf("%s holds (-want +got):\n%s", dir, diff)
	}
}

func symlink(t testing.TB, target, path string) {
	t.Helper()
	if err := os.Symlink(target, path); err != nil {
		t.Skip(err)
	}
}

func TestCommitWritesWholeFiles(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "new", "dir")
	r := openRoot(t, dir)
	mtime := time.Unix(1234567890, 123456000)
	p, err := r.Partial("d/e/file", "tag")
	if err != nil {
		t.Fatal(err)
	}
	if got := contents(t, dir); len(got) != 3 {
		t.Errorf("while the file is on its way there are %q, want two directories and a hidden file", got)
	}
	if _, err := p.WriteAt([]byte("world"), 6); err != nil {
		t.Fatal(err)
	}
	if _, err := p.WriteAt([]byte("hello,"), 0); err != nil {
		t.Fatal(err)
	}
	mode := fs.FileMode(0o640) | fs.ModeSetuid | fs.ModeSetgid | fs.ModeSticky
	if err := p.Commit(mtime, &mode); err != nil {
		t.Fatal(err)
	}
	checkContents(t, dir, map[string]string{"d/": "", "d/e/": "", "d/e/file": "hello,world"})
	info, err := r.Stat("d/e/file")
	if err != nil {
		t.Fatal(err)
	}
	if !info.ModTime().Equal(mtime) {
		t.Errorf("mtime %v, want %v", info.ModTime(), mtime)
	}
	if runtime.GOOS != "windows" && info.Mode() != 0o640 {
		t.Errorf("mode %v, want the permissions 0640 and no more", info.Mode())
	}
	if err := errors.Join(p.Keep(), p.Abandon()); err != nil {
		t.Errorf("after Commit: %v", err)
	}
	if err := p.Commit(mtime, nil); !errors.Is(err, fs.ErrClosed) {
		t.Errorf("second Commit: %v, want %v", err, fs.ErrClosed)
	}
	if err := r.Close(); err != nil {
		t.Error(err)
	}
}

func TestPartialIsFoundAgain(t *testing.T) {
	dir := t.TempDir()
	keep := func(key, tag, content string) string {
		r := openRoot(t, dir)
		p, err := r.Partial(key, tag)
		if err != nil {
			t.Fatal(err)
		}
		if size, err := p.Size(); err != nil || size != 0 {
			t.Errorf("new partial %q, %q has %d bytes, %v", key, tag, size, err)
		}
		if _, err := p.Write([]byte(content)); err != nil {
			t.Fatal(err)
		}
		if err := errors.Join(p.Sync(), p.Keep(), r.Close()); err != nil {
			t.Fatal(err)
		}
		return p.Path()
	}
	paths := []string{keep("d/f", "1", "one"), keep("d/f", "2", "two"), keep("d/g", "1", "g"), keep("f", "1", "f"), keep("d/f", "", "x"), keep("d/f", "", "y")}
	for i, p := range paths {
		if slices.Index(paths, p) != i {
			t.Errorf("%s is the partial of two", p)
		}
		if _, err := os.Stat(p); err != nil {
			t.Error(err)
		}
	}

	r := openRoot(t, dir)
	p, err := r.Partial("d/f", "2")
	if err != nil {
		t.Fatal(err)
	}
	b := make([]byte, 3)
	if _, err := p.ReadAt(b, 0); err != nil || string(b) != "two" {
		t.Errorf("the kept partial holds %q, %v; want %q", b, err, "two")
	}
	if err := errors.Join(p.Truncate(2), p.Commit(time.Time{}, nil)); err != nil {
		t.Fatal(err)
	}
	if got := contents(t, dir)["d/f"]; got != "tw" {
		t.Errorf("committed %q, want %q", got, "tw")
	}
}

func TestPartialNamesAreBounded(t *testing.T) {
	for _, base := range []string{"x", strings.Repeat("é", 127), strings.Repeat("日", 85), strings.Repeat("x", 255)} {
		name := tree.PartialName("dir/"+base, "tag")
		if len(name) > 143 {
			t.Errorf("the partial of a name of %d bytes has one of %d", len(base), len(name))
		}
		if err := put(openRoot(t, t.TempDir()), "dir/"+base, "x"); err != nil {
			t.Error(err)
		}
	}
}

func TestAbandonLeavesNothing(t *testing.T) {
	dir := t.TempDir()
	write(t, dir, "old/file")
	before := contents(t, dir)
	r := openRoot(t, dir)
	for _, key := range []string{"new/a/b/f", "old/f", "old/file", "old/new/f"} {
		p, err := r.Partial(key, "tag")
		if err != nil {
			t.Fatal(err)
		}
		if _, err := p.Write([]byte("x")); err != nil {
			t.Fatal(err)
		}
		if err := p.Abandon(); err != nil {
			t.Errorf("%s: %v", key, err)
		}
		checkContents(t, dir, before)
	}
	if err := put(r, "new/a/b/f", "again"); err != nil {
		t.Error(err)
	}
}

func TestAbandonKeepsDirectoriesInUse(t *testing.T) {
	dir := t.TempDir()
	r := openRoot(t, dir)
	p, err := r.Partial("new/p", "tag")
	if err != nil {
		t.Fatal(err)
	}
	q, err := r.Partial("new/q", "tag")
	if err != nil {
		t.Fatal(err)
	}
	if err := p.Abandon(); err != nil {
		t.Fatal(err)
	}
	if err := q.Commit(time.Time{}, nil); err != nil {
		t.Fatal(err)
	}
	checkContents(t, dir, map[string]string{"new/": "", "new/q": ""})
}

// What a hostile bucket or a hostile destination may try. All of it is refused
// with a reason that names the file, and nothing outside is touched.
func TestNothingIsWrittenOutside(t *testing.T) {
	for _, key := range []string{
		"", ".", "..", "/", "/etc/passwd", "../f", "a/../../f", "a/..", "a/./b", "./f", "a//b", "//a", "a/\x00b", "dir/../../outside/f",
		"link/f", "link", "inside/f", "chain/f", "loop/f", "dangling/f", "d/up/f", "file/f", "file/f/g", "d", "d/", "a/\xff", strings.Repeat("x", 256), "d/" + strings.Repeat("é", 128) + "/f",
		".f.0123456789abcdef.icos-partial",
	} {
		t.Run(fmt.Sprintf("%.20q", key), func(t *testing.T) {
			top := t.TempDir()
			dir, outside := filepath.Join(top, "dir"), filepath.Join(top, "outside")
			write(t, top, "dir/d/x", "dir/file", "outside/f", "f")
			symlink(t, outside, filepath.Join(dir, "link"))
			symlink(t, "d", filepath.Join(dir, "inside"))
			symlink(t, "link", filepath.Join(dir, "chain"))
			symlink(t, "loop", filepath.Join(dir, "loop"))
			symlink(t, "missing", filepath.Join(dir, "dangling"))
			symlink(t, "../..", filepath.Join(dir, "d/up"))
			before := contents(t, top)
			r := openRoot(t, dir)
			if key == "link" { // replaced, and not followed
				if err := put(r, key, "new"); err != nil {
					t.Error(err)
				}
				before["dir/link"] = "new"
			} else {
				for what, err := range map[string]error{"put": put(r, key, "evil"), "symlink": r.Symlink(key, "x")} {
					if err == nil {
						t.Errorf("%s %q is not refused", what, key)
					} else if len(key) < 200 && key != "" && !strings.Contains(err.Error(), filepath.Base(key)) && !strings.Contains(err.Error(), fmt.Sprintf("%q", key)) {
						t.Errorf("%s %q: error %q does not name it", what, key, err)
					}
				}
				if err := r.Remove(key); err == nil {
					t.Errorf("remove %q is not refused", key)
				}
				if key != "d" && key != "d/" {
					if err := r.Mkdir(key); err == nil {
						t.Errorf("mkdir %q is not refused", key)
					}
				}
				if f, err := r.Open(key); err == nil {
					f.Close()
					t.Errorf("open %q is not refused", key)
				}
			}
			checkContents(t, top, before)
		})
	}
}

// The directory was fine when its first file was written, and was replaced
// since.
func TestDirectorySwappedForALink(t *testing.T) {
	top := t.TempDir()
	write(t, top, "outside/")
	dir := filepath.Join(top, "dir")
	r := openRoot(t, dir)
	if err := put(r, "a/b/one", "1"); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"a/b", "a"} {
		if err := os.Rename(filepath.Join(dir, name), filepath.Join(top, "outside", "moved")); err != nil {
			t.Fatal(err)
		}
		symlink(t, filepath.Join(top, "outside", "moved"), filepath.Join(dir, name))
		before := contents(t, top)
		if err := put(r, "a/b/two", "2"); err == nil || !strings.Contains(err.Error(), "symbolic link") {
			t.Errorf("after %s was swapped: %v, want an error about the link", name, err)
		}
		checkContents(t, top, before)
		if err := errors.Join(os.Remove(filepath.Join(dir, name)), os.RemoveAll(filepath.Join(top, "outside", "moved"))); err != nil {
			t.Fatal(err)
		}
		if err := put(r, "a/b/two", "2"); err != nil {
			t.Errorf("after %s was removed: %v", name, err)
		}
	}
}

// Things that someone else put where the partial file goes.
func TestPlantedPartialIsNotWrittenTo(t *testing.T) {
	for what, plant := range map[string]func(t *testing.T, path, victim string){
		"symlink":   func(t *testing.T, path, victim string) { symlink(t, victim, path) },
		"inside":    func(t *testing.T, path, _ string) { symlink(t, "victim", path) },
		"hard link": func(t *testing.T, path, victim string) { check(t, os.Link(victim, path)) },
		"directory": func(t *testing.T, path, _ string) { check(t, os.Mkdir(path, 0o777)) },
	} {
		t.Run(what, func(t *testing.T) {
			top := t.TempDir()
			write(t, top, "victim", "dir/victim")
			dir := filepath.Join(top, "dir")
			plant(t, filepath.Join(dir, tree.PartialName("f", "tag")), filepath.Join(top, "victim"))
			if err := put(openRoot(t, dir), "f", "new"); err != nil {
				t.Error(err)
			}
			checkContents(t, top, map[string]string{"victim": "victim", "dir/": "", "dir/victim": "dir/victim", "dir/f": "new"})
		})
	}
}

func check(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func TestCommitReplacesFilesAndLinks(t *testing.T) {
	top := t.TempDir()
	write(t, top, "outside", "dir/plain", "dir/readonly")
	dir := filepath.Join(top, "dir")
	check(t, os.Chmod(filepath.Join(dir, "readonly"), 0o400))
	symlink(t, filepath.Join(top, "outside"), filepath.Join(dir, "link"))
	symlink(t, "missing", filepath.Join(dir, "dangling"))
	r := openRoot(t, dir)
	want := map[string]string{}
	for _, key := range []string{"plain", "readonly", "link", "dangling"} {
		if err := put(r, key, "new "+key); err != nil {
			t.Errorf("%s: %v", key, err)
		}
		want[key] = "new " + key
	}
	checkContents(t, dir, want)
	if b, err := os.ReadFile(filepath.Join(top, "outside")); err != nil || string(b) != "outside" {
		t.Errorf("the target of the link holds %q, %v", b, err)
	}
	info, err := r.Stat("readonly")
	if err != nil || runtime.GOOS != "windows" && info.Mode() != 0o400 {
		t.Errorf("the read-only file has mode %v, %v; want its old one", info.Mode(), err)
	}
}

func TestDirectoryInTheWay(t *testing.T) {
	dir := t.TempDir()
	r := openRoot(t, dir)
	p, err := r.Partial("f", "tag")
	check(t, err)
	check(t, os.Mkdir(filepath.Join(dir, "f"), 0o777))
	if err := p.Commit(time.Time{}, nil); err == nil || !strings.HasSuffix(err.Error(), "f: is a directory") {
		t.Errorf("Commit over a directory: %v", err)
	}
	if _, err := os.Stat(p.Path()); err != nil {
		t.Errorf("after a failed Commit: %v, want the partial file", err)
	}
	check(t, p.Abandon())
	if _, err := r.Partial("f", "tag"); err == nil || !strings.HasSuffix(err.Error(), "f: is a directory") {
		t.Errorf("Partial over a directory: %v", err)
	}
	checkContents(t, dir, map[string]string{"f/": ""})
}

func TestRemoveTakesEmptiedDirectories(t *testing.T) {
	dir := t.TempDir()
	write(t, dir, "a/b/c/f", "a/g", "e/", "x/y/")
	r := openRoot(t, dir)
	for _, key := range []string{"a/b/c/f", "e/", "x/y/"} {
		if err := r.Remove(key); err != nil {
			t.Error(err)
		}
	}
	checkContents(t, dir, map[string]string{"a/": "", "a/g": "a/g"})
	if err := r.Remove("a/"); err == nil {
		t.Error("a directory with a file in it was removed")
	}
	if err := r.Remove("a/missing"); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("remove a missing file: %v, want %v", err, fs.ErrNotExist)
	}
	check(t, r.Remove("a/g"))
	checkContents(t, dir, map[string]string{})
}

func TestStatOfWhatIsMissing(t *testing.T) {
	dir := t.TempDir()
	write(t, dir, "file", "d/f")
	r := openRoot(t, dir)
	for _, key := range []string{"x", "x/y/z", "file/x", "file/", "d/x"} {
		if _, err := r.Stat(key); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("Stat(%q): %v, want %v", key, err, fs.ErrNotExist)
		}
	}
	for key, isDir := range map[string]bool{"file": false, "d": true, "d/": true, "d/f": false} {
		if info, err := r.Stat(key); err != nil || info.IsDir() != isDir {
			t.Errorf("Stat(%q) = %v, %v", key, info, err)
		}
	}
}

func TestSymlinkStaysInside(t *testing.T) {
	for target, ok := range map[string]bool{
		"f": true, "d/f": true, "../f": true, "../../f": true, "../a/f": true, ".": true, "./f": true, "missing": true,
		"": false, "/etc/passwd": false, "../../../f": false, "d/../f": false, "../a/../../../f": false, "x/..": false, "a\x00b": false, strings.Repeat("x/", 3000): false,
	} {
		dir := t.TempDir()
		r := openRoot(t, dir)
		err := r.Symlink("a/b/link", target)
		if (err == nil) != ok {
			t.Errorf("Symlink(a/b/link, %.30q): %v, want allowed: %v", target, err, ok)
		}
		if ok {
			checkContents(t, dir, map[string]string{"a/": "", "a/b/": "", "a/b/link": "-> " + filepath.FromSlash(target)})
		}
	}
	dir := t.TempDir()
	write(t, dir, "file", "d/")
	r := openRoot(t, dir)
	check(t, r.Symlink("file", "other"))
	check(t, r.Symlink("file", "another"))
	if err := r.Symlink("d", "other"); err == nil {
		t.Error("a directory was replaced by a link")
	}
	checkContents(t, dir, map[string]string{"file": "-> another", "d/": ""})
}

func TestMkdir(t *testing.T) {
	dir := t.TempDir()
	r := openRoot(t, dir)
	for _, key := range []string{"a/b/", "a/b", "c/"} {
		if err := r.Mkdir(key); err != nil {
			t.Errorf("Mkdir(%q): %v", key, err)
		}
	}
	checkContents(t, dir, map[string]string{"a/": "", "a/b/": "", "c/": ""})
}

func TestSweepRemovesOldPartials(t *testing.T) {
	dir := t.TempDir()
	old, young := "d/"+tree.PartialName("d/f", "old"), "d/"+tree.PartialName("d/f", "young")
	write(t, dir, old, young, "d/f", "d/.f.icos-partial")
	now := time.Now()
	for _, name := range []string{old, "d/f", "d/.f.icos-partial"} {
		check(t, os.Chtimes(filepath.Join(dir, name), time.Time{}, now.Add(-time.Hour)))
	}
	n, err := openRoot(t, dir).Sweep(t.Context(), now.Add(-time.Minute))
	if n != 1 || err != nil {
		t.Errorf("Sweep removed %d, %v; want 1", n, err)
	}
	checkContents(t, dir, map[string]string{"d/": "", "d/f": "d/f", "d/.f.icos-partial": "d/.f.icos-partial", young: young})
}

func TestOpenFile(t *testing.T) {
	dir := t.TempDir()
	r, key, err := tree.OpenFile(filepath.Join(dir, "name"))
	check(t, err)
	if key != "name" || r.Name() != dir {
		t.Errorf("OpenFile: key %q in %s", key, r.Name())
	}
	check(t, put(r, key, "x"))
	check(t, r.Close())
	checkContents(t, dir, map[string]string{"name": "x"})
	for _, path := range []string{"", dir + "/", filepath.Join(dir, "missing", "name"), "..", "/"} {
		if r, _, err := tree.OpenFile(path); err == nil {
			r.Close()
			t.Errorf("OpenFile(%q) is not refused", path)
		}
	}
}

func TestSync(t *testing.T) {
	r := openRoot(t, t.TempDir())
	check(t, put(r, "d/f", "x"))
	check(t, put(r, "f", "x"))
	check(t, r.Symlink("d/link", "f"))
	for _, key := range []string{"d/f", "f", "d/link"} {
		if err := r.Sync(key); err != nil {
			t.Error(err)
		}
	}
	for _, key := range []string{"missing", "d/missing", "x/y"} {
		if err := r.Sync(key); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("Sync(%q): %v, want %v", key, err, fs.ErrNotExist)
		}
	}
}

// What was committed may be gone or something else when the root is closed.
func TestCloseAfterChanges(t *testing.T) {
	for _, n := range []int{3, 200} {
		dir := t.TempDir()
		r, err := tree.OpenRoot(dir)
		check(t, err)
		for i := range n {
			check(t, put(r, fmt.Sprintf("d%d/f", i), "x"))
		}
		check(t, os.RemoveAll(filepath.Join(dir, "d0")))
		check(t, os.Remove(filepath.Join(dir, "d1", "f")))
		if err := r.Close(); err != nil {
			t.Errorf("Close after %d files: %v", n, err)
		}
		if err := put(r, "f", "x"); !errors.Is(err, fs.ErrClosed) {
			t.Errorf("after Close: %v, want %v", err, fs.ErrClosed)
		}
	}
}

// Directories come and go while files are made in them.
func TestRootFromManyGoroutines(t *testing.T) {
	dir := t.TempDir()
	r := openRoot(t, dir)
	var wg sync.WaitGroup
	for g := range 8 {
		wg.Go(func() {
			for i := range 100 {
				key := fmt.Sprintf("d%d/e%d/f%d-%d", i%20, i%3, g, i)
				p, err := r.Partial(key, "tag")
				if err != nil {
					t.Errorf("%s: %v", key, err)
					continue
				}
				if i%3 == 0 {
					err = p.Abandon()
				} else if err = p.Commit(time.Time{}, nil); err == nil && i%3 == 1 {
					err = r.Remove(key)
				}
				if err != nil {
					t.Errorf("%s: %v", key, err)
				}
			}
		})
	}
	wg.Wait()
	n := 0
	for name := range contents(t, dir) {
		if !strings.HasSuffix(name, "/") {
			n++
		}
	}
	if want := 8 * 33; n != want {
		t.Errorf("%d files, want %d", n, want)
	}
}
