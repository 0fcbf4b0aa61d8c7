package filter

import (
	"crypto/sha256"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// String returns the rules as they were written, one a line, and of sets made by
// [Only] their number of paths and a hash: rules that decide differently have
// different strings. That of nil is empty.
func (r *Rules) String() string {
	if r == nil {
		return ""
	}
	var b strings.Builder
	for i := range r.rules {
		b.WriteString(r.rules[i].text)
		b.WriteByte('\n')
	}
	for _, s := range r.only {
		hash := sha256.New()
		for _, path := range slices.Sorted(maps.Keys(s)) {
			fmt.Fprintf(hash, "%q %v\n", path, s[path]) // a hash takes all it is given
		}
		fmt.Fprintf(&b, "only %d paths, %x\n", len(s), hash.Sum(nil)[:16])
	}
	return b.String()
}
