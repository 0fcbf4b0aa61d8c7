package interop

import (
	"encoding/json"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"time"
)

// out are the results of a call, or those that are wanted. What is wanted may hold matchers.
type out map[string]any

// list is a list of results.
type list []any

// A matcher says what is wrong with a value, "" if nothing is. The value is nil if there is none.
type matcher func(got any) string

// diff says where got is not as o wants it, "" if it is. Results that o does not name do not matter.
func (o out) diff(got out) string {
	var wrong []string
	for _, name := range slices.Sorted(maps.Keys(o)) {
		if d := diff(o[name], got[name]); d != "" {
			wrong = append(wrong, name+": "+d)
		}
	}
	return strings.Join(wrong, "; ")
}

func diff(want, got any) string {
	switch want := want.(type) {
	case matcher:
		return want(got)
	case out:
		m, ok := got.(map[string]any)
		if !ok {
			return fmt.Sprintf("got %s, want members", show(got))
		}
		return want.diff(m)
	case list:
		g, ok := got.([]any)
		if !ok && got != nil || len(g) != len(want) {
			return fmt.Sprintf("got %s, want %d of them", show(got), len(want))
		}
		for i := range want {
			if d := diff(want[i], g[i]); d != "" {
				return fmt.Sprintf("%d: %s", i, d)
			}
		}
		return ""
	case int:
		return diff(float64(want), got)
	default:
		if want != got {
			return fmt.Sprintf("got %s, want %s", show(got), show(want))
		}
		return ""
	}
}

func show(v any) string {
	b, err := json.Marshal(v)
	if err != nil {
		return fmt.Sprint(v)
	}
	return string(b)
}

// absent wants no value, or one that SDKs give where there is none.
func absent(got any) string {
	switch got {
	case nil, "", false, 0.0:
		return ""
	}
	if l, ok := got.([]any); ok && len(l) == 0 {
		return ""
	}
	if m, ok := got.(map[string]any); ok && len(m) == 0 {
		return ""
	}
	return fmt.Sprintf("got %s, want none", show(got))
}

// present wants some value.
func present(got any) string {
	if absent(got) == "" {
		return "got none, want some"
	}
	return ""
}

// matching wants a string that an expression describes in full.
func matching(expr string) matcher {
	re := regexp.MustCompile(`^(?:` + expr + `)$`)
	return func(got any) string {
		if s, ok := got.(string); !ok || !re.MatchString(s) {
			return fmt.Sprintf("got %s, want %s", show(got), expr)
		}
		return ""
	}
}

// either wants one of several values.
func either(values ...any) matcher {
	return func(got any) string {
		for _, v := range values {
			if diff(v, got) == "" {
				return ""
			}
		}
		return fmt.Sprintf("got %s, want one of %s", show(got), show(values))
	}
}

// near wants a date within some minutes of at.
func near(at time.Time) matcher {
	return func(got any) string {
		s, _ := got.(string)
		date, err := time.Parse(time.RFC3339, s)
		if err != nil || date.Sub(at).Abs() > 5*time.Minute {
			return fmt.Sprintf("got %s, want a date near %s", show(got), at.UTC().Format(time.RFC3339))
		}
		return ""
	}
}

// has wants a list with a member like want, among others.
func has(want any) matcher {
	return func(got any) string {
		l, _ := got.([]any)
		for _, g := range l {
			if diff(want, g) == "" {
				return ""
			}
		}
		return fmt.Sprintf("got %s, without the one wanted", show(got))
	}
}

// ofLength wants a list of n members.
func ofLength(n int) matcher {
	return func(got any) string {
		if l, _ := got.([]any); len(l) != n {
			return fmt.Sprintf("got %s, want %d of them", show(got), n)
		}
		return ""
	}
}

// Matchers that are used all over.
var (
	none    = matcher(absent)
	some    = matcher(present)
	etag    = matching(`"?[0-9a-f]{32}"?`)
	version = matching(`[0-9A-Za-z._-]+`)
)

// str returns a result that is a string.
func (o out) str(name string) string {
	s, _ := o[name].(string)
	return s
}
