package cli

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"github.com/icos-go/icos/internal/control"
)

func newTop(a *app) *cobra.Command {
	var once bool
	every := time.Second
	cmd := &cobra.Command{
		Use:   "top",
		Short: "See and steer what is moving, from another terminal",
		Long: `Show the transfers that all icos commands of this user run on this machine, and
steer them:

  up, down, k, j   select one         p   pause it, or let it go on
  q                leave              r   limit the rate of its command
                                      c   cancel it, after asking

Leaving changes nothing of what runs. Without a terminal, with --once and with
--json what runs is printed once. "icos jobs" has the same for scripts.

` + exitHelp,
		Example: `  icos top
  icos top --json | jq -r '.id + " " + .state'`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if every < 100*time.Millisecond {
				return &usageError{fmt.Errorf("--interval %v: at least 100ms is needed", every)}
			}
			dir := a.controlDir()
			if dir == "" {
				return errors.New("there is no place where commands have their sockets: set XDG_RUNTIME_DIR, or HOME")
			}
			if once || a.flags.json || !a.canAsk() || !a.isTerminal(a.stdout) {
				return a.topOnce(cmd.Context(), dir)
			}
			return a.topLive(cmd.Context(), dir, every)
		},
	}
	cmd.Flags().BoolVar(&once, "once", false, "print what runs now, and leave")
	cmd.Flags().Var((*spanFlag)(&every), "interval", "how often to look")
	return cmd
}

// topOnce prints what runs. Processes that do not answer are told of, and the
// others are printed all the same.
func (a *app) topOnce(ctx context.Context, dir string) error {
	jobs, err := control.List(ctx, dir)
	if err != nil && len(jobs) == 0 {
		return err
	}
	if err != nil {
		a.reportError(err, exitFatal)
	}
	if a.flags.json {
		for _, j := range jobs {
			if err := a.emitLine(jobRecord{schemaVersion, "running", j}); err != nil {
				return err
			}
		}
		return nil
	}
	if len(jobs) == 0 {
		a.notef("nothing is moving\n")
		return nil
	}
	if err := a.printf("%s\n", jobHeader); err != nil {
		return err
	}
	for _, j := range jobs {
		if err := a.printf("%s\n", jobRow(j)); err != nil {
			return err
		}
	}
	return nil
}

// jobRecord is a running job as --json has it.
type jobRecord struct {
	V    int    `json:"v"`
	Type string `json:"type"`
	control.Job
}
