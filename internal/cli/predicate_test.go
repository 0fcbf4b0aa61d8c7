package cli

import (
	"math"
	"testing"
	"time"
)

func TestCompileGlob(t *testing.T) {
	for _, tt := range []struct {
		glob, s string
		want    bool
	}{
		{"*.jpg", "a.jpg", true},
		{"*.jpg", "a.jpeg", false},
		{"*.jpg", "dir/a.jpg", true},
		{"a?c", "a/c", true},
		{"a?c", "aäc", true},
		{"", "", true},
		{"a.c", "abc", false},
		{"a\nb*", "a\nb\n", true},
		{"[abc]x", "bx", true},
		{"[!abc]x", "bx", false},
		{"[!abc]x", "dx", true},
		{"[^abc]x", "ax", false},
		{"[a-c0-9]", "7", true},
		{"[]]", "]", true},
		{"[!]]", "a", true},
		{"[[]", "[", true},
		{`[\]`, `\`, true},
		{"[a^]", "^", true},
		{"[ä-ö]", "ö", true},
		{`\*`, "*", true},
		{`\*`, "x", false},
		{"ü*", "über", true},
		{"a(b|c)+$", "a(b|c)+$", true},
	} {
		re, err := compileGlob(tt.glob)
		if err != nil {
			t.Errorf("compileGlob(%q): %v", tt.glob, err)
			continue
		}
		if got := re.MatchString(tt.s); got != tt.want {
			t.Errorf("%q matches %q: %v, want %v (as %s)", tt.glob, tt.s, got, tt.want, re)
		}
	}
	for _, glob := range []string{"[", "[]", "[!", "[!]", "[abc", `a\`, "[z-a]"} {
		if re, err := compileGlob(glob); err == nil {
			t.Errorf("compileGlob(%q) = %v, want an error", glob, re)
		}
	}
}

func TestParseSizeTest(t *testing.T) {
	for in, want := range map[string]sizeTest{
		"+10M":   {10<<20 + 1, math.MaxInt64},
		"-1k":    {0, 1023},
		"4096":   {4096, 4096},
		"+1.5KB": {1501, math.MaxInt64},
		"0":      {0, 0},
		"-0":     {0, -1},
	} {
		got, err := parseSizeTest(in)
		if err != nil || got != want {
			t.Errorf("parseSizeTest(%q) = %v, %v; want %v", in, got, err, want)
		}
	}
	for _, in := range []string{"", "+", "-", "x", "++1", "+-1", "1X", "+1 2"} {
		if got, err := parseSizeTest(in); err == nil {
			t.Errorf("parseSizeTest(%q) = %v, want an error", in, got)
		}
	}
}

func TestParseMoment(t *testing.T) {
	zone := time.FixedZone("", 2*60*60)
	now := time.Date(2026, 11, 22, 12, 0, 0, 0, zone)
	for in, want := range map[string]time.Time{
		"7d":                        now.Add(-7 * 24 * time.Hour),
		"2w":                        now.Add(-14 * 24 * time.Hour),
		"1y":                        now.Add(-365 * 24 * time.Hour),
		"1.5d":                      now.Add(-36 * time.Hour),
		"36h":                       now.Add(-36 * time.Hour),
		"1h30m":                     now.Add(-90 * time.Minute),
		"0s":                        now,
		"2026-11-20":                time.Date(2026, 11, 20, 0, 0, 0, 0, zone),
		"2026-11-20T08:00:00Z":      time.Date(2026, 11, 20, 8, 0, 0, 0, time.UTC),
		"2026-11-20T08:00:00+02:00": time.Date(2026, 11, 20, 6, 0, 0, 0, time.UTC),
	} {
		got, err := parseMoment(in, now)
		if err != nil || !got.Equal(want) {
			t.Errorf("parseMoment(%q) = %v, %v; want %v", in, got, err, want)
		}
	}
	for _, in := range []string{"", "7", "d", "tomorrow", "-1d", "-3h", "1e99y", "NaNd", "2026-13-01", "7 days"} {
		if got, err := parseMoment(in, now); err == nil {
			t.Errorf("parseMoment(%q) = %v, want an error", in, got)
		}
	}
}

func TestPredicates(t *testing.T) {
	at := time.Date(2026, 11, 22, 0, 0, 0, 0, time.UTC)
	e := entry{key: "a/b.txt", size: 10, modTime: at}
	dir := entry{key: "a/", dir: true}
	for name, tt := range map[string]struct {
		p               predicates
		entry, forsaken bool // match e, match dir
	}{
		"none":      {predicates{}, true, true},
		"size":      {predicates{sizes: []sizeTest{{1, 10}}}, true, false},
		"two sizes": {predicates{sizes: []sizeTest{{1, 10}, {11, 20}}}, false, false},
		"newer":     {predicates{newer: at.Add(-1)}, true, false},
		"same time": {predicates{newer: at}, false, false},
		"older":     {predicates{older: at.Add(1)}, true, false},
		"not older": {predicates{older: at}, false, false},
	} {
		if got := tt.p.match(e); got != tt.entry {
			t.Errorf("%s: match of an object is %v, want %v", name, got, tt.entry)
		}
		if got := tt.p.match(dir); got != tt.forsaken {
			t.Errorf("%s: match of a prefix is %v, want %v", name, got, tt.forsaken)
		}
	}
}

func TestParseRange(t *testing.T) {
	for in, want := range map[string][2]int64{ // offset and length
		"0-99": {0, 100}, "5-5": {5, 1}, "100-": {100, 0}, "-100": {-100, 0}, "0-": {0, 0},
	} {
		o, err := parseRange(in)
		if err != nil || o.Offset != want[0] || o.Length != want[1] {
			t.Errorf("parseRange(%q) = %d, %d, %v; want %v", in, o.Offset, o.Length, err, want)
		}
	}
	for _, in := range []string{"", "-", "5", "5-4", "a-b", "-0", "1-2-3", "+1-2", "99999999999999999999-"} {
		if o, err := parseRange(in); err == nil {
			t.Errorf("parseRange(%q) = %v, want an error", in, o)
		}
	}
}
