package tree_test

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/icos-go/icos/transfer/filter"
	"github.com/icos-go/icos/transfer/internal/tree"
)

// write makes files with their name as content; names that end in a slash are
// directories.
func write(t testing.TB, dir string, names ...string) {
	t.Helper()
	for _, name := range names {
		path := filepath.Join(dir, filepath.FromSlash(name))
		var err error
		if strings.HasSuffix(name, "/") {
			err = os.MkdirAll(path, 0o777)
		} else if err = os.MkdirAll(filepath.Dir(path), 0o777); err == nil {
			err = os.WriteFile(path, []byte(name), 0o666)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
}

// keys collects what a walk yields: a key, or a key, a colon and an error.
func keys(t testing.TB, dir string, o tree.WalkOptions) []string {
	t.Helper()
	var got []string
	for e, err := range tree.Walk(t.Context(), dir, o) {
		got = append(got, describe(e, err))
	}
	return got
}

func describe(e tree.Entry, err error) string {
	if err == nil {
		return e.Key
	}
	for _, known := range []error{tree.ErrName, tree.ErrSpecial, tree.ErrSymlink, fs.ErrPermission, fs.ErrNotExist} {
		if errors.Is(err, known) {
			return e.Key + ": " + known.Error()
		}
	}
	return e.Key + ": " + err.Error()
}

func TestWalkYieldsKeysInTheOrderOfABucket(t *testing.T) {
	dir := t.TempDir()
	want := []string{"a!/z", "a", "a-b", "a.txt", "a/b", "a/b-", "a/b/c", "a0", "é", "日本/語"}
	slices.Sort(want)
	write(t, dir, "a-b", "a.txt", "a0", "é", "日本/語", "a!/z")
	write(t, dir, "x/b-", "x/b/c")
	if err := os.Rename(filepath.Join(dir, "x"), filepath.Join(dir, "a")); err != nil {
		t.Fatal(err)
	}
	want = []string{"a!/z", "a-b", "a.txt", "a/b-", "a/b/c", "a0", "é", "日本/語"}
	if diff := cmp.Diff(want, keys(t, dir, tree.WalkOptions{})); diff != "" {
		t.Errorf("keys (-want +got):\n%s", diff)
	}
}

func TestWalkDescribesFiles(t *testing.T) {
	dir := t.TempDir()
	write(t, dir, "d/file")
	path := filepath.Join(dir, "d", "file")
	if err := os.Chmod(path, 0o640); err != nil {
		t.Fatal(err)
	}
	info, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	for e, err := range tree.Walk(t.Context(), dir, tree.WalkOptions{}) {
		if err != nil {
			t.Fatal(err)
		}
		want := tree.Entry{Key: "d/file", Path: path, Size: 6, ModTime: info.ModTime(), ChangeTime: e.ChangeTime, Mode: info.Mode()}
		if diff := cmp.Diff(want, e); diff != "" {
			t.Errorf("entry (-want +got):\n%s", diff)
		}
		if e.ChangeTime.Before(e.ModTime) {
			t.Errorf("ChangeTime %v is before ModTime %v", e.ChangeTime, e.ModTime)
		}
	}
}

func TestWalkNamesPathsByItsRoot(t *testing.T) {
	t.Chdir(t.TempDir())
	write(t, ".", "d/f")
	for root, want := range map[string]string{".": "d/f", "d": "d/f", "d/": "d/f", "./d": "./d/f", "../" + filepath.Base(must(os.Getwd())): "../" + filepath.Base(must(os.Getwd())) + "/d/f"} {
		for e, err := range tree.Walk(t.Context(), filepath.FromSlash(root), tree.WalkOptions{}) {
			if err != nil || e.Path != filepath.FromSlash(want) {
				t.Errorf("Walk(%q) yields path %q, %v; want %q", root, e.Path, err, want)
			}
			if _, err := os.Stat(e.Path); err != nil {
				t.Error(err)
			}
		}
	}
}

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

// A reference walk, simple and without bounds.
func reference(t testing.TB, dir string) []string {
	var want []string
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() {
			rel, _ := filepath.Rel(dir, path)
			want = append(want, filepath.ToSlash(rel))
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	slices.Sort(want)
	return want
}

// randomTree makes n files in directories of every shape.
func randomTree(t testing.TB, rng *rand.Rand, n int) string {
	dir := t.TempDir()
	elems := []string{"a", "a-", "a.b", "a0", "b", "bb", "c d", "é", "z"}
	for range n {
		var b strings.Builder
		for range rng.IntN(6) {
			b.WriteString(elems[rng.IntN(len(elems))])
			b.WriteString("/")
		}
		fmt.Fprintf(&b, "f%d%s", rng.IntN(1000), elems[rng.IntN(len(elems))])
		write(t, dir, b.String())
	}
	return dir
}

func TestWalkIsTheSameWhateverTheBounds(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	dir := randomTree(t, rng, 600)
	want := reference(t, dir)
	for _, l := range [][3]int{{4 << 20, 4 << 20, 128}, {1, 0, 2}, {1, 1 << 20, 3}, {100, 0, 2}, {300, 200, 4}, {1 << 20, 0, 2}} {
		t.Run(fmt.Sprint(l), func(t *testing.T) {
			var got []string
			for e, err := range tree.WalkWithin(t.Context(), dir, tree.WalkOptions{}, l[0], l[1], l[2]) {
				got = append(got, describe(e, err))
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("keys (-want +got):\n%s", diff)
			}
			for range 50 {
				i := rng.IntN(len(want))
				after := want[i]
				switch rng.IntN(4) {
				case 0:
					after = after[:rng.IntN(len(after))]
				case 1:
					after += "-"
				}
				got = nil
				for e, err := range tree.WalkWithin(t.Context(), dir, tree.WalkOptions{After: after}, l[0], l[1], l[2]) {
					got = append(got, describe(e, err))
				}
				i, found := slices.BinarySearch(want, after)
				if found {
					i++
				}
				if diff := cmp.Diff(want[i:], got); diff != "" && len(want[i:])+len(got) > 0 {
					t.Fatalf("after %q (-want +got):\n%s", after, diff)
				}
			}
		})
	}
}

// A directory whose names cannot be sorted is not known, and must not look
// empty.
func TestWalkWithoutRoomForNames(t *testing.T) {
	dir := t.TempDir()
	write(t, dir, "a", "d/f", "d/g", "z")
	for _, env := range []string{"TMPDIR", "TMP", "TEMP"} {
		t.Setenv(env, filepath.Join(dir, "missing"))
	}
	var failed []string
	for e, err := range tree.WalkWithin(t.Context(), dir, tree.WalkOptions{EmptyDirs: true}, 4<<20, 0, 4) {
		if err != nil {
			if e.Kind != tree.Dir {
				t.Errorf("error for %+v: %v", e, err)
			}
			failed = append(failed, e.Key)
		}
	}
	if !slices.Equal(failed, []string{""}) {
		t.Errorf("unknown directories %q, want the one whose names had to make room", failed)
	}
}

func TestWalkStopsWhenAsked(t *testing.T) {
	dir := randomTree(t, rand.New(rand.NewPCG(3, 4)), 50)
	for n := 1; n < 50; n += 7 {
		seen := 0
		for range tree.WalkWithin(t.Context(), dir, tree.WalkOptions{}, 1, 0, 2) {
			if seen++; seen == n {
				break
			}
		}
		if seen != n {
			t.Errorf("%d entries before the walk ended, want %d", seen, n)
		}
	}
}

func TestWalkEndsWithItsContext(t *testing.T) {
	dir := t.TempDir()
	write(t, dir, "a", "b", "c")
	why := errors.New("enough")
	ctx, cancel := context.WithCancelCause(t.Context())
	defer cancel(nil)
	var got []string
	for e, err := range tree.Walk(ctx, dir, tree.WalkOptions{}) {
		got = append(got, describe(e, err))
		if e.Key == "a" {
			cancel(why)
		}
	}
	if want := []string{"a", ": enough"}; !slices.Equal(got, want) {
		t.Errorf("walk yields %q, want %q", got, want)
	}
}

func TestWalkYieldsEmptyDirectories(t *testing.T) {
	dir := t.TempDir()
	write(t, dir, "a/", "b/c/", "d/f", "d/e/", "only/excluded.log", "z-", "z/")
	rules, err := filter.New("*.log")
	if err != nil {
		t.Fatal(err)
	}
	o := tree.WalkOptions{EmptyDirs: true, Filter: rules}
	want := []string{"a/", "b/c/", "d/e/", "d/f", "only/", "z-", "z/"}
	if got := keys(t, dir, o); !slices.Equal(got, want) {
		t.Errorf("keys %q, want %q", got, want)
	}
	for i, after := range want {
		o.After = after
		if got := keys(t, dir, o); !slices.Equal(got, want[i+1:]) {
			t.Errorf("after %q: %q, want %q", after, got, want[i+1:])
		}
	}
	for e, err := range tree.Walk(t.Context(), dir, tree.WalkOptions{EmptyDirs: true, Filter: rules}) {
		if err != nil || e.Kind == tree.EmptyDir && (!e.Mode.IsDir() || e.ModTime.IsZero() || e.Size != 0) {
			t.Errorf("entry %+v, %v", e, err)
		}
	}
	if got := keys(t, t.TempDir(), o); len(got) != 0 {
		t.Errorf("an empty root yields %q, want nothing", got)
	}
}

func TestWalkPrunesWhatIsExcluded(t *testing.T) {
	dir := t.TempDir()
	write(t, dir, "src/a.go", "src/a.o", "build/x", "node_modules/m/index.js", "keep.o", "sub/build/y")
	if err := os.Chmod(filepath.Join(dir, "node_modules"), 0); err != nil { // would be an error if it were entered
		t.Fatal(err)
	}
	t.Cleanup(func() { os.Chmod(filepath.Join(dir, "node_modules"), 0o777) })
	rules, err := filter.New("*.o", "!keep.o", "/build/", "node_modules")
	if err != nil {
		t.Fatal(err)
	}
	want := []string{"keep.o", "src/a.go", "sub/build/y"}
	if got := keys(t, dir, tree.WalkOptions{Filter: rules}); !slices.Equal(got, want) {
		t.Errorf("keys %q, want %q", got, want)
	}
}

func TestWalkLeavesOutPartials(t *testing.T) {
	dir := t.TempDir()
	write(t, dir, "d/f", "d/"+tree.PartialName("d/f", "tag"), "d/"+tree.PartialName("d/g", ""), "d/.f.icos-partial")
	want := []string{"d/.f.icos-partial", "d/f"}
	if got := keys(t, dir, tree.WalkOptions{}); !slices.Equal(got, want) {
		t.Errorf("keys %q, want %q", got, want)
	}
}

func TestWalkOfNothing(t *testing.T) {
	dir := t.TempDir()
	write(t, dir, "file")
	for _, name := range []string{"missing", "file"} {
		n := 0
		for e, err := range tree.Walk(t.Context(), filepath.Join(dir, name), tree.WalkOptions{}) {
			if n++; err == nil || e.Kind != tree.Dir || e.Key != "" {
				t.Errorf("Walk(%s) yields %+v, %v", name, e, err)
			}
		}
		if n != 1 {
			t.Errorf("Walk(%s) yields %d entries, want one error", name, n)
		}
	}
}
