package cli

import (
	"os"

	"golang.org/x/sys/windows"
)

// redraws makes the console of f obey escape sequences, which older consoles do
// only when asked, and reports whether it does.
func redraws(f *os.File) bool {
	var mode uint32
	h := windows.Handle(f.Fd())
	if err := windows.GetConsoleMode(h, &mode); err != nil {
		return false
	}
	return windows.SetConsoleMode(h, mode|windows.ENABLE_VIRTUAL_TERMINAL_PROCESSING) == nil
}
