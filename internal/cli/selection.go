package cli

import (
	"bufio"
	"fmt"
	"io"
	"os"
	"path"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/icos-go/icos/transfer/filter"
)

// selection is the flags that leave out parts of a tree. Their order on the
// command line counts, as that of the lines of a gitignore file does.
type selection struct {
	rules     []selectionRule
	filesFrom string
}

type selectionRule struct {
	include bool
	pattern string // a line of gitignore
	file    string // or a file of them
}

func (s *selection) addFlags(cmd *cobra.Command) {
	f := cmd.Flags()
	f.Var(&ruleFlag{s, func(v string) selectionRule { return selectionRule{pattern: v} }}, "exclude",
		"leave out what matches `PATTERN`, as a line of .gitignore; may be repeated, the last match wins")
	f.Var(&ruleFlag{s, func(v string) selectionRule { return selectionRule{pattern: v, include: true} }}, "include",
		"take back what matches `PATTERN` and an earlier rule excluded; if it is the first rule, take nothing else")
	f.Var(&ruleFlag{s, func(v string) selectionRule { return selectionRule{file: v} }}, "exclude-from",
		"rules from `FILE`, in the format of .gitignore")
	f.StringVar(&s.filesFrom, "files-from", "", "only the paths listed in `FILE`, one a line, relative to the source; - is standard input")
}

// ruleFlag appends to the rules of a selection.
type ruleFlag struct {
	s    *selection
	rule func(value string) selectionRule
}

func (f *ruleFlag) String() string { return "" }

// Type is what --help shows for the value.
func (f *ruleFlag) Type() string { return "pattern" }

func (f *ruleFlag) Set(value string) error {
	if value == "" {
		return fmt.Errorf("an empty pattern matches nothing")
	}
	f.s.rules = append(f.s.rules, f.rule(value))
	return nil
}

func (s *selection) empty() bool { return len(s.rules) == 0 && s.filesFrom == "" }

// filter makes the rules, nil if nothing is left out.
func (s *selection) filter(stdin func() io.Reader) (*filter.Rules, error) {
	var all *filter.Rules
	if len(s.rules) > 0 && s.rules[0].include {
		// To take only what is included, everything else is excluded first, but
		// for the directories that lead to it.
		if err := appendRules(&all, "*", "!*/"); err != nil {
			return nil, err
		}
	}
	for _, r := range s.rules {
		if r.file != "" {
			more, err := filter.FromFile(r.file)
			if err != nil {
				return nil, fmt.Errorf("--exclude-from: %w", err)
			}
			all = all.Append(more)
			continue
		}
		if err := appendRules(&all, r.lines()...); err != nil {
			return nil, &usageError{err}
		}
	}
	if s.filesFrom == "" {
		return all, nil
	}
	paths, err := s.readPaths(stdin)
	if err != nil {
		return nil, fmt.Errorf("--files-from: %w", err)
	}
	return all.Append(filter.Only(slices.Values(paths))), nil
}

// lines are the lines of gitignore that r stands for. A directory is included with
// what is in it; all directories at once, which rsync's users write before the
// files that they want, are only looked into.
func (r selectionRule) lines() []string {
	if !r.include {
		return []string{r.pattern}
	}
	if dir, ok := strings.CutSuffix(r.pattern, "/"); ok && strings.Trim(dir, "*") != "" {
		if !strings.Contains(dir, "/") {
			dir = "**/" + dir // a name by itself matches at every depth
		}
		return []string{"!" + dir + "/", "!" + dir + "/**"}
	}
	return []string{"!" + r.pattern}
}

func appendRules(all **filter.Rules, lines ...string) error {
	more, err := filter.New(lines...)
	if err != nil {
		return err
	}
	*all = (*all).Append(more)
	return nil
}

// readPaths reads the list of --files-from. A path that leaves the source is
// refused: it would be copied to nowhere.
func (s *selection) readPaths(stdin func() io.Reader) ([]string, error) {
	var in io.Reader
	if s.filesFrom == "-" {
		in = stdin()
	} else {
		f, err := os.Open(s.filesFrom)
		if err != nil {
			return nil, err
		}
		defer f.Close()
		in = f
	}
	var paths []string
	lines := bufio.NewScanner(in)
	for n := 1; lines.Scan(); n++ {
		line := strings.TrimSuffix(lines.Text(), "\r")
		if line == "" || line[0] == '#' {
			continue
		}
		clean := strings.TrimPrefix(path.Clean(line), "/")
		if clean == "." || clean == ".." || strings.HasPrefix(clean, "../") {
			return nil, &usageError{fmt.Errorf("line %d: %q is not below the source", n, line)}
		}
		paths = append(paths, clean)
	}
	return paths, lines.Err()
}
