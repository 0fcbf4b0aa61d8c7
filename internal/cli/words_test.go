package cli

import (
	"slices"
	"testing"
)

func TestSplitWords(t *testing.T) {
	for _, c := range []struct {
		line string
		want []string
	}{
		{"", nil},
		{"   \t ", nil},
		{"# all of it", nil},
		{"cp a cos://b/", []string{"cp", "a", "cos://b/"}},
		{"cp a cos://b/ # and more", []string{"cp", "a", "cos://b/"}},
		{"cp a#1 cos://b/#2", []string{"cp", "a#1", "cos://b/#2"}},
		{`cp "a b" 'c "d" \e' cos://b/`, []string{"cp", "a b", `c "d" \e`, "cos://b/"}},
		{`cp "a \"b\" \n \\" x`, []string{"cp", `a "b" \n \`, "x"}},
		{`cp '' ""`, []string{"cp", "", ""}},
		{`cp pre'mid'"post"`, []string{"cp", "premidpost"}},
		{"rm cos://b/x\r", []string{"rm", "cos://b/x"}},
	} {
		got, err := splitWords(c.line)
		if err != nil || !slices.Equal(got, c.want) {
			t.Errorf("splitWords(%q) = %q, %v, want %q", c.line, got, err, c.want)
		}
	}
	for _, line := range []string{`cp "a`, `cp 'a`, `"`} {
		if got, err := splitWords(line); err == nil {
			t.Errorf("splitWords(%q) = %q, want an error", line, got)
		}
	}
}
