package rapid_test

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

// TestRequirements holds the numbers of docs/rapid.md together: each is given
// once, in the section it says and in order, and those cited exist.
func TestRequirements(t *testing.T) {
	doc, err := os.ReadFile(filepath.Join("..", "docs", "rapid.md"))
	if err != nil {
		t.Fatal(err)
	}
	given := map[string]bool{}
	section, number := "", 0
	start := regexp.MustCompile(`^## (\d+)\. `)
	define := regexp.MustCompile(`\*\*(R(\d+)\.(\d+))\*\*`)
	for line := range strings.Lines(string(doc)) {
		if m := start.FindStringSubmatch(line); m != nil {
			section, number = m[1], 0
		}
		for _, m := range define.FindAllStringSubmatch(line, -1) {
			number++
			if m[2] != section || m[3] != strconv.Itoa(number) {
				t.Errorf("%s stands in section %s where R%s.%d is due", m[1], section, section, number)
			}
			given[m[1]] = true
		}
	}
	if len(given) < 50 {
		t.Fatalf("found %d requirements, want all", len(given))
	}

	cite := regexp.MustCompile(`\bR\d+\.\d+\b`)
	check := func(name string, text []byte) {
		for _, r := range cite.FindAllString(string(text), -1) {
			if !given[r] {
				t.Errorf("%s cites %s, which is not in docs/rapid.md", name, r)
			}
		}
	}
	check("docs/rapid.md", doc)
	err = filepath.WalkDir(".", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || !strings.HasSuffix(name, ".go") {
			return err
		}
		text, err := os.ReadFile(name)
		check(name, text)
		return err
	})
	if err != nil {
		t.Error(err)
	}
}
