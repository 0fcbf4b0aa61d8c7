package filter_test

import (
	"slices"
	"testing"

	"github.com/icos-go/icos/transfer/filter"
)

func TestString(t *testing.T) {
	rules, err := filter.New("*.log", "", "# comment", "!keep.log")
	if err != nil {
		t.Fatal(err)
	}
	if got, want := rules.String(), "*.log\n!keep.log\n"; got != want {
		t.Errorf("String = %q, want %q", got, want)
	}
	if got := (*filter.Rules)(nil).String(); got != "" {
		t.Errorf("String of nil = %q", got)
	}
	ab := filter.Only(slices.Values([]string{"a", "b"})).String()
	ba := filter.Only(slices.Values([]string{"b", "a"})).String()
	ac := filter.Only(slices.Values([]string{"a", "c"})).String()
	if ab != ba || ab == ac {
		t.Errorf("sets of paths have strings %q, %q, %q", ab, ba, ac)
	}
}
