//go:build unix

package cli

import (
	"os"
	"os/signal"
	"syscall"
)

// endSignals end a program that has taken the terminal, which must be given
// back first. The ones that end every command are not among them.
func endSignals() []os.Signal { return []os.Signal{syscall.SIGHUP, syscall.SIGQUIT} }

// notifyResize tells c when the terminal has another size.
func notifyResize(c chan<- os.Signal) { signal.Notify(c, syscall.SIGWINCH) }
