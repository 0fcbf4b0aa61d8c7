package cli

import (
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/spf13/cobra"
)

// What is wrong with a command line is told here for all commands, in the words of this one rather than in Cobra's.

// plainly has c and every command below it tell of wrong operands and flags in plain words.
func plainly(c *cobra.Command) {
	c.SetFlagErrorFunc(wrongFlag)
	explainOperands(c)
	for _, sub := range c.Commands() {
		if sub.Name() == "help" {
			help := sub.Run
			sub.Run = nil
			sub.RunE = func(sub *cobra.Command, words []string) error {
				if _, rest, err := c.Find(words); err != nil || len(rest) > 0 {
					return &usageError{fmt.Errorf("there is no command %q", strings.Join(words, " "))}
				}
				help(sub, words)
				return nil
			}
		}
	}
}

func explainOperands(c *cobra.Command) {
	if check := c.Args; check != nil {
		c.Args = func(c *cobra.Command, args []string) error {
			if check(c, args) == nil {
				return nil
			}
			return wrongOperands(c, check, args)
		}
	}
	for _, sub := range c.Commands() {
		explainOperands(sub)
	}
}

// wrongOperands says why check refuses the number of args.
func wrongOperands(c *cobra.Command, check cobra.PositionalArgs, args []string) error {
	if c.HasSubCommands() && len(args) > 0 && !strings.Contains(args[0], "://") {
		return unknownWord(c, args[0])
	}
	name := verbPath(c)
	least, most := bounds(c, check)
	if len(args) < least {
		text := name + " needs " + joined(operands(c), "and")
		if len(args) > 0 {
			text += ", and got " + printable(strings.Join(args, " ")) + " alone"
		}
		if example := firstExample(c); example != "" {
			text += ": " + example
		}
		return errors.New(text)
	}
	atMost := ""
	if least != most {
		atMost = "at most "
	}
	switch most {
	case 0:
		return fmt.Errorf("%s takes no operands, and got %s", name, printable(args[0]))
	case 1:
		return fmt.Errorf("%s takes %sone operand, and got %s too", name, atMost, printable(args[1]))
	}
	return fmt.Errorf("%s takes %s%d operands, and got %s too", name, atMost, most, printable(args[most]))
}

// verbPath is how c is called, without the program's name.
func verbPath(c *cobra.Command) string {
	_, path, _ := strings.Cut(c.CommandPath(), " ")
	return path
}

// manyOperands is more than any command wants that does not take any number.
const manyOperands = 8

// bounds finds out how many operands a command takes.
func bounds(c *cobra.Command, check cobra.PositionalArgs) (least, most int) {
	least = -1
	args := make([]string, manyOperands)
	for n := range args {
		if check(c, args[:n]) != nil {
			continue
		}
		if least < 0 {
			least = n
		}
		most = n
	}
	return least, most
}

// operands are those that c cannot do without, in words.
func operands(c *cobra.Command) []string {
	var words []string
	_, use, _ := strings.Cut(c.Use, " ")
	for _, word := range strings.Fields(use) {
		switch {
		case strings.HasPrefix(word, "-"):
			return words
		case strings.HasPrefix(word, "["):
			continue
		case strings.HasPrefix(word, "{"): // one of several, which are written with blanks between them
			return append(words, "a target")
		}
		word = strings.TrimSuffix(word, "...")
		if named, ok := operandNames[word]; ok {
			word = named
		}
		words = append(words, word)
	}
	return words
}

// operandNames say what the operands in lines of usage are.
var operandNames = map[string]string{
	"SOURCE":                "a source",
	"TARGET":                "a target",
	"ONE":                   "one tree",
	"OTHER":                 "another",
	"LOCATION":              "a location",
	"FILE":                  "a file",
	"FILE|-":                "a file or - for standard input",
	"DIRECTORY":             "a directory",
	"ID":                    "an ID",
	"NAME":                  "a name",
	"KEY":                   "a key",
	"KEY=VALUE":             "a tag as KEY=VALUE",
	"SPAN":                  "a span of time",
	"TIME":                  "a time",
	"on|off":                "on or off",
	"cos://BUCKET":          "a bucket",
	"cos://BUCKET/KEY":      "an object",
	"cos://BUCKET[/KEY]":    "a bucket or an object",
	"cos://BUCKET[/PREFIX]": "a bucket or a prefix",
}

// firstExample is the first of the examples of c that is of c itself, and not of a command below it.
func firstExample(c *cobra.Command) string {
	for line := range strings.Lines(c.Example) {
		line, _, _ = strings.Cut(line, "  #")
		_, rest, ok := strings.Cut(line, c.CommandPath()+" ")
		word, _, _ := strings.Cut(rest, " ")
		if sub, _, err := c.Find([]string{word}); ok && (err != nil || sub == c) {
			return strings.TrimSpace(line)
		}
	}
	return ""
}

// joined is a list in words, with the conjunction before the last.
func joined(words []string, conjunction string) string {
	if len(words) < 2 {
		return strings.Join(words, "")
	}
	last := len(words) - 1
	return strings.Join(words[:last], ", ") + " " + conjunction + " " + words[last]
}

// unknownWord says that c has no command called word.
func unknownWord(c *cobra.Command, word string) error {
	err := fmt.Errorf("unknown command %q for %q", word, c.CommandPath())
	c.SuggestionsMinimumDistance = 2
	if like := c.SuggestionsFor(word); len(like) > 0 {
		err = fmt.Errorf("%w: did you mean %s?", err, joined(like, "or"))
	}
	return err
}

// specified is an error of a flag that names it as it was written.
type specified interface {
	error
	GetSpecifiedName() string
	GetSpecifiedShortnames() string
}

// badValue is an error of the value of a flag.
type badValue interface {
	error
	GetValue() string
	Unwrap() error
}

// wrongFlag says what is wrong with a flag.
func wrongFlag(c *cobra.Command, err error) error {
	if e, ok := errors.AsType[badValue](err); ok {
		// The flag itself cannot be asked for: its type is of a package that only Cobra needs.
		rest := strings.TrimPrefix(e.Error(), fmt.Sprintf("invalid argument %q for ", e.GetValue()))
		name, _, _ := strings.Cut(strings.TrimPrefix(rest, `"`), `" flag: `)
		return fmt.Errorf("%s %s: %s", name[strings.Index(name, "--"):], printable(e.GetValue()), plainValue(e.Unwrap()))
	}
	e, ok := errors.AsType[specified](err)
	if !ok {
		return err
	}
	name := "--" + e.GetSpecifiedName()
	if e.GetSpecifiedShortnames() != "" {
		name = "-" + e.GetSpecifiedName()
	}
	if strings.HasPrefix(err.Error(), "flag needs") {
		return fmt.Errorf("%s needs a value", printable(name))
	}
	err = fmt.Errorf("unknown flag %s", printable(name))
	if like := similarFlag(c, name); like != "" {
		err = fmt.Errorf("%w: did you mean %s?", err, like)
	}
	return err
}

// plainValue says what is wrong with a value, where the standard library only names a function of its own.
func plainValue(err error) string {
	switch {
	case errors.Is(err, strconv.ErrRange):
		return "that number is too large"
	case strings.HasSuffix(err.Error(), "must be formatted as key=value"):
		return "write NAME=VALUE"
	case errors.Is(err, strconv.ErrSyntax), err.Error() == strconv.ErrSyntax.Error():
		return "that is no number"
	}
	return err.Error()
}

// similarFlag is the flag of c that is most like name, "" if none is.
func similarFlag(c *cobra.Command, name string) string {
	best, least := "", 3 // letters that differ are too many
	for line := range strings.Lines(c.Flags().FlagUsages()) {
		// "  -n, --lines int   how many", and six blanks where there is no short form
		if _, long, ok := strings.Cut(line, "--"); ok {
			long, _, _ = strings.Cut("--"+strings.TrimSpace(long), " ")
			long, _, _ = strings.Cut(long, "[") // of one whose value may be left out
			if n := distance(name, long); n < least {
				best, least = long, n
			}
		}
	}
	return best
}

// distance is how many letters have to be put in, left out or changed to make b of a (Levenshtein).
func distance(a, b string) int {
	row := make([]int, len(b)+1) // distances of the beginning of a from those of b
	for j := range row {
		row[j] = j
	}
	for i := range a {
		above := row[0]
		row[0] = i + 1
		for j := range b {
			change := above
			if a[i] != b[j] {
				change++
			}
			above = row[j+1]
			row[j+1] = min(change, above+1, row[j]+1)
		}
	}
	return row[len(b)]
}

// plainUnknown puts on one line what Cobra says of a command that there is not.
func plainUnknown(err error) error {
	text, like, ok := strings.Cut(err.Error(), "\n\nDid you mean this?\n")
	if !ok {
		return err
	}
	return fmt.Errorf("%s: did you mean %s?", text, joined(strings.Fields(like), "or"))
}
