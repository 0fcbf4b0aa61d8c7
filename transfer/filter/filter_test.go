package filter_test

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/icos-go/icos/transfer/filter"
)

func rules(t testing.TB, lines ...string) *filter.Rules {
	t.Helper()
	r, err := filter.New(lines...)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func TestTheLastRuleThatMatchesDecides(t *testing.T) {
	r := rules(t, "*.log", "!keep.log", "/build/", "# comment", "", "tmp/")
	for _, c := range []struct {
		path     string
		dir      bool
		excluded bool
		rule     string
	}{
		{"a", false, false, ""},
		{"a.log", false, true, "*.log"},
		{"d/e/a.log", false, true, "*.log"},
		{"d/keep.log", false, false, "!keep.log"},
		{"build", false, false, ""},
		{"build", true, true, "/build/"},
		{"build/", false, true, "/build/"},
		{"build/main.o", false, true, "/build/"},
		{"d/build/main.o", false, false, ""},
		{"d/tmp/keep.log", false, true, "tmp/"},
		{"tmp", false, false, ""},
		{"# comment", false, false, ""},
	} {
		if excluded, rule := r.Match(c.path, c.dir); excluded != c.excluded || rule != c.rule {
			t.Errorf("Match(%q, %v) = %v, %q; want %v, %q", c.path, c.dir, excluded, rule, c.excluded, c.rule)
		}
	}
	if excluded, _ := r.MatchSelf("tmp/x", false); excluded {
		t.Error("MatchSelf looks at the directories above")
	}
}

func TestNoRulesExcludeNothing(t *testing.T) {
	for _, r := range []*filter.Rules{nil, {}, rules(t), rules(t, "# nothing")} {
		if excluded, rule := r.Match("a/b", false); excluded || rule != "" || !r.Empty() {
			t.Errorf("Match = %v, %q; Empty = %v", excluded, rule, r.Empty())
		}
	}
}

func TestRulesThatMatchNothingAreRefused(t *testing.T) {
	for _, line := range []string{"[a", "a[", "[[:alpha:]", "[[:nope:]]", `a\`, "a//b", "!", "/", "!/", "a//", strings.Repeat("a", 5000)} {
		if _, err := filter.New("ok", line); err == nil || !strings.Contains(err.Error(), line[:min(len(line), 10)]) {
			t.Errorf("New(%.20q): %v, want an error that names it", line, err)
		}
	}
}

func TestRulesFromFile(t *testing.T) {
	name := filepath.Join(t.TempDir(), "rules")
	write := func(content string) {
		if err := os.WriteFile(name, []byte(content), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	write("\uFEFF*.o\r\n# comment\r\n\r\n!main.o  \n*.log")
	r, err := filter.FromFile(name)
	if err != nil {
		t.Fatal(err)
	}
	for path, want := range map[string]string{"x.o": name + ":1: *.o", "main.o": name + ":4: !main.o", "a.log": name + ":5: *.log"} {
		if _, rule := r.Match(path, false); rule != want {
			t.Errorf("Match(%q) is decided by %q, want %q", path, rule, want)
		}
	}
	write("a\nb\n[c\n")
	if _, err := filter.FromFile(name); err == nil || !strings.HasPrefix(err.Error(), name+":3: ") {
		t.Errorf("error %v, want one that begins with file and line", err)
	}
	write(strings.Repeat("a\n", 1<<19) + "b")
	if _, err := filter.FromFile(name); err == nil {
		t.Error("a file of more than a megabyte is read")
	}
	if _, err := filter.FromFile(name + "x"); !os.IsNotExist(err) {
		t.Errorf("missing file: %v", err)
	}
}

func TestAppend(t *testing.T) {
	a, b := rules(t, "*.log"), rules(t, "!keep.log")
	for _, c := range []struct {
		r    *filter.Rules
		want bool
	}{{a.Append(b), false}, {b.Append(a), true}, {a.Append(nil), true}, {(*filter.Rules)(nil).Append(a), true}, {(*filter.Rules)(nil).Append(nil), false}} {
		if got, _ := c.r.Match("keep.log", false); got != c.want {
			t.Errorf("keep.log is excluded: %v, want %v", got, c.want)
		}
	}
	if excluded, _ := a.Match("keep.log", false); !excluded {
		t.Error("Append changed its receiver")
	}
}

func TestOnly(t *testing.T) {
	r := filter.Only(slices.Values([]string{"a/b/c", "./d", "e/f/", "", "d/x"})).Append(rules(t, "*.log"))
	for path, want := range map[string]bool{
		"a/": false, "a/b/": false, "a/b/c": false, "a": true, "a/b": true, "a/x": true, "b/": true, "c": true, "ab": true,
		"d": false, "d/": false, "d/any": false, "d/any/x": false, "d/x.log": true, "dd": true,
		"e/": false, "e/f/": false, "e/f/g/h": false, "e/g": true, "e/f": false,
	} {
		if got, rule := r.Match(path, false); got != want || got && rule == "" {
			t.Errorf("Match(%q) = %v, %q; want %v", path, got, rule, want)
		}
	}
	both := filter.Only(slices.Values([]string{"a", "b"})).Append(filter.Only(slices.Values([]string{"b", "c"})))
	for path, want := range map[string]bool{"a": true, "b": false, "c": true} {
		if got, _ := both.Match(path, false); got != want {
			t.Errorf("in both lists: Match(%q) = %v, want %v", path, got, want)
		}
	}
	if none := filter.Only(slices.Values([]string(nil))); none.Empty() {
		t.Error("an empty list excludes nothing")
	}
}

// The classic that takes exponential time when ways are tried one by one. Two
// kilobytes against one would not end before the stars do.
func TestPatternsDoNotExplode(t *testing.T) {
	text := strings.Repeat("a", 1000)
	for _, pattern := range []string{
		strings.Repeat("a*", 500) + "b", strings.Repeat("*a", 500) + "b", strings.Repeat("**/", 300) + "b", strings.Repeat("a/**/", 300) + "b",
		strings.Repeat("[a-z]*", 300) + "b", strings.Repeat("?*", 500) + "b",
	} {
		r := rules(t, pattern)
		for _, path := range []string{text, strings.Repeat("a/", 500) + "a", text + "c/" + text} {
			if excluded, _ := r.Match(path, false); excluded {
				t.Errorf("%.20q matches %.20q", pattern, path)
			}
		}
	}
}

func FuzzMatch(f *testing.F) {
	for _, seed := range [][2]string{{"*.log", "a/b.log"}, {"a/**/b", "a/x/b"}, {"[!a-c]?", "xy"}, {"!**/x/", "x/y"}, {`\[a]`, "[a]"}, {"[[:alpha:]-z]", "q"}, {"**/", "a"}} {
		f.Add(seed[0], seed[1])
	}
	f.Fuzz(func(t *testing.T, line, path string) {
		r, err := filter.New(line)
		if err != nil {
			return
		}
		self, rule := r.MatchSelf(path, false)
		all, _ := r.Match(path, false)
		if self && !all {
			t.Errorf("%q excludes %q by itself and not with its directories", line, path)
		}
		if self && (rule == "" || strings.HasPrefix(rule, "!")) {
			t.Errorf("%q is excluded by %q", path, rule)
		}
		// What is literal matches itself.
		if path != "" && !strings.ContainsAny(path, "*?[\\!# /\r\n") && len(path) < 1000 {
			if excluded, _ := rules(t, path).Match("d/"+path, false); !excluded {
				t.Errorf("%q does not match itself", path)
			}
		}
	})
}

func BenchmarkMatch(b *testing.B) {
	r := rules(b, "*.log", "!keep.log", "/build/", "node_modules/", ".git", "*.tmp", "cache/**/*.bin", "**/generated/*.go")
	b.ReportAllocs()
	for b.Loop() {
		r.MatchSelf("src/server/handlers/upload.go", false)
	}
}

func ExampleRules_Match() {
	r, err := filter.New("*.log", "!keep.log", "/build/")
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(r.Match("build/main.o", false))
	fmt.Println(r.Match("logs/keep.log", false))
	// Output:
	// true /build/
	// false !keep.log
}
