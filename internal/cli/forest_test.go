package cli

import (
	"fmt"
	"os"
	"strings"
	"testing"
	"time"
)

// draw is a forest as text: a name a line, indented, with ! at the last one of
// each level and totals of prefixes.
func draw(t *testing.T, f *forest) string {
	t.Helper()
	if err := f.finish(); err != nil {
		t.Fatal(err)
	}
	var b strings.Builder
	for n, err := range f.nodes() {
		if err != nil {
			t.Fatal(err)
		}
		b.WriteString(strings.Repeat(" ", n.depth) + n.name)
		if n.dir {
			fmt.Fprintf(&b, " %d/%d", n.objects, n.size)
		}
		if n.last {
			b.WriteString(" !")
		}
		b.WriteString("\n")
	}
	fmt.Fprintf(&b, "%d in %d prefixes, %d bytes\n", f.root.objects, f.dirs, f.root.size)
	return b.String()
}

func TestForest(t *testing.T) {
	keys := []string{"p/", "p/a", "p/a-b/x", "p/a/y", "p/a//z", "p/b/c/d/e", "p/z"}
	for _, tt := range []struct {
		name     string
		maxDepth int
		dirsOnly bool
		want     string
	}{
		{"all", 0, false, "a\na-b/ 1/10\n x !\na/ 2/20\n y\n / 1/10 !\n  z !\nb/ 1/10\n c/ 1/10 !\n  d/ 1/10 !\n   e !\nz !\n7 in 6 prefixes, 70 bytes\n"},
		{"one level", 1, false, "a\na-b/ 1/10\na/ 2/20\nb/ 1/10\nz !\n7 in 6 prefixes, 70 bytes\n"},
		{"two levels", 2, false, "a\na-b/ 1/10\n x !\na/ 2/20\n y\n / 1/10 !\nb/ 1/10\n c/ 1/10 !\nz !\n7 in 6 prefixes, 70 bytes\n"},
		{"prefixes", 0, true, "a-b/ 1/10\na/ 2/20\n / 1/10 !\nb/ 1/10 !\n c/ 1/10 !\n  d/ 1/10 !\n7 in 6 prefixes, 70 bytes\n"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			f := newForest("p/", tt.maxDepth, tt.dirsOnly)
			for _, key := range keys {
				if err := f.add(entry{key: key, size: 10, modTime: time.Unix(1, 0)}); err != nil {
					t.Fatal(err)
				}
			}
			if got := draw(t, f); got != tt.want {
				t.Errorf("got\n%s\nwant\n%s", got, tt.want)
			}
		})
	}
}

// TestForestOnDisk has more nodes than are kept in memory, and must draw what a
// forest in memory does: totals and marks are written into the file too.
func TestForestOnDisk(t *testing.T) {
	t.Setenv("TMPDIR", t.TempDir())
	f := newForest("", 0, false)
	want := 0
	for i := range 300 {
		for j := range 100 {
			key := fmt.Sprintf("dir-%03d/%s/file-%03d", i, strings.Repeat("d", 20), j)
			if err := f.add(entry{key: key, size: int64(j), modTime: time.Unix(1, 0), etag: "0123456789abcdef0123456789abcdef"}); err != nil {
				t.Fatal(err)
			}
			want += j
		}
	}
	if f.spool.file == nil {
		t.Fatal("it is all in memory: the test is too small")
	}
	name := f.spool.file.Name()
	lines := strings.Split(draw(t, f), "\n")
	if want := fmt.Sprintf("30000 in 600 prefixes, %d bytes", want); lines[len(lines)-2] != want {
		t.Errorf("the sum is %q, want %q", lines[len(lines)-2], want)
	}
	last := 0
	for i, line := range lines[:len(lines)-2] {
		if strings.HasSuffix(line, "!") {
			last++
		}
		if i%102 == 0 && !strings.HasPrefix(line, fmt.Sprintf("dir-%03d/ 100/4950", i/102)) {
			t.Fatalf("line %d is %q", i, line)
		}
	}
	if want := 1 + 300 + 300; last != want { // the last directory; the one in each; the last file in each
		t.Errorf("%d nodes are marked as last, want %d", last, want)
	}
	if err := f.close(); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(name); err == nil {
		t.Errorf("%s is left behind", name)
	}
}
