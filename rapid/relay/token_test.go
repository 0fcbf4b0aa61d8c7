package relay

import (
	"strings"
	"testing"
)

func TestParseTokens(t *testing.T) {
	secret, other := NewSecret(), NewSecret()
	tokens, err := ParseTokens(strings.NewReader("# callers\n\nlaptop " + secret + "\n  ci\t" + other + "  \r\n"))
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ secret, want string }{
		{secret, "laptop"},
		{other, "ci"},
		{secret + "x", ""},
		{secret[:len(secret)-1], ""},
		{"", ""},
		{"laptop", ""},
	} {
		got, ok := matchToken(tokens, c.secret)
		if ok != (c.want != "") || got.Name != c.want {
			t.Errorf("matchToken(%q) = %q, %v; want %q", c.secret, got.Name, ok, c.want)
		}
	}
	for name, file := range map[string]string{
		"a secret alone":     secret,
		"three columns":      "laptop " + secret + " x",
		"columns swapped":    secret + "= laptop",
		"short":              "laptop " + secret[:10],
		"long":               "laptop " + strings.Repeat("x", 600),
		"not ASCII":          "laptop " + secret + "é",
		"two of one name":    "a " + secret + "\na " + other,
		"a line without end": "a " + strings.Repeat("x", 1<<20),
		"too many":           strings.Repeat("x", 0) + many(1001),
	} {
		_, err := ParseTokens(strings.NewReader(file))
		if err == nil {
			t.Errorf("%s is accepted", name)
		} else if strings.Contains(err.Error(), secret) {
			t.Errorf("%s: the error shows the secret: %v", name, err)
		}
	}
}

func many(n int) string {
	var b strings.Builder
	for i := range n {
		b.WriteString("t" + strings.Repeat("a", i%50) + strings.Repeat("b", i/50) + " " + NewSecret() + "\n")
	}
	return b.String()
}
