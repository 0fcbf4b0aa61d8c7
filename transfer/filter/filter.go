// Package filter decides which files and keys a transfer leaves out, by the
// rules of gitignore: they are read in order, the last one that matches wins, a
// rule that begins with "!" takes back what an earlier one excluded, and what
// lies in an excluded directory stays excluded whatever else is said of it.
//
//	rules, err := filter.New("*.log", "!keep.log", "/build/")
//	excluded, rule := rules.Match("build/main.o", false) // true, "/build/"
//
// A rule without a slash, but for one at its end, is matched against the name
// of a file or directory at any depth; one with a slash against the path from
// the root. A slash at the end limits a rule to directories. "*" and "?" match
// within a name, "**" any number of directories. As in git, "?" and "[a-z]"
// match one byte, and letters count in their case.
package filter

import (
	"iter"
	"slices"
	"strings"
)

// Rules are gitignore rules in the order they were given. The zero value and nil
// exclude nothing. Rules do not change once made, so that any number of
// goroutines may use them.
type Rules struct {
	rules []rule
	only  []set // a path must be in each, whatever the rules say
}

// New makes rules of one line each, in order: "*.log" excludes, "!keep.log"
// includes again. Lines that are empty or comments are skipped, as in a file. A
// rule that can match nothing, such as "[a-", is an error that names it.
func New(lines ...string) (*Rules, error) {
	r := &Rules{}
	for _, line := range lines {
		one, ok, err := parse(line)
		if err != nil {
			return nil, err
		}
		if ok {
			r.rules = append(r.rules, one)
		}
	}
	return r, nil
}

// Only makes rules that exclude everything but these paths, what lies under
// them, and the directories that lead to them. Paths are separated by slashes
// and relative; a "./" before and a slash behind are ignored. However many there
// are, a look-up takes the same time.
func Only(paths iter.Seq[string]) *Rules { return &Rules{only: []set{newSet(paths)}} }

// Append returns rules that are those of r followed by those of more, which
// therefore have the last word. A path must be in what both are limited to by
// Only. Either may be nil.
func (r *Rules) Append(more *Rules) *Rules {
	if r == nil {
		r = &Rules{}
	}
	if more == nil {
		more = &Rules{}
	}
	return &Rules{slices.Concat(r.rules, more.rules), slices.Concat(r.only, more.only)}
}

// Empty reports whether r has no rule, so that it excludes nothing.
func (r *Rules) Empty() bool { return r == nil || len(r.rules) == 0 && len(r.only) == 0 }

// Match reports whether path is excluded, by itself or because a directory that
// holds it is, and the rule that decided, as it was written. The rule is empty
// if none matched; if path is not excluded and the rule is not empty, that rule
// took it back. Path is relative, separated by slashes; dir says that it is a
// directory, and so does a slash at its end.
func (r *Rules) Match(path string, dir bool) (excluded bool, rule string) {
	if r.Empty() {
		return false, ""
	}
	for i := range len(path) - 1 {
		if path[i] == '/' {
			if excluded, rule := r.matchRules(path[:i], true); excluded {
				return true, rule
			}
		}
	}
	return r.MatchSelf(path, dir)
}

// MatchSelf is Match for those who walk a tree from its root and enter no
// excluded directory: it looks at path alone and not at the directories that
// hold it.
func (r *Rules) MatchSelf(path string, dir bool) (excluded bool, rule string) {
	if r.Empty() {
		return false, ""
	}
	if bare, ok := strings.CutSuffix(path, "/"); ok {
		path, dir = bare, true
	}
	for _, s := range r.only {
		if !s.has(path, dir) {
			return true, notListed
		}
	}
	return r.matchRules(path, dir)
}

// matchRules applies the rules to one path, whose last slash was taken off.
func (r *Rules) matchRules(path string, dir bool) (excluded bool, rule string) {
	base := path[strings.LastIndexByte(path, '/')+1:]
	for i := len(r.rules) - 1; i >= 0; i-- {
		if one := &r.rules[i]; one.match(path, base, dir) {
			return !one.include, one.text
		}
	}
	return false, ""
}
