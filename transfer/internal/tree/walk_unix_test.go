//go:build unix

package tree_test

import (
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/icos-go/icos/transfer/internal/tree"
)

func TestWalkTellsWhatItLeavesOut(t *testing.T) {
	dir := t.TempDir()
	write(t, dir, "a", "d/z", "bad\xff", "bad\xffdir/x", "to/f")
	symlink(t, "d/z", filepath.Join(dir, "link"))
	symlink(t, "d", filepath.Join(dir, "dirlink"))
	symlink(t, "nowhere", filepath.Join(dir, "dangling"))
	check(t, syscall.Mkfifo(filepath.Join(dir, "fifo"), 0o666))
	l, err := net.Listen("unix", filepath.Join(dir, "sock"))
	check(t, err)
	defer l.Close()
	symlinks := func(o tree.WalkOptions) map[string]string {
		got := map[string]string{}
		for e, err := range tree.Walk(t.Context(), dir, o) {
			if e.Kind == tree.Symlink && err == nil {
				got[e.Key] = e.Link
				if e.Size != int64(len(e.Link)) || e.Mode&os.ModeSymlink == 0 {
					t.Errorf("link %+v", e)
				}
			}
		}
		return got
	}
	want := []string{
		"a",
		"bad\xff: " + tree.ErrName.Error(),
		"bad\xffdir/: " + tree.ErrName.Error(),
		"d/z",
		"dangling: " + tree.ErrSymlink.Error(),
		"dirlink: " + tree.ErrSymlink.Error(),
		"fifo: " + tree.ErrSpecial.Error(),
		"link: " + tree.ErrSymlink.Error(),
		"sock: " + tree.ErrSpecial.Error(),
		"to/f",
	}
	slices.Sort(want)
	if diff := cmp.Diff(want, keys(t, dir, tree.WalkOptions{})); diff != "" {
		t.Errorf("keys (-want +got):\n%s", diff)
	}
	if got := symlinks(tree.WalkOptions{}); len(got) != 0 {
		t.Errorf("links %q, want none", got)
	}
	wantLinks := map[string]string{"link": "d/z", "dirlink": "d", "dangling": "nowhere"}
	if diff := cmp.Diff(wantLinks, symlinks(tree.WalkOptions{Symlinks: true})); diff != "" {
		t.Errorf("links (-want +got):\n%s", diff)
	}
}

func TestWalkFollowsLinksToFiles(t *testing.T) {
	dir := t.TempDir()
	write(t, dir, "d/file")
	symlink(t, "d/file", filepath.Join(dir, "a"))
	symlink(t, "a", filepath.Join(dir, "b"))
	symlink(t, "d", filepath.Join(dir, "c"))
	symlink(t, "missing", filepath.Join(dir, "e"))
	symlink(t, "f", filepath.Join(dir, "f"))
	not := ": " + tree.ErrSymlink.Error()
	want := []string{"a", "b", "c" + not, "d/file", "e" + not, "f" + not}
	if got := keys(t, dir, tree.WalkOptions{Follow: true}); !slices.Equal(got, want) {
		t.Errorf("keys %q, want %q", got, want)
	}
	for e, err := range tree.Walk(t.Context(), dir, tree.WalkOptions{Follow: true}) {
		if err == nil && (e.Kind != tree.File || e.Size != int64(len("d/file")) || !e.Mode.IsRegular() || e.Link != "") {
			t.Errorf("entry %+v", e)
		}
	}
	for e, err := range tree.Walk(t.Context(), dir, tree.WalkOptions{Follow: true, Symlinks: true}) {
		if err != nil || (e.Kind == tree.Symlink) != (e.Key != "d/file") {
			t.Errorf("links are to be kept: entry %+v, %v", e, err)
		}
	}
}

func TestWalkGoesOnPastUnreadableDirectories(t *testing.T) {
	if runtime.GOOS != "linux" && os.Getuid() == 0 {
		t.Skip("everything is readable to root")
	}
	dir := t.TempDir()
	write(t, dir, "a", "closed/x", "list/x", "z", "noname/x")
	for p := dir; p != "/"; p = filepath.Dir(p) {
		if info, err := os.Stat(p); err != nil || info.Mode()&0o005 != 0o005 {
			os.Chmod(p, 0o755) //nolint:errcheck // tells itself below
		}
	}
	check(t, os.Chmod(filepath.Join(dir, "closed"), 0))
	check(t, os.Chmod(filepath.Join(dir, "list"), 0o444)) // names may be read, but nothing about them
	t.Cleanup(func() {
		check(t, os.Chmod(filepath.Join(dir, "closed"), 0o700))
		check(t, os.Chmod(filepath.Join(dir, "list"), 0o700))
	})
	if os.Getuid() == 0 {
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		check(t, setFSUID(65534))
		defer setFSUID(0) //nolint:errcheck // or the next test tells
	}
	want := []string{"a", "closed/: permission denied", "list/x: permission denied", "noname/x", "z"}
	if diff := cmp.Diff(want, keys(t, dir, tree.WalkOptions{EmptyDirs: true})); diff != "" {
		t.Errorf("keys (-want +got):\n%s", diff)
	}
}

// Deeper than a path may be long, and than directories may be open.
func TestWalkOfDeepTree(t *testing.T) {
	const levels = 2_500
	root, err := os.OpenRoot(t.TempDir())
	check(t, err)
	dir := root.Name()
	for range levels {
		check(t, root.Mkdir("d", 0o777))
		f, err := root.Create("z")
		check(t, err)
		check(t, f.Close())
		next, err := root.OpenRoot("d")
		check(t, err)
		check(t, root.Close())
		root = next
	}
	check(t, root.Close())
	n := 0
	for e, err := range tree.Walk(t.Context(), dir, tree.WalkOptions{EmptyDirs: true}) {
		if err != nil {
			t.Fatalf("%.50s (%d bytes): %v", e.Key, len(e.Key), err)
		}
		want := strings.Repeat("d/", levels-n) + "z"
		if n == 0 {
			want = strings.Repeat("d/", levels)
		}
		if e.Key != want {
			t.Fatalf("entry %d is %.50s (%d bytes), want %d", n, e.Key, len(e.Key), len(want))
		}
		n++
	}
	if n != levels+1 {
		t.Errorf("%d entries, want %d", n, levels+1)
	}
}

func TestWalkWhileTheTreeChanges(t *testing.T) {
	top := t.TempDir()
	dir := filepath.Join(top, "dir")
	write(t, top, "outside/secret")
	for i := range 300 {
		write(t, dir, fmt.Sprintf("d%03d/f", i), fmt.Sprintf("d%03d/s/f", i))
	}
	i := 0
	for e, err := range tree.Walk(t.Context(), dir, tree.WalkOptions{}) {
		if err != nil && !errors.Is(err, tree.ErrChanged) {
			t.Errorf("%s: %v", e.Key, err)
		}
		if strings.Contains(e.Key, "secret") {
			t.Errorf("the walk followed a link to %s", e.Path)
		}
		// What is ahead vanishes, or becomes something else.
		ahead := filepath.Join(dir, fmt.Sprintf("d%03d", (i*7+5)%300))
		switch i++; i % 4 {
		case 0:
			check(t, os.RemoveAll(ahead))
		case 1:
			check(t, os.RemoveAll(ahead))
			symlink(t, filepath.Join(top, "outside"), ahead)
		case 2:
			check(t, os.RemoveAll(ahead))
			check(t, os.WriteFile(ahead, nil, 0o666))
		}
	}
	if i < 50 {
		t.Errorf("%d entries only", i)
	}
}

// A pipe in the place of a file must not hang those who open it.
func TestOpenRefusesPipes(t *testing.T) {
	dir := t.TempDir()
	check(t, syscall.Mkfifo(filepath.Join(dir, "pipe"), 0o666))
	check(t, syscall.Mkfifo(filepath.Join(dir, tree.PartialName("f", "tag")), 0o666))
	r := openRoot(t, dir)
	if _, err := r.Open("pipe"); err == nil {
		t.Error("a pipe was opened")
	}
	check(t, put(r, "f", "x"))
	if err := put(r, "pipe", "x"); err == nil {
		t.Error("a pipe was replaced by a file")
	}
	if info, err := os.Lstat(filepath.Join(dir, "pipe")); err != nil || info.Mode()&os.ModeNamedPipe == 0 {
		t.Errorf("the pipe is now %v, %v", info, err)
	}
	check(t, os.Remove(filepath.Join(dir, "pipe")))
	checkContents(t, dir, map[string]string{"f": "x"})
}

// Two that fetch the same file at once, as two processes may, do not write to the same partial
// file: neither spoils what the other has checked already.
func TestPartialsAtOnce(t *testing.T) {
	dir := t.TempDir()
	first, err := openRoot(t, dir).Partial("f", "tag")
	check(t, err)
	_, err = first.WriteAt([]byte("first"), 0)
	check(t, err)
	second, err := openRoot(t, dir).Partial("f", "tag")
	check(t, err)
	if first.Path() == second.Path() {
		t.Fatalf("both write to %s", first.Path())
	}
	_, err = second.WriteAt([]byte("second"), 0)
	check(t, err)
	check(t, first.Commit(time.Time{}, nil))
	checkContents(t, dir, map[string]string{"f": "first", filepath.Base(second.Path()): "second"})
	check(t, second.Commit(time.Time{}, nil))
	checkContents(t, dir, map[string]string{"f": "second"})

	third, err := openRoot(t, dir).Partial("f", "tag")
	check(t, err)
	check(t, third.Keep())
	fourth, err := openRoot(t, dir).Partial("f", "tag")
	check(t, err)
	if third.Path() != fourth.Path() {
		t.Error("what was kept is not found again")
	}
	check(t, fourth.Abandon())
}

// In a directory that others may write to, a file with the name of a partial file may be theirs,
// to read or to change what is written to it.
func TestPartialOfAnotherUser(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("only root can make files of others")
	}
	dir := t.TempDir()
	check(t, os.Chmod(dir, 0o777))
	trap := filepath.Join(dir, tree.PartialName("f", "tag"))
	check(t, os.WriteFile(trap, nil, 0o666))
	check(t, os.Chown(trap, 12345, 12345))
	r := openRoot(t, dir)
	p, err := r.Partial("f", "tag")
	check(t, err)
	check(t, p.Commit(time.Time{}, nil))
	info, err := r.Stat("f")
	check(t, err)
	if uid := info.Sys().(*syscall.Stat_t).Uid; uid != 0 {
		t.Errorf("the file is that of user %d", uid)
	}
}

func TestPermissionsFollowTheUmask(t *testing.T) {
	old := syscall.Umask(0o027)
	defer syscall.Umask(old)
	dir := t.TempDir()
	r := openRoot(t, dir)
	check(t, put(r, "d/f", "x"))
	for key, want := range map[string]os.FileMode{"d/f": 0o640, "d": os.ModeDir | 0o750} {
		if info, err := r.Stat(key); err != nil || info.Mode() != want {
			t.Errorf("%s has mode %v, %v; want %v", key, info.Mode(), err, want)
		}
	}
}

func TestReadOnlyDirectory(t *testing.T) {
	if os.Getuid() == 0 {
		t.Skip("everything is writable to root")
	}
	dir := t.TempDir()
	write(t, dir, "d/")
	check(t, os.Chmod(filepath.Join(dir, "d"), 0o555))
	_, err := openRoot(t, dir).Partial("d/f", "tag")
	if want := "create " + filepath.Join(dir, "d/f") + ": permission denied"; err == nil || err.Error() != want {
		t.Errorf("Partial: %v, want %s", err, want)
	}
}

func TestCommitKeepsFractionsOfSeconds(t *testing.T) {
	dir := t.TempDir()
	r := openRoot(t, dir)
	for _, want := range []time.Time{time.Unix(1, 1), time.Unix(-5, 999999999), time.Unix(4102444800, 5)} {
		p, err := r.Partial("f", "")
		check(t, err)
		check(t, p.Commit(want, nil))
		if info, err := r.Stat("f"); err != nil || !info.ModTime().Equal(want) {
			t.Errorf("mtime %v, %v; want %v", info.ModTime(), err, want)
		}
	}
}
