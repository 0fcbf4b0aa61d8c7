package cli

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/icos-go/icos/transfer"
)

func newJobs(a *app) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "jobs",
		Short: "List, go on with and remove unfinished transfers",
		Long: `List the transfers that have begun and are not complete: those that run now, and
those that were interrupted or killed. Running a command again goes on with its
transfers by itself; icos jobs resume runs it again from anywhere.

` + exitHelp,
		Example: `  icos jobs
  icos jobs resume 3f9c2a
  icos jobs rm --older-than 7d --all`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return a.listJobs() },
	}
	cmd.AddCommand(newJobsResume(a), newJobsRm(a))
	cmd.AddCommand(newJobsSteer(a)...)
	return cmd
}

// job is an unfinished transfer with the command that it is part of.
type job struct {
	transfer.JobInfo
	label label
}

// command is how the job was begun, "" if that was not by this command.
func (j *job) command() string {
	if len(j.label.Args) == 0 {
		return ""
	}
	words := []string{"icos"}
	for _, arg := range j.label.Args {
		words = append(words, shellQuote(arg))
	}
	return strings.Join(words, " ")
}

// unfinished lists the jobs there are. What cannot be read is reported, and
// passed over.
func (a *app) unfinished() []job {
	var jobs []job
	dir := a.stateDir()
	if dir == "" {
		return nil
	}
	for info, err := range transfer.Jobs(dir) {
		if err != nil {
			a.reportError(err, exitFatal)
			continue
		}
		j := job{JobInfo: info}
		if len(info.Label) > 0 && json.Unmarshal(info.Label, &j.label) != nil {
			j.label = label{} // some other program's
		}
		jobs = append(jobs, j)
	}
	return jobs
}

func (a *app) listJobs() error {
	jobs := a.unfinished()
	if a.flags.json {
		for _, j := range jobs {
			if err := a.emit(j.record()); err != nil {
				return err
			}
		}
		return nil
	}
	if len(jobs) == 0 {
		a.notef("no unfinished transfers\n")
		return nil
	}
	rows := [][]string{{"ID", "STATE", "DONE", "AGE", "COMMAND"}}
	for _, j := range jobs {
		command := j.command()
		if command == "" {
			command = j.Kind + " " + j.From + " to " + j.To
		}
		rows = append(rows, []string{j.ID, j.state(), j.done(), formatAge(time.Since(j.Created)), printable(command)})
	}
	return a.printf("%s", table(rows))
}

// table aligns rows in columns, all but the last.
func table(rows [][]string) string {
	widths := make([]int, len(rows[0]))
	for _, row := range rows {
		for i, cell := range row {
			widths[i] = max(widths[i], textWidth(cell))
		}
	}
	var b strings.Builder
	for _, row := range rows {
		for i, cell := range row[:len(row)-1] {
			b.WriteString(pad(cell, widths[i]) + "  ")
		}
		b.WriteString(row[len(row)-1] + "\n")
	}
	return b.String()
}

func (j *job) state() string {
	switch {
	case j.Running && j.PID != 0:
		return fmt.Sprintf("running (pid %d)", j.PID)
	case j.Running:
		return "running"
	case j.Paused:
		return "paused"
	}
	return "stopped"
}

func (j *job) done() string {
	there := totals{bytes: j.Bytes, total: j.Total, objects: j.Objects}
	s := there.there()
	if j.Failed > 0 {
		s += ", " + count(j.Failed) + " failed"
	}
	return s
}

// formatAge writes how long ago something was, in its largest unit.
func formatAge(d time.Duration) string {
	switch {
	case d < time.Minute:
		return fmt.Sprintf("%ds", int(d.Seconds()))
	case d < time.Hour:
		return fmt.Sprintf("%dm", int(d.Minutes()))
	case d < 48*time.Hour:
		return fmt.Sprintf("%dh", int(d.Hours()))
	}
	return fmt.Sprintf("%dd", int(d.Hours()/24))
}

func (j *job) record() record {
	status, _, _ := strings.Cut(j.state(), " ")
	r := record{
		Type: "job", ID: j.ID, Status: status, PID: j.PID, Name: j.Kind, Source: j.From, Target: j.To,
		Size: &j.Bytes, Objects: &j.Objects, Failed: &j.Failed,
		Created: timestamp(j.Created), Updated: timestamp(j.Updated), Command: j.command(), Directory: j.label.Directory,
	}
	if j.Total >= 0 {
		r.Total = &j.Total
	}
	return r
}

// jobSelection is which jobs a command is about.
type jobSelection struct {
	all       bool
	olderThan ageFlag
}

func (s *jobSelection) addFlags(cmd *cobra.Command) {
	cmd.Flags().BoolVar(&s.all, "all", false, "all that are not running")
	cmd.Flags().Var(&s.olderThan, "older-than", "of these, only what was begun longer ago than this, such as 7d")
}

// choose finds the jobs named by ids, or by the beginning of their ids.
func (s *jobSelection) choose(jobs []job, ids []string) ([]job, error) {
	if s.all == (len(ids) > 0) {
		return nil, &usageError{errors.New("give the IDs of jobs, or --all")}
	}
	var chosen []job
	if s.all {
		chosen = slices.DeleteFunc(slices.Clone(jobs), func(j job) bool { return j.Running })
	}
	for _, id := range ids {
		var found []job
		for _, j := range jobs {
			if strings.HasPrefix(j.ID, id) {
				found = append(found, j)
			}
		}
		switch {
		case len(found) == 0:
			return nil, &missing{"there is no job " + id + "; icos jobs lists those that are unfinished"}
		case len(found) > 1:
			return nil, &usageError{fmt.Errorf("%s is the beginning of %s", id, plural(len(found), "job"))}
		}
		chosen = append(chosen, found[0])
	}
	return slices.DeleteFunc(chosen, func(j job) bool { return time.Since(j.Created) < time.Duration(s.olderThan) }), nil
}

func newJobsResume(a *app) *cobra.Command {
	var s jobSelection
	cmd := &cobra.Command{
		Use:   "resume ID...",
		Short: "Run the command of a job again, where it was started",
		Long: `Run the command of each job again, in the directory where it was started and with
the endpoint it had. It goes on where it was. Several jobs of one command are one
run.

` + exitHelpMoving,
		Example: `  icos jobs resume 3f9c2a
  icos jobs resume --all`,
		RunE: func(cmd *cobra.Command, ids []string) error {
			stopped, err := a.resumeRunning(cmd.Context(), ids)
			if err != nil || len(ids) > 0 && len(stopped) == 0 {
				return err
			}
			chosen, err := s.choose(a.unfinished(), stopped)
			if err != nil {
				return err
			}
			return a.resumeJobs(cmd.Context(), chosen)
		},
	}
	s.addFlags(cmd)
	return cmd
}

func (a *app) resumeJobs(ctx context.Context, jobs []job) error {
	seen := map[string]bool{}
	failed := 0
	var last error
	for _, j := range jobs {
		if seen[string(j.Label)] || ctx.Err() != nil {
			continue
		}
		seen[string(j.Label)] = true
		if err := a.resumeJob(ctx, j); err != nil {
			if len(jobs) > 1 && ctx.Err() == nil {
				a.reportError(err, exitCode(err))
			}
			failed++
			last = err
		}
	}
	if failed > 0 && len(seen) > 1 && ctx.Err() == nil {
		return &someFailed{failed: failed, total: len(seen)}
	}
	return last
}

// resumeJob runs the command of j again.
func (a *app) resumeJob(ctx context.Context, j job) error {
	if j.Running {
		return fmt.Errorf("job %s: %w", j.ID, &transfer.BusyError{PID: j.PID})
	}
	if len(j.label.Args) == 0 {
		return fmt.Errorf("job %s was not begun by this command, so it does not know how to go on with it: %s %s to %s", j.ID, j.Kind, j.From, j.To)
	}
	if err := os.Chdir(j.label.Directory); err != nil {
		return fmt.Errorf("job %s: go to where it was started: %w", j.ID, err)
	}
	a.notef("%s\n", printable(j.command()))
	sub := a.inWorldOf(j)
	err := sub.execute(ctx, j.label.Args)
	a.command, a.flags.json, a.flags.quiet = sub.command, sub.flags.json, sub.flags.quiet
	return err
}

// inWorldOf is a with what j remembers of where it was started.
func (a *app) inWorldOf(j job) *app {
	return &app{
		stdin: a.stdin, stdout: a.stdout, stderr: a.stderr, home: a.home,
		getenv: func(name string) string {
			if name == "ICOS_ENDPOINT" && j.label.Endpoint != "" {
				return j.label.Endpoint
			}
			return a.getenv(name)
		},
	}
}

func newJobsRm(a *app) *cobra.Command {
	var s jobSelection
	cmd := &cobra.Command{
		Use:   "rm ID...",
		Short: "Forget jobs, and remove what they left behind",
		Long: `Forget jobs: abort their uploads, so that the parts cost nothing any more, remove
their partial files, and what is remembered of them.

` + exitHelp,
		Example: `  icos jobs rm 3f9c2a
  icos jobs rm --all --older-than 7d`,
		RunE: func(cmd *cobra.Command, ids []string) error {
			chosen, err := s.choose(a.unfinished(), ids)
			if err != nil {
				return err
			}
			return a.removeJobs(cmd.Context(), chosen)
		},
	}
	s.addFlags(cmd)
	return cmd
}

func (a *app) removeJobs(ctx context.Context, jobs []job) error {
	removed, failed := 0, 0
	var last error
	for _, j := range jobs {
		err := a.removeJob(ctx, j)
		switch {
		case ctx.Err() != nil:
			return context.Cause(ctx)
		case err != nil:
			if len(jobs) > 1 {
				a.reportError(err, exitCode(err))
			}
			failed++
			last = err
		default:
			removed++
			if a.flags.json {
				if err := a.emit(record{Type: "remove_job", ID: j.ID}); err != nil {
					return err
				}
			}
		}
	}
	a.notef("removed %s\n", plural(removed, "job"))
	if failed > 0 && len(jobs) > 1 {
		return &someFailed{failed: failed, total: len(jobs)}
	}
	return last
}

func (a *app) removeJob(ctx context.Context, j job) error {
	sub := a.inWorldOf(j)
	sub.flags = a.flags
	client, err := sub.client()
	if err != nil {
		return fmt.Errorf("remove job %s: %w", j.ID, err)
	}
	defer client.Close()
	return transfer.RemoveJob(ctx, a.stateDir(), j.ID, client)
}
