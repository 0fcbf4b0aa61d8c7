package cli

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/icos-go/icos/internal/control"
)

// newJobsSteer are the verbs of "icos jobs" that steer what other commands run.
func newJobsSteer(a *app) []*cobra.Command {
	return []*cobra.Command{
		newJobsPause(a), newJobsCancel(a), newJobsRate(a),
	}
}

func newJobsPause(a *app) *cobra.Command {
	return &cobra.Command{
		Use:   "pause ID...",
		Short: "Pause running transfers",
		Long: `Pause transfers that another icos command runs, until icos jobs resume. It returns
when nothing of them is on its way any more. The commands stay, and wait.

An ID is as icos top shows it, or the beginning of one.

` + exitHelp,
		Example: `  icos jobs pause 3f9c2a`,
		Args:    cobra.MinimumNArgs(1),
		RunE: func(cmd *cobra.Command, ids []string) error {
			return a.steer(cmd.Context(), ids, "paused", control.Request{Do: control.Pause})
		},
	}
}

func newJobsCancel(a *app) *cobra.Command {
	return &cobra.Command{
		Use:   "cancel ID...",
		Short: "Cancel running transfers for good",
		Long: `Cancel transfers that another icos command runs. What they have kept to go on from
is removed; to stop a command and go on later, interrupt it.

` + exitHelp,
		Example: `  icos jobs cancel 3f9c2a`,
		Args:    cobra.MinimumNArgs(1),
		RunE: func(cmd *cobra.Command, ids []string) error {
			return a.steer(cmd.Context(), ids, "canceled", control.Request{Do: control.Cancel})
		},
	}
}

func newJobsRate(a *app) *cobra.Command {
	return &cobra.Command{
		Use:   "rate ID [RATE]",
		Short: "Show or change the rate limit of a running command",
		Long: `Show how many bytes a second the command that runs a transfer may use for all it
moves, or change that, at once. off takes the limit away.

` + exitHelp,
		Example: `  icos jobs rate 3f9c2a 20MB
  icos jobs rate 3f9c2a off`,
		Args: cobra.RangeArgs(1, 2),
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) == 1 {
				return a.showRate(cmd.Context(), args[0])
			}
			var rate rateFlag
			if err := rate.Set(args[1]); err != nil {
				return &usageError{err}
			}
			what := "limited to " + rate.String()
			if rate == 0 {
				what = "no longer limited"
			}
			return a.steer(cmd.Context(), args[:1], what, control.Request{Do: control.SetRate, Rate: int64(rate)})
		},
	}
}

// steer sends a request about each job to the process that runs it. What fails
// does not keep it from the others.
func (a *app) steer(ctx context.Context, ids []string, done string, r control.Request) error {
	dir := a.controlDir()
	failed := 0
	var last error
	for _, id := range ids {
		err := control.Do(ctx, dir, id, r)
		if errors.Is(err, control.ErrNoJob) {
			err = fmt.Errorf("%w; icos top shows those that are", err)
		}
		switch {
		case err == nil && a.flags.json:
			err = a.emit(record{Type: "steer", ID: id, Status: done})
		case err == nil:
			a.notef("%s: %s\n", printable(id), done)
		case len(ids) > 1:
			a.reportError(err, exitCode(err))
		}
		if err != nil {
			failed++
			last = err
		}
	}
	if failed > 0 && len(ids) > 1 {
		return &someFailed{failed: failed, total: len(ids)}
	}
	return last
}

// showRate prints the limit of the command that runs a job.
func (a *app) showRate(ctx context.Context, id string) error {
	j, err := control.Find(ctx, a.controlDir(), id)
	if err != nil {
		return err
	}
	if a.flags.json {
		rate := float64(j.Limit)
		return a.emit(record{Type: "rate", ID: j.ID, PID: j.PID, Rate: &rate})
	}
	if j.Limit == 0 {
		return a.printf("off\n")
	}
	return a.printf("%s/s\n", formatSize(j.Limit))
}

// resumeRunning lets those of the jobs go on that are paused in a process that
// waits, and returns the other ids.
func (a *app) resumeRunning(ctx context.Context, ids []string) (rest []string, err error) {
	running, err := control.List(ctx, a.controlDir())
	if err != nil && len(running) == 0 {
		return nil, err
	}
	for _, id := range ids {
		paused := false
		for _, j := range running {
			if j.State == "paused" && (strings.HasPrefix(j.ID, id) || strings.HasPrefix(jobName(j), id)) {
				paused = true
			}
		}
		if !paused {
			rest = append(rest, id)
			continue
		}
		if err := a.steer(ctx, []string{id}, "resumed", control.Request{Do: control.Resume}); err != nil {
			return nil, err
		}
	}
	return rest, nil
}
