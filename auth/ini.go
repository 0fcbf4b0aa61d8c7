package auth

import (
	"bytes"
	"fmt"
	"strings"
)

// Bounds on an INI file beside its size.
const maxSections = 10_000

// A section is the options of one [section] by lower-case name. An option nested
// under another ("s3 =" and then an indented "signature_version = oauth") is named
// "s3.signature_version".
type section map[string]string

// parseINI reads the format of ~/.aws/credentials and ~/.aws/config. A section given
// twice is one section, the later option winning. Errors name a line and never quote
// it.
func parseINI(b []byte) (map[string]section, error) {
	sections := make(map[string]section)
	var current section
	var parent string // the option that a line indented deeper belongs to
	parentIndent := 0
	n := 0
	for line := range bytes.SplitSeq(bytes.TrimPrefix(b, utf8BOM), []byte("\n")) {
		n++
		text := strings.TrimSpace(string(line))
		indent := len(line) - len(bytes.TrimLeft(line, " \t"))
		nested := parent != "" && indent > parentIndent
		switch {
		case text == "" || text[0] == '#' || text[0] == ';':
		case text[0] == '[' && !nested:
			name, after, ok := strings.Cut(text[1:], "]")
			if after = strings.TrimSpace(after); !ok || after != "" && after[0] != '#' && after[0] != ';' {
				return nil, fmt.Errorf("line %d: a section is [name]", n)
			}
			name = strings.Join(strings.Fields(name), " ")
			if current = sections[name]; current == nil {
				if len(sections) == maxSections {
					return nil, fmt.Errorf("line %d: more than %d sections", n, maxSections)
				}
				current = make(section)
				sections[name] = current
			}
			parent = ""
		case current == nil:
			return nil, fmt.Errorf("line %d: before the first [section]", n)
		default:
			name, value, ok := cutOption(text)
			switch {
			case nested && ok:
				current[parent+"."+name] = value
			case nested:
				// A value continued on the next line: none that we read has one.
			case !ok:
				return nil, fmt.Errorf("line %d: want name = value", n)
			default:
				current[name] = value
				parent, parentIndent = name, indent
			}
		}
	}
	return sections, nil
}

var utf8BOM = []byte("\xef\xbb\xbf")

// cutOption splits "name = value" and "name: value".
func cutOption(s string) (name, value string, ok bool) {
	i := strings.IndexAny(s, "=:")
	if i <= 0 {
		return "", "", false
	}
	return strings.ToLower(strings.TrimSpace(s[:i])), strings.TrimSpace(s[i+1:]), true
}
