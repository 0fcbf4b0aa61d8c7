package filter

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
)

// maxFile is the size in bytes of the largest file of rules that is read.
const maxFile = 1 << 20

// maxRule is the length in bytes of the longest rule.
const maxRule = 4096

// Parse reads rules from r, in the format of a .gitignore file of at most 1 MiB.
// The name stands before the line number in errors and in what Match returns;
// if empty, rules are named by their text alone.
func Parse(r io.Reader, name string) (*Rules, error) {
	rules := &Rules{}
	limited := &io.LimitedReader{R: r, N: maxFile + 1}
	lines := bufio.NewScanner(limited)
	lines.Buffer(nil, maxFile+1)
	lines.Split(scanLines)
	for n := 1; lines.Scan(); n++ {
		line := lines.Text()
		if n == 1 {
			line = strings.TrimPrefix(line, "\uFEFF")
		}
		one, ok, err := parse(line)
		where := ""
		if name != "" {
			where = fmt.Sprintf("%s:%d: ", name, n)
		}
		if err != nil {
			return nil, fmt.Errorf("%s%w", where, err)
		}
		if ok {
			one.text = where + one.text
			rules.rules = append(rules.rules, one)
		}
	}
	if err := lines.Err(); err != nil {
		return nil, fmt.Errorf("read rules: %w", err)
	}
	if limited.N == 0 {
		return nil, fmt.Errorf("read rules: %s has more than %d bytes", name, maxFile)
	}
	return rules, nil
}

// scanLines splits at line feeds alone: what a carriage return before one means
// is for parse to say.
func scanLines(data []byte, atEOF bool) (advance int, token []byte, err error) {
	if i := strings.IndexByte(string(data), '\n'); i >= 0 {
		return i + 1, data[:i], nil
	}
	if atEOF && len(data) > 0 {
		return len(data), data, nil
	}
	return 0, nil, nil
}

// FromFile reads rules from the file at path, as Parse does.
func FromFile(path string) (*Rules, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return Parse(f, path)
}

// parse reads one line; ok is false if it holds no rule.
func parse(line string) (one rule, ok bool, err error) {
	line = strings.TrimSuffix(line, "\r")
	if strings.HasPrefix(line, "#") {
		return rule{}, false, nil
	}
	line = trimSpaces(line)
	if line == "" {
		return rule{}, false, nil
	}
	if len(line) > maxRule {
		return rule{}, false, fmt.Errorf("rule %.40q… has more than %d bytes", line, maxRule)
	}
	one.text = line
	pattern := line
	pattern, one.include = strings.CutPrefix(pattern, "!")
	pattern, one.dirOnly = strings.CutSuffix(pattern, "/")
	one.name = !strings.Contains(pattern, "/")
	pattern = strings.TrimPrefix(pattern, "/")
	if pattern == "" {
		return rule{}, false, fmt.Errorf("rule %q: %w", line, errors.New("names nothing"))
	}
	if one.pattern, err = compile(pattern, !one.name); err != nil {
		return rule{}, false, fmt.Errorf("rule %q: %w", line, err)
	}
	return one, true, nil
}

// trimSpaces takes off the spaces at the end of a line, but for one that a
// backslash protects.
func trimSpaces(line string) string {
	end := 0
	for i := 0; i < len(line); i++ {
		switch line[i] {
		case ' ':
			continue
		case '\\':
			i++
		}
		end = min(i+1, len(line))
	}
	return line[:end]
}
