package cli

import (
	"fmt"
	"math"
	"path"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// predicates are the tests of find. An entry must pass all of them; several of
// one kind of pattern are alternatives.
type predicates struct {
	names   []*regexp.Regexp // of the last element of the key
	paths   []*regexp.Regexp // of the whole key
	regexes []*regexp.Regexp // anywhere in the key
	sizes   []sizeTest
	newer   time.Time // entries after it; zero: no test
	older   time.Time // entries before it; zero: no test
}

// match reports whether e passes. What has no size and no time, such as a
// prefix, passes no test of them.
func (p *predicates) match(e entry) bool {
	if len(p.names) > 0 && !anyMatch(p.names, path.Base(e.key)) ||
		len(p.paths) > 0 && !anyMatch(p.paths, e.key) ||
		len(p.regexes) > 0 && !anyMatch(p.regexes, e.key) {
		return false
	}
	for _, t := range p.sizes {
		if e.dir || !t.match(e.size) {
			return false
		}
	}
	return (p.newer.IsZero() || e.modTime.After(p.newer)) &&
		(p.older.IsZero() || !e.modTime.IsZero() && e.modTime.Before(p.older))
}

func anyMatch(list []*regexp.Regexp, s string) bool {
	for _, re := range list {
		if re.MatchString(s) {
			return true
		}
	}
	return false
}

// sizeTest is one --size, in bytes.
type sizeTest struct{ min, max int64 }

func (t sizeTest) match(n int64) bool { return t.min <= n && n <= t.max }

// parseSizeTest reads +10M, more than that; -1k, less; or 4096, just that.
func parseSizeTest(s string) (sizeTest, error) {
	var n sizeFlag
	digits := strings.TrimLeft(s, "+-")
	if err := n.Set(digits); err != nil || len(s)-len(digits) > 1 {
		return sizeTest{}, fmt.Errorf("%q is no size to look for: write +10M for more, -1k for less, 4096 for just that", s)
	}
	switch s[0] {
	case '+':
		return sizeTest{int64(n) + 1, math.MaxInt64}, nil
	case '-':
		return sizeTest{0, int64(n) - 1}, nil
	}
	return sizeTest{int64(n), int64(n)}, nil
}

// ageUnits are those that time.ParseDuration does not know.
var ageUnits = map[byte]time.Duration{'d': 24 * time.Hour, 'w': 7 * 24 * time.Hour, 'y': 365 * 24 * time.Hour}

// parseMoment reads a point in time: an age such as 90s, 36h, 7d, 2w or 1y, which
// counts back from now; a date, in local time; or an RFC 3339 time.
func parseMoment(s string, now time.Time) (time.Time, error) {
	bad := func() (time.Time, error) {
		return time.Time{}, fmt.Errorf("%q is no time: write an age such as 36h or 7d, a date such as 2026-11-30, or 2026-11-30T12:00:00Z", s)
	}
	if s == "" {
		return bad()
	}
	for layout, loc := range map[string]*time.Location{time.RFC3339: time.UTC, time.DateOnly: now.Location()} {
		if t, err := time.ParseInLocation(layout, s, loc); err == nil {
			return t, nil
		}
	}
	age, err := time.ParseDuration(s)
	if unit, ok := ageUnits[s[len(s)-1]]; ok {
		var n float64
		n, err = strconv.ParseFloat(s[:len(s)-1], 64)
		if !(n*float64(unit) < math.MaxInt64) {
			return bad()
		}
		age = time.Duration(n * float64(unit))
	}
	if err != nil || age < 0 {
		return bad()
	}
	return now.Add(-age), nil
}
