package cli

import (
	"fmt"
	"regexp"
	"strings"
)

// compileGlob turns a shell pattern into one that matches a whole string. As in
// find, * and ? match every character, slashes too: keys have no levels but
// those that people see in them.
func compileGlob(glob string) (*regexp.Regexp, error) {
	var re strings.Builder
	re.WriteString(`(?s)\A`)
	rest := glob
	for rest != "" {
		c := rest[0]
		rest = rest[1:]
		switch c {
		case '*':
			re.WriteString(".*")
		case '?':
			re.WriteByte('.')
		case '[':
			class, after, err := globClass(rest)
			if err != nil {
				return nil, fmt.Errorf("pattern %q: %w", glob, err)
			}
			re.WriteString(class)
			rest = after
		case '\\':
			if rest == "" {
				return nil, fmt.Errorf("pattern %q ends in a backslash that escapes nothing", glob)
			}
			re.WriteString(regexp.QuoteMeta(rest[:1]))
			rest = rest[1:]
		default:
			re.WriteString(quoteByte(c))
		}
	}
	re.WriteString(`\z`)
	compiled, err := regexp.Compile(re.String())
	if err != nil {
		return nil, fmt.Errorf("pattern %q: %w", glob, err)
	}
	return compiled, nil
}

// quoteByte leaves the bytes of a longer character alone, which are never special.
func quoteByte(c byte) string {
	if c >= 0x80 {
		return string([]byte{c})
	}
	return regexp.QuoteMeta(string(rune(c)))
}

// globClass reads [abc], [a-z] or [!a-z], of which the opening bracket has been
// read.
func globClass(s string) (class, rest string, err error) {
	i := 0
	if i < len(s) && (s[i] == '!' || s[i] == '^') {
		i++
	}
	if i < len(s) && s[i] == ']' { // a bracket that comes first is itself
		i++
	}
	end := strings.IndexByte(s[min(i, len(s)):], ']')
	if end < 0 {
		return "", "", fmt.Errorf("[ has no ]; write \\[ for the character")
	}
	inner, rest := s[:i+end], s[i+end+1:]
	negated := inner[0] == '!' || inner[0] == '^'
	if negated {
		inner = inner[1:]
	}
	var b strings.Builder
	b.WriteByte('[')
	if negated {
		b.WriteByte('^')
	}
	for _, c := range inner {
		if c != '-' && strings.ContainsRune(`\[]^&~`, c) {
			b.WriteByte('\\')
		}
		b.WriteRune(c)
	}
	b.WriteByte(']')
	return b.String(), rest, nil
}
