package cli

import (
	"bytes"
	"io"
	"os"
	"strings"
	"sync"

	"golang.org/x/term"
)

// screen keeps a few lines at the foot of a terminal and redraws them in place,
// while other text scrolls by above them. The cursor rests at the start of the
// line below, so that whatever else is written to the terminal, such as the ^C
// that it echoes itself, does not move the lines.
type screen struct {
	w    io.Writer
	size func() (cols, rows int)

	mu    sync.Mutex // guards all below and writes to w
	lines []string   // as last drawn
	text  []byte     // the beginning of a line that Write has not seen the end of
}

func newScreen(w io.Writer, size func() (cols, rows int)) *screen {
	return &screen{w: w, size: size}
}

// draw replaces the lines at the foot. Lines are cut at the terminal's width,
// and those that it is not high enough for are left out, the first ones first.
func (s *screen) draw(lines []string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	var out bytes.Buffer
	s.erase(&out)
	s.put(&out, lines)
	s.flush(&out)
}

// clear takes the lines away.
func (s *screen) clear() {
	s.mu.Lock()
	defer s.mu.Unlock()
	var out bytes.Buffer
	s.erase(&out)
	if len(s.text) > 0 {
		out.Write(append(s.text, '\n'))
		s.text = nil
	}
	s.flush(&out)
}

// Write shows text above the lines. What does not end in a newline is held back
// until the rest has come.
func (s *screen) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.text = append(s.text, p...)
	end := bytes.LastIndexByte(s.text, '\n') + 1
	if end == 0 {
		return len(p), nil
	}
	var out bytes.Buffer
	lines := s.lines
	s.erase(&out)
	out.Write(s.text[:end])
	s.text = s.text[:copy(s.text, s.text[end:])]
	s.put(&out, lines)
	s.flush(&out)
	return len(p), nil
}

// erase goes up to where the lines begin and clears from there on. A terminal
// that was made narrower meanwhile has wrapped them, so that they are more now.
func (s *screen) erase(out *bytes.Buffer) {
	cols, _ := s.size()
	for _, line := range s.lines {
		for range max(1, (textWidth(line)+cols-1)/cols) {
			out.WriteString("\x1b[A") // cursor up (ECMA-48, CUU)
		}
	}
	if len(s.lines) > 0 {
		out.WriteString("\r\x1b[J") // clear to the end of the screen (ED)
	}
	s.lines = nil
}

func (s *screen) put(out *bytes.Buffer, lines []string) {
	cols, rows := s.size()
	if over := len(lines) - max(rows-1, 0); over > 0 {
		lines = lines[over:]
	}
	for _, line := range lines {
		// The last column stays free: some terminals wrap when it is filled.
		line = cut(line, cols-1)
		s.lines = append(s.lines, line)
		out.WriteString("\r")
		out.WriteString(line)
		out.WriteString("\n")
	}
}

// flush shows what was prepared, in one write, so that nothing flickers. A
// terminal that went away is no reason to stop moving data.
func (s *screen) flush(out *bytes.Buffer) { _, _ = s.w.Write(out.Bytes()) }

// terminalSize is the size of the terminal on standard error, 80 × 24 if it
// does not say.
func (a *app) terminalSize() (cols, rows int) {
	if f, ok := a.stderr.(*os.File); ok {
		if cols, rows, err := term.GetSize(int(f.Fd())); err == nil && cols > 0 && rows > 0 {
			return cols, rows
		}
	}
	return 80, 24
}

// textWidth is the number of columns that s takes.
func textWidth(s string) int {
	n := 0
	for _, r := range s {
		n += runeWidth(r)
	}
	return n
}

// runeWidth is the number of columns of r: none for marks that combine with the
// rune before, two for the scripts and pictures that terminals draw wide (the
// blocks of Unicode TR 11 that matter), one otherwise.
func runeWidth(r rune) int {
	switch {
	case r < 0x300:
		return 1
	case r < 0x370, r >= 0x200b && r <= 0x200f, r >= 0xfe00 && r <= 0xfe0f:
		return 0
	case r < 0x1100:
		return 1
	case r <= 0x115f, r >= 0x2e80 && r <= 0xa4cf, r >= 0xac00 && r <= 0xd7a3, r >= 0xf900 && r <= 0xfaff,
		r >= 0xfe30 && r <= 0xfe6f, r >= 0xff00 && r <= 0xff60, r >= 0xffe0 && r <= 0xffe6,
		r >= 0x1f300 && r <= 0x1faff, r >= 0x20000 && r <= 0x3fffd:
		return 2
	}
	return 1
}

// cut keeps as much of the beginning of s as fits into width columns.
func cut(s string, width int) string {
	n := 0
	for i, r := range s {
		if n += runeWidth(r); n > width {
			return s[:i]
		}
	}
	return s
}

// shorten keeps the end of s, which tells files apart better than its beginning.
func shorten(s string, width int) string {
	if textWidth(s) <= width {
		return s
	}
	runes := []rune(s)
	n, i := 1, len(runes) // the ellipsis takes one
	for i > 0 && n+runeWidth(runes[i-1]) <= width {
		i--
		n += runeWidth(runes[i])
	}
	return "…" + string(runes[i:])
}

// pad fills s with blanks up to width columns.
func pad(s string, width int) string {
	return s + strings.Repeat(" ", max(0, width-textWidth(s)))
}
