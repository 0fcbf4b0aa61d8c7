package cli_test

import (
	"testing"

	"github.com/icos-go/icos/internal/cli"
)

// TestReflow breaks lines of help for narrow terminals, and leaves alone what is a table or fits.
func TestReflow(t *testing.T) {
	const text = "one two three four\nfive\n\n  a   b\n  c   d eeeeeeeee\n\nshort"
	for width, want := range map[int]string{
		0:  text,
		18: text,
		10: "one two\nthree four\nfive\n\n  a   b\n  c   d eeeeeeeee\n\nshort",
		3:  "one\ntwo\nthree\nfour\nfive\n\n  a   b\n  c   d eeeeeeeee\n\nshort",
	} {
		if got := cli.Reflow(text, width); got != want {
			t.Errorf("%d columns:\n%s\nwant\n%s", width, got, want)
		}
	}
}

// TestDistance counts the letters that differ, by which a flag is suggested.
func TestDistance(t *testing.T) {
	for _, test := range []struct {
		a, b string
		want int
	}{
		{"", "", 0}, {"--json", "--json", 0}, {"--jsn", "--json", 1}, {"--recursiv", "--recursive", 1}, {"--jason", "--json", 1}, {"kitten", "sitting", 3}, {"", "abc", 3},
	} {
		if got := cli.Distance(test.a, test.b); got != test.want {
			t.Errorf("%q to %q: %d, want %d", test.a, test.b, got, test.want)
		}
	}
}
