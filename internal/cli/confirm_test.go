package cli_test

import (
	"context"
	"errors"
	"io"
	"testing"

	"github.com/icos-go/icos/internal/cli"
)

// TestWaitingIsInterrupted has a command wait for input that never comes, and interrupts it.
func TestWaitingIsInterrupted(t *testing.T) {
	in, never := io.Pipe()
	defer never.Close()
	stop := errors.New("interrupted")
	ctx, cancel := context.WithCancelCause(t.Context())
	cancel(stop)
	cli.Waiting(ctx, in, func(what string, err error) {
		if !errors.Is(err, stop) {
			t.Errorf("%s: %v, want %v", what, err, stop)
		}
	})
}
