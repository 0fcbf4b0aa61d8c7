package cli

import (
	"errors"
	"os"
	"strings"
)

// splitWords divides a line as a shell does, but for everything that a shell
// expands: blanks separate words, quotes keep them together, a backslash takes
// the next character as it is, and a # at the beginning of a word ends the line.
// Where paths are written with backslashes, a backslash outside of quotes is
// one.
func splitWords(line string) ([]string, error) {
	var (
		words []string
		word  strings.Builder
		in    bool // a word has begun, even if nothing is in it yet
		quote byte // the quote that is open, or 0
	)
	for i := 0; i < len(line); i++ {
		c := line[i]
		switch {
		case quote == '\'' && c != '\'':
			word.WriteByte(c)
		case quote != 0 && c == quote:
			quote = 0
		case quote == '"' && c == '\\' && i+1 < len(line) && (line[i+1] == '"' || line[i+1] == '\\'):
			i++
			word.WriteByte(line[i])
		case quote != 0:
			word.WriteByte(c)
		case c == '\'' || c == '"':
			quote, in = c, true
		case c == ' ' || c == '\t' || c == '\r':
			if in {
				words = append(words, word.String())
				word.Reset()
				in = false
			}
		case c == '#' && !in:
			return words, nil
		case c == '\\' && !os.IsPathSeparator('\\'):
			if i++; i == len(line) {
				return nil, errors.New("a backslash ends the line: a command is one line")
			}
			word.WriteByte(line[i])
			in = true
		default:
			word.WriteByte(c)
			in = true
		}
	}
	if quote != 0 {
		return nil, errors.New("a quote is not closed")
	}
	if in {
		words = append(words, word.String())
	}
	return words, nil
}
