package cli

import (
	"strings"
	"testing"
)

// terminal is a very small model of one: it keeps the lines that a person sees,
// and wraps what is longer than it is wide.
type terminal struct {
	cols, rows int
	lines      []string // the last one is where the cursor is
}

func (t *terminal) size() (int, int) { return t.cols, t.rows }

func (t *terminal) Write(p []byte) (int, error) {
	s := string(p)
	for s != "" {
		switch {
		case strings.HasPrefix(s, "\x1b[A"):
			s = s[3:]
			t.lines = t.lines[:len(t.lines)-1] // what is below is erased in any case
			t.lines[len(t.lines)-1] = ""
		case strings.HasPrefix(s, "\x1b[J"):
			s = s[3:]
		case s[0] == '\r':
			s = s[1:]
		case s[0] == '\n':
			s = s[1:]
			t.lines = append(t.lines, "")
		default:
			end := strings.IndexAny(s, "\r\n\x1b")
			if end < 0 {
				end = len(s)
			}
			t.lines[len(t.lines)-1] += s[:end]
			s = s[end:]
		}
	}
	return len(p), nil
}

// resize makes the terminal narrower: lines that are too long become several.
func (t *terminal) resize(cols int) {
	t.cols = cols
	var lines []string
	for _, line := range t.lines {
		for textWidth(line) > cols {
			head := cut(line, cols)
			lines = append(lines, head)
			line = line[len(head):]
		}
		lines = append(lines, line)
	}
	t.lines = lines
}

func (t *terminal) String() string { return strings.Join(t.lines, "\n") }

func TestScreenRedrawsInPlace(t *testing.T) {
	term := &terminal{cols: 20, rows: 5, lines: []string{""}}
	s := newScreen(term, term.size)
	s.draw([]string{"one", "two"})
	s.draw([]string{"ONE", "TWO", "THREE"})
	if got, want := term.String(), "ONE\nTWO\nTHREE\n"; got != want {
		t.Errorf("after two frames the terminal shows %q, want %q", got, want)
	}
	if _, err := s.Write([]byte("text\nhalf a li")); err != nil {
		t.Fatal(err)
	}
	if got, want := term.String(), "text\nONE\nTWO\nTHREE\n"; got != want {
		t.Errorf("text above shows %q, want %q", got, want)
	}
	s.clear()
	if got, want := term.String(), "text\nhalf a li\n"; got != want {
		t.Errorf("after the end the terminal shows %q, want %q", got, want)
	}
}

func TestScreenSurvivesResize(t *testing.T) {
	term := &terminal{cols: 40, rows: 10, lines: []string{""}}
	s := newScreen(term, term.size)
	long := strings.Repeat("x", 100)
	s.draw([]string{long, "short", long})
	if got, want := term.lines[0], strings.Repeat("x", 39); got != want {
		t.Errorf("a long line shows as %q, want %q", got, want)
	}
	term.resize(15)
	s.draw([]string{long, "end"})
	if got, want := term.String(), strings.Repeat("x", 14)+"\nend\n"; got != want {
		t.Errorf("after a resize the terminal shows %q, want %q", got, want)
	}
}

func TestScreenKeepsToTheHeight(t *testing.T) {
	term := &terminal{cols: 40, rows: 3, lines: []string{""}}
	s := newScreen(term, term.size)
	s.draw([]string{"1", "2", "3", "4"})
	if got, want := term.String(), "3\n4\n"; got != want {
		t.Errorf("a low terminal shows %q, want %q", got, want)
	}
}

func TestTextWidth(t *testing.T) {
	for _, c := range []struct {
		s    string
		want int
	}{{"", 0}, {"abc", 3}, {"é", 1}, {"e\u0301", 1}, {"日本", 4}, {"한글.txt", 8}, {"🎉", 2}, {"…", 1}} {
		if got := textWidth(c.s); got != c.want {
			t.Errorf("textWidth(%q) = %d, want %d", c.s, got, c.want)
		}
	}
	for _, c := range []struct {
		s     string
		width int
		want  string
	}{{"photos/2026/a.jpg", 8, "…6/a.jpg"}, {"short", 8, "short"}, {"日本語", 5, "…本語"}, {"日本語", 4, "…語"}} {
		if got := shorten(c.s, c.width); got != c.want {
			t.Errorf("shorten(%q, %d) = %q, want %q", c.s, c.width, got, c.want)
		}
	}
}
