package cli

import "strings"

// differences are how many entries there are of each kind. As an error it is
// what diff ends with when there are any.
type differences struct {
	one, other         location
	same, unsure       int64
	onlyOne, onlyOther int64
	both               int64 // both have it, and differently
}

func (d *differences) total() int64 { return d.onlyOne + d.onlyOther + d.both }

func (d *differences) Error() string {
	var kinds []string
	for _, k := range []struct {
		n    int64
		what string
	}{
		{d.onlyOne, "only in " + d.one.String()},
		{d.onlyOther, "only in " + d.other.String()},
		{d.both, "in both, but not the same"},
	} {
		if k.n > 0 {
			kinds = append(kinds, count(k.n)+" "+k.what)
		}
	}
	return plural(d.total(), "difference") + ": " + strings.Join(kinds, "; ")
}

// someUnsure ends a comparison that could not be completed.
type someUnsure struct{ *differences }

func (e *someUnsure) Error() string {
	text := plural(e.unsure, "object") + " could not be compared"
	if e.total() > 0 {
		text += "; " + e.differences.Error()
	}
	return text
}
