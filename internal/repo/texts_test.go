package repo

import (
	"path"
	"regexp"
	"strings"
	"testing"
)

// banned are patterns that no text of ours may hold. They are written so that
// this file does not hold them either.
var banned = []struct {
	pattern *regexp.Regexp
	why     string
}{
	{regexp.MustCompile(`(^|[^\w.\-/])/(w[o]rk|ro[o]t)(/|\s|$|["'\x60)])`), "a path of one machine means nothing on another"},
	{regexp.MustCompile(`/tmp/pl[a]n`), "a path of one machine means nothing on another"},
	{regexp.MustCompile(`(?i)\b(pypi\.or[g]|npmjs\.or[g]|proxy\.golang\.or[g]|repo1?\.maven)`), "packages are named, not the hosts that serve them: people use mirrors"},
	{regexp.MustCompile(`\b(TOD[O]|FIXM[E]|XX[X])\b($|[^(]|\([^#])`), "give it an issue: TOD" + "O(#12)"},
	{regexp.MustCompile(`^(<{7}|>{7}) `), "a merge was left unfinished"},
}

func TestTexts(t *testing.T) {
	for _, name := range listFiles(t) {
		switch path.Ext(name) {
		case ".sum", ".png", ".pem":
			continue
		}
		if strings.Contains("/"+name, "/testdata/fuzz/") {
			continue // what a fuzzer finds is nobody's text
		}
		for i, line := range readText(t, name) {
			for _, b := range banned {
				if m := b.pattern.FindString(line); m != "" {
					t.Errorf("%s:%d: %q: %s", name, i+1, strings.TrimSpace(m), b.why)
				}
			}
		}
	}
}

func TestBannedPatterns(t *testing.T) {
	tests := []struct {
		line string
		want bool
	}{
		{"see /wor" + "k/notes", true},
		{`dir := "/roo` + `t"`, true},
		{"GET /workspace/root", false},
		{"arn/root/x", false},
		{"// TO" + "DO: later", true},
		{"// TO" + "DO(#7): later", false},
		{"https://pypi.or" + "g/simple", true},
	}
	for _, test := range tests {
		got := false
		for _, b := range banned {
			got = got || b.pattern.MatchString(test.line)
		}
		if got != test.want {
			t.Errorf("banned(%q) = %v, want %v", test.line, got, test.want)
		}
	}
}
