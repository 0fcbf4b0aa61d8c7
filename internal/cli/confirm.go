package cli

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"golang.org/x/term"
)

// canAsk reports whether there is a person to ask: standard input is a terminal.
func (a *app) canAsk() bool {
	f, ok := a.stdin.(*os.File)
	return ok && term.IsTerminal(int(f.Fd()))
}

// input is standard input, whose reads end when the command is interrupted, though nobody may have typed anything. It is for small
// things that are read as a whole, or line by line.
func (a *app) input() *bufio.Reader {
	if a.waiting == nil {
		a.waiting = bufio.NewReader(interruptibleReader(a.ctx, a.stdin))
	}
	return a.waiting
}

// typedNote is what somebody is told whom the command waits for.
const typedNote = "icos: reading standard input; Ctrl-D ends it\n"

// typedInput is input, which somebody is told of who may wait for the command while it waits for them.
func (a *app) typedInput() io.Reader {
	if a.canAsk() {
		a.notef("%s", typedNote)
	}
	return a.input()
}

// confirm asks a yes-or-no question on standard error. Anything but yes is no.
// When nobody can be asked it is an error of usage, which tells of --yes.
func (a *app) confirm(question string) (bool, error) {
	if !a.canAsk() {
		return false, &usageError{errors.New("standard input is no terminal, so nobody can be asked: add --yes to go ahead")}
	}
	fmt.Fprintf(a.stderr, "%s [y/N] ", printable(question))
	line, err := a.input().ReadString('\n')
	if err != nil && !errors.Is(err, io.EOF) {
		return false, fmt.Errorf("read answer: %w", err)
	}
	switch strings.ToLower(strings.TrimSpace(line)) {
	case "y", "yes":
		return true, nil
	}
	return false, nil
}
