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

// confirm asks a yes-or-no question on standard error. Anything but yes is no.
// When nobody can be asked it is an error of usage, which tells of --yes.
func (a *app) confirm(question string) (bool, error) {
	if !a.canAsk() {
		return false, &usageError{errors.New("standard input is no terminal, so nobody can be asked: add --yes to go ahead")}
	}
	fmt.Fprintf(a.stderr, "%s [y/N] ", printable(question))
	line, err := bufio.NewReader(a.stdin).ReadString('\n')
	if err != nil && !errors.Is(err, io.EOF) {
		return false, fmt.Errorf("read answer: %w", err)
	}
	switch strings.ToLower(strings.TrimSpace(line)) {
	case "y", "yes":
		return true, nil
	}
	return false, nil
}
