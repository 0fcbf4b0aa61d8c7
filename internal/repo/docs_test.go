package repo

import (
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

func TestLicence(t *testing.T) {
	text := string(read(t, "LICENSE"))
	for _, want := range []string{"Apache License", "Version 2.0, January 2004"} {
		if !strings.Contains(text, want) {
			t.Errorf("LICENSE does not hold %q", want)
		}
	}
}

var (
	link    = regexp.MustCompile(`\]\(([^)\s]+)\)`)
	heading = regexp.MustCompile(`^#{1,6} (.+)$`)
	fence   = regexp.MustCompile("^\\s*(```|~~~)")
	unslug  = regexp.MustCompile(`[^\p{L}\p{N} _-]`)
)

func TestLinksResolve(t *testing.T) {
	for _, name := range listFiles(t) {
		if path.Ext(name) != ".md" || strings.Contains("/"+name, "/testdata/") {
			continue
		}
		for _, line := range prose(readText(t, name)) {
			for _, m := range link.FindAllStringSubmatch(line, -1) {
				checkLink(t, name, m[1])
			}
		}
	}
}

func checkLink(t *testing.T, from, target string) {
	t.Helper()
	if strings.Contains(target, "://") || strings.HasPrefix(target, "mailto:") {
		return
	}
	file, anchor, _ := strings.Cut(target, "#")
	to := from
	if file != "" {
		to = path.Join(path.Dir(from), file)
	}
	if _, err := os.Stat(filepath.Join(root, filepath.FromSlash(to))); err != nil {
		t.Errorf("%s links to %s, which does not exist", from, target)
		return
	}
	if anchor != "" && path.Ext(to) == ".md" && !slices.Contains(anchors(readText(t, to)), anchor) {
		t.Errorf("%s links to %s, but %s has no such heading", from, target, to)
	}
}

// prose returns the lines that stand outside fenced code.
func prose(lines []string) []string {
	var out []string
	code := false
	for _, line := range lines {
		if fence.MatchString(line) {
			code = !code
		} else if !code {
			out = append(out, line)
		}
	}
	return out
}

// anchors returns the names that GitHub gives to the headings of a page.
func anchors(lines []string) []string {
	var names []string
	for _, line := range prose(lines) {
		if m := heading.FindStringSubmatch(line); m != nil {
			s := unslug.ReplaceAllString(strings.ToLower(m[1]), "")
			names = append(names, strings.ReplaceAll(s, " ", "-"))
		}
	}
	return names
}

// A change is described by its kind and title, an empty line, and prose.
// changes/README.md says so to people.
var (
	changeName  = regexp.MustCompile(`^[a-z0-9]+(-[a-z0-9]+)*\.md$`)
	changeTitle = regexp.MustCompile(`^(New|Change|Fix|Security|Removal): \S.*[^.\s]$`)
)

func TestChangesFollowTheTemplate(t *testing.T) {
	n := 0
	for _, name := range listFiles(t) {
		file, ok := strings.CutPrefix(name, "changes/unreleased/")
		if !ok {
			continue
		}
		n++
		lines := readText(t, name)
		switch {
		case !changeName.MatchString(file):
			t.Errorf("%s: want a name of lower-case words joined by hyphens, ending in .md", name)
		case !changeTitle.MatchString(lines[0]):
			t.Errorf("%s: the first line %q does not match %s", name, lines[0], changeTitle)
		case len(lines[0]) > 80:
			t.Errorf("%s: the first line is longer than 80 characters", name)
		case len(lines) < 3 || lines[1] != "" || strings.TrimSpace(lines[2]) == "":
			t.Errorf("%s: after the first line come an empty one and what changed", name)
		}
	}
	if n == 0 {
		t.Error("changes/unreleased is empty, or the walk does not see it")
	}
}

var decisionName = regexp.MustCompile(`^\d{4}-[a-z0-9]+(-[a-z0-9]+)*\.md$`)

func TestDecisionsFollowTheTemplate(t *testing.T) {
	seen := map[string]string{}
	for _, name := range listFiles(t) {
		file, ok := strings.CutPrefix(name, "docs/decisions/")
		if !ok || file == "README.md" {
			continue
		}
		if !decisionName.MatchString(file) {
			t.Errorf("%s: want a name such as 0001-own-client.md", name)
			continue
		}
		if other := seen[file[:4]]; other != "" {
			t.Errorf("%s has the number of %s", name, other)
		}
		seen[file[:4]] = name
		text := strings.Join(readText(t, name), "\n")
		for _, part := range []string{"\n## Context\n", "\n## Choice\n", "\n## What we gave up\n"} {
			if !strings.Contains(text, part) {
				t.Errorf("%s has no part %q", name, strings.TrimSpace(part))
			}
		}
	}
	if len(seen) == 0 {
		t.Error("docs/decisions is empty, or the walk does not see it")
	}
}
