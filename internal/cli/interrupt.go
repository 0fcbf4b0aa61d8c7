package cli

import (
	"context"
	"errors"
	"os"
	"os/signal"
	"syscall"
)

// signalError is why a command ended that was told to stop.
type signalError struct{ sig os.Signal }

func (e *signalError) Error() string {
	if e.sig == syscall.SIGTERM {
		return "terminated"
	}
	return "interrupted"
}

// Is lets a signal answer for the cancellation that it is the cause of.
func (e *signalError) Is(target error) bool { return target == context.Canceled }

// exitCode is what a shell reports of a process that the signal killed: 128 and
// the signal's number.
func (e *signalError) exitCode() int {
	if e.sig == syscall.SIGTERM {
		return exitTerminated
	}
	return exitInterrupted
}

// interruptible returns a context that the first interrupt or termination signal
// cancels, so that the command stops cleanly. A second signal kills the process
// as if icos had not caught the first.
func interruptible(parent context.Context) (_ context.Context, stop func()) {
	ctx, cancel := context.WithCancelCause(parent)
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM)
	go func() {
		select {
		case sig := <-signals:
			signal.Stop(signals)
			cancel(&signalError{sig})
		case <-ctx.Done():
		}
	}()
	return ctx, func() {
		signal.Stop(signals)
		cancel(nil)
	}
}

// stopWord is what a person is told of a command that was stopped, whatever
// broke while it was.
func stopWord(err error) string {
	if sig, ok := errors.AsType[*signalError](err); ok {
		return sig.Error()
	}
	return "interrupted"
}
