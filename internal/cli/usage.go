package cli

import (
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/spf13/cobra"
	"golang.org/x/term"
)

// help writes what c is for, and how it is used.
func (a *app) help(c *cobra.Command) {
	text := c.Long
	if text == "" {
		text = c.Short
	}
	// Nobody is left to tell that standard output is closed.
	_, _ = fmt.Fprintf(c.OutOrStdout(), "%s\n\n%s", reflow(strings.TrimSpace(text), columns(a.stdout)), c.UsageString())
}

// reflow breaks the lines of text where they do not fit into so many columns, 0 for any number. Paragraphs with lines that are
// indented stay as they are.
func reflow(text string, width int) string {
	var b strings.Builder
	for i, paragraph := range strings.Split(text, "\n\n") {
		if i > 0 {
			b.WriteString("\n\n")
		}
		if width == 0 || strings.Contains(paragraph, "\n ") || strings.HasPrefix(paragraph, " ") || !overflows(paragraph, width) {
			b.WriteString(paragraph)
			continue
		}
		at := 0
		for _, word := range strings.Fields(paragraph) {
			switch n := textWidth(word); {
			case at == 0:
				at = n
			case at+1+n > width:
				b.WriteString("\n")
				at = n
			default:
				b.WriteString(" ")
				at += 1 + n
			}
			b.WriteString(word)
		}
	}
	return b.String()
}

// overflows reports whether a line of text is wider than width.
func overflows(text string, width int) bool {
	for line := range strings.Lines(text) {
		if textWidth(strings.TrimSuffix(line, "\n")) > width {
			return true
		}
	}
	return false
}

// usage writes how c is used: what Cobra writes, but that on a terminal the words on a flag stay in their column.
func (a *app) usage(c *cobra.Command) error {
	var b strings.Builder
	b.WriteString("Usage:\n")
	if c.Runnable() {
		fmt.Fprintf(&b, "  %s\n", c.UseLine())
	}
	if c.HasAvailableSubCommands() {
		fmt.Fprintf(&b, "  %s [command]\n", c.CommandPath())
	}
	if c.HasExample() {
		fmt.Fprintf(&b, "\nExamples:\n%s\n", c.Example)
	}
	if c.HasAvailableSubCommands() {
		if len(c.Groups()) == 0 {
			usageOfGroup(&b, c, "Available Commands:", "")
		}
		for _, g := range c.Groups() {
			usageOfGroup(&b, c, g.Title, g.ID)
		}
	}
	width := columns(a.stdout)
	if c.HasAvailableLocalFlags() {
		fmt.Fprintf(&b, "\nFlags:\n%s", trimLines(c.LocalFlags().FlagUsagesWrapped(width)))
	}
	if c.HasAvailableInheritedFlags() {
		fmt.Fprintf(&b, "\nGlobal Flags:\n%s", trimLines(c.InheritedFlags().FlagUsagesWrapped(width)))
	}
	if c.HasAvailableSubCommands() {
		fmt.Fprintf(&b, "\n%s [command] --help tells more about a command.\n", c.CommandPath())
	}
	_, err := io.WriteString(c.OutOrStdout(), b.String())
	return err
}

// usageOfGroup lists the commands of one group below c.
func usageOfGroup(b *strings.Builder, c *cobra.Command, title, id string) {
	fmt.Fprintf(b, "\n%s\n", title)
	for _, sub := range c.Commands() {
		if sub.GroupID == id && (sub.IsAvailableCommand() || sub.Name() == "help") {
			fmt.Fprintf(b, "  %-*s %s\n", sub.NamePadding(), sub.Name(), sub.Short)
		}
	}
}

// columns is how wide the terminal is that w is, 0 if it is none.
func columns(w io.Writer) int {
	f, ok := w.(*os.File)
	if !ok {
		return 0
	}
	width, _, err := term.GetSize(int(f.Fd()))
	if err != nil {
		return 0
	}
	return width
}

// trimLines is text without blanks at the end of its lines.
func trimLines(text string) string {
	var b strings.Builder
	for line := range strings.Lines(text) {
		b.WriteString(strings.TrimRight(line, " \n") + "\n")
	}
	return b.String()
}
