//go:build !unix

package cli

import "os"

// endSignals end a program that has taken the terminal, which must be given
// back first.
func endSignals() []os.Signal { return []os.Signal{os.Interrupt} }

// notifyResize does nothing: the size is looked up each time something is drawn.
func notifyResize(chan<- os.Signal) {}
