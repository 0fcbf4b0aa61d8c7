package filter

import (
	"iter"
	"strings"
)

// notListed is the rule named for what a set excludes.
const notListed = "(not in the list of files)"

// A set is the paths that Only was given, and the directories above them.
type set map[string]membership

type membership bool

const (
	leadsTo membership = false // a directory above a listed path
	listed  membership = true
)

func newSet(paths iter.Seq[string]) set {
	s := set{}
	for path := range paths {
		for strings.HasPrefix(path, "./") {
			path = path[2:]
		}
		path = strings.TrimRight(path, "/")
		if path == "" {
			continue
		}
		s[path] = listed
		for above := parent(path); above != ""; above = parent(above) {
			if _, ok := s[above]; ok {
				break
			}
			s[above] = leadsTo
		}
	}
	return s
}

// parent returns the directory that holds path, or "".
func parent(path string) string { return path[:max(0, strings.LastIndexByte(path, '/'))] }

// has reports whether path is listed, lies under a path that is, or is a
// directory that leads to one.
func (s set) has(path string, dir bool) bool {
	if how, ok := s[path]; ok && (dir || how == listed) {
		return true
	}
	for above := parent(path); above != ""; above = parent(above) {
		if s[above] == listed {
			return true
		}
	}
	return false
}
