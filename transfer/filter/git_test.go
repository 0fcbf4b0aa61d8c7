package filter_test

import (
	"bytes"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/icos-go/icos/transfer/filter"
)

// A repository of files to ask git about.
type repository struct {
	dir   string
	paths []string // those of directories end in a slash
}

func newRepository(t *testing.T) *repository {
	t.Helper()
	if _, err := exec.LookPath("git"); err != nil {
		t.Skip("git is not installed")
	}
	if runtime.GOOS == "windows" {
		t.Skip("names that Windows does not allow")
	}
	r := &repository{dir: t.TempDir()}
	cmd := exec.Command("git", "init", "-q", r.dir)
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("git init: %v\n%s", err, out)
	}
	for _, path := range []string{
		"a", "b", "ab", "foo", "foobar", "foo.log", "bar.log", "debug.log", "x.o", "#x", "!x", "!", "x ", " x", `a\b`, `b\`, "[a]", "a*", "**", "?",
		"é", "日本", "A", "FOO", "a-b", "a]b", "-", "]", "^", ".hidden", ".a/b", "...", "a b/c d", "tab\there", "cr\r", "[", "a[b",
		"d/a", "d/foo", "d/foo.log", "d/e/a", "d/e/foo", "d/e/f/a", "d/e/f/foo.log", "d/build/x", "build/x", "build/build/y",
		"foo-d/bar", "ax/y/b", "ax/b", "ay/b/c", "axy", "abc/d/e/b", "z/a/b/c", "z/a/x/b", "z/a/x/y/b", "z/**/q", "z/foo/bar", "z/foo/x/bar", "z/zfoo",
		"deep/1/2/3/4/5/6/7/a", "deep/1/2/b", "log/x", "log/y.log", "keep/x.log", "keep/sub/x.log", "d-e/a", "dir/a", "dir/b",
	} {
		path = filepath.Join(r.dir, path)
		if err := os.MkdirAll(filepath.Dir(path), 0o777); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, nil, 0o666); err != nil {
			t.Fatal(err)
		}
	}
	err := filepath.WalkDir(r.dir, func(path string, d fs.DirEntry, err error) error {
		rel, _ := filepath.Rel(r.dir, path)
		switch {
		case rel == ".git":
			return fs.SkipDir
		case rel == ".":
		case d.IsDir():
			r.paths = append(r.paths, rel+"/")
		default:
			r.paths = append(r.paths, rel)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// ask returns for each path the number of the line that decides about it, or "".
func (r *repository) ask(t *testing.T, rules string) []string {
	t.Helper()
	file := filepath.Join(r.dir, ".git", "rules")
	if err := os.WriteFile(file, []byte(rules), 0o666); err != nil {
		t.Fatal(err)
	}
	var in, stderr bytes.Buffer
	for _, p := range r.paths {
		in.WriteString(strings.TrimSuffix(p, "/") + "\x00")
	}
	cmd := exec.Command("git", "-c", "core.excludesFile="+file, "check-ignore", "-v", "-n", "-z", "--no-index", "--stdin")
	cmd.Dir, cmd.Stdin, cmd.Stderr = r.dir, &in, &stderr
	out, err := cmd.Output()
	if err != nil && cmd.ProcessState.ExitCode() != 1 { // 1: nothing is ignored
		t.Fatalf("git check-ignore: %v\n%s", err, &stderr)
	}
	fields := strings.Split(string(out), "\x00")
	if len(fields) != 4*len(r.paths)+1 {
		t.Fatalf("git check-ignore answers %d fields for %d paths", len(fields), len(r.paths))
	}
	lines := make([]string, len(r.paths))
	for i := range lines {
		lines[i] = fields[4*i+1]
	}
	return lines
}

// check compares the answers of git with ours. Rules that are refused are
// empty lines to us; git must never have decided by one.
func (r *repository) check(t *testing.T, lines []string) {
	t.Helper()
	ours, refused := strings.Builder{}, map[string]bool{}
	for i, line := range lines {
		if _, err := filter.Parse(strings.NewReader(line+"\n"), ""); err != nil {
			refused[fmt.Sprint(i+1)] = true
			line = ""
		}
		ours.WriteString(line + "\n")
	}
	rules, err := filter.Parse(strings.NewReader(ours.String()), "rules")
	if err != nil {
		t.Fatal(err)
	}
	git := r.ask(t, strings.Join(lines, "\n")+"\n")
	for i, path := range r.paths {
		_, rule := rules.Match(path, false)
		_, number, _ := strings.Cut(rule, ":")
		number, _, _ = strings.Cut(number, ":")
		if git[i] != number {
			t.Errorf("%q under %q: decided by line %q, git by %q (refused %v)", path, lines, number, git[i], refused)
		}
	}
}

func TestEachRuleIsGits(t *testing.T) {
	r := newRepository(t)
	for _, line := range []string{
		"a", "/a", "a/", "*", "/*", "**", "/**", "**/", "*/", "*/*", "**/*", "*.log", "!*.log", "foo*", "*foo", "f?o", "?", "??", "*?*",
		"d/a", "d/*", "d/**", "d/**/a", "**/a", "**/foo.log", "a**", "a**/b", "/a**/b", "**a", "d/**a", "**/d/**", "z/**/b", "z/a/**/b", "z/**/**/b", "***", "d/***/a", "/***/a",
		"z/*/bar", "z/**/bar", "foo**/bar", "**foo", "**/foo/**/bar", "*/**/b", "**/*/b", `**\/b`, `d/**\/a`, `\**`, `a\*`, `\?`, `\[a]`, `\[a\]`,
		"[a]", "[ab]", "[!a]", "[^a]", "[a-c]", "[]]", "[!]]", "[]-]", "[a-]", "[--0]", "[\\]]", `[\[]`, "[[]", "[[:alpha:]]", "[[:upper:]]", "[![:alpha:]]", "[[:foo:]]", "[[::]]", "[[:]", "[[:alpha:]", "[a", "a[", "[", "[]", "[!]", "[[:digit:]-z]",
		"[z-a]", "a[/]b", "ax[/y]y/b", "a[!x]b", "d[/]a", "d[!b]a", "[//]x", "[a-\\c]", `[a-\]]`,
		`\a`, `a\`, `\`, `\\`, `a\\b`, `b\\`, `\#x`, "#x", `\!x`, "!x", "!", "!!x", "!!", "x ", `x\ `, " x", "x   ", `x\  `, "  ", "\t", "tab\there", "cr\r", "cr\r\r",
		"é", "??", "[é]", "日*", "日??", "A", "foo/", "build/", "/build/", "d/build/", "build/build", "dir/", "a b/c d", "a b", "//", "/", "a//", "//a", "d//a", "deep**//1", "**//a", "d/a/", "d/e/", "d/e", "/d/e/", "./a", "d/./a", "../a",
		"...", ".*", ".?", ".a", "*.", "**.", "**/.*", "deep/**", "deep/**/", "deep/**/7/", "deep/*/2", "deep/**/2/*/4", "d-*", "*-*", "d?e/a", "d*/a", "d*e/a",
	} {
		r.check(t, []string{line})
	}
}

func TestRulesTogetherAreGits(t *testing.T) {
	r := newRepository(t)
	for _, rules := range [][]string{
		{"*.log", "!keep/", "!keep/**"},
		{"*", "!*/", "!*.log"},
		{"log/", "!log/y.log"},
		{"log/*", "!log/y.log"},
		{"/*", "!/d", "/d/*", "!/d/foo"},
		{"d/**", "!d/e/", "!d/e/f/"},
		{"foo", "!foo", "foo"},
		{"# comment", "", "  ", "a", "\\# x"},
	} {
		r.check(t, rules)
	}
}

// randomRule makes a rule of one of the paths.
func randomRule(rng *rand.Rand, paths []string) string {
	b := []byte(paths[rng.IntN(len(paths))])
	if rng.IntN(3) == 0 {
		i := rng.IntN(len(b))
		b = b[i:]
	}
	pieces := []string{"*", "**", "?", "/", "**/", "/**", "/**/", "[a-z]", "[!a]", "[", "]", "\\", "a", "-", "[[:alpha:]]", "*.log", "***", "!", " ", "\\/", "[^/]", "[\\a-c]"}
	for range rng.IntN(4) {
		i := rng.IntN(len(b) + 1)
		j := min(len(b), i+rng.IntN(3))
		b = append(b[:i:i], append([]byte(pieces[rng.IntN(len(pieces))]), b[j:]...)...)
	}
	switch rng.IntN(6) {
	case 0:
		return "!" + string(b)
	case 1:
		return "/" + string(b)
	case 2:
		return string(b) + "/"
	}
	return string(b)
}

func TestRandomRulesAreGits(t *testing.T) {
	r := newRepository(t)
	n := 40
	if testing.Short() {
		n = 10
	}
	rng := rand.New(rand.NewPCG(5, 6))
	for range n {
		// Many rules on lines of their own would hide each other, so that most are
		// asked about alone.
		lines := make([]string, 1)
		if rng.IntN(3) == 0 {
			lines = make([]string, 2+rng.IntN(6))
		}
		for i := range lines {
			lines[i] = strings.ReplaceAll(randomRule(rng, r.paths), "\n", "")
		}
		r.check(t, lines)
		if t.Failed() {
			return
		}
	}
}
