package cli

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/spf13/cobra"
	"golang.org/x/sync/errgroup"
)

func newRun(a *app) *cobra.Command {
	r := runner{app: a}
	cmd := &cobra.Command{
		Use:   "run FILE|-",
		Short: "Run many commands, from a file or standard input",
		Long: `Run the commands of a file, one a line, several at once and in no particular order.
They share connections, credentials and one display, so that a line costs hardly
more than what it moves.

A line is a command as it is written after the name icos, which may stand there
too. Words are separated by blanks; "double" and 'single' quotes keep blanks in a
word, and a # at the beginning of a word makes the rest of the line a comment. No
shell reads it: there are no variables and no wildcards.

A line that fails is reported with its number, and the others go on.

` + exitHelpMoving,
		Example: `  icos run commands.txt
  find . -name '*.gz' -printf 'mv "%p" cos://my-bucket/logs/%P\n' | icos run -
  icos run -j 64 --bwlimit 50MB commands.txt`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if r.jobs < 1 {
				return &usageError{errors.New("--jobs: at least 1 is needed")}
			}
			return r.run(cmd.Context(), args[0])
		},
	}
	cmd.Flags().IntVarP(&r.jobs, "jobs", "j", 32, "how many lines to run at once")
	cmd.Flags().Var(&r.rate, "bwlimit", "move no more than this many bytes a second in all, such as 100M")
	return cmd
}

// runner is one run of run.
type runner struct {
	*app
	jobs int
	rate rateFlag

	out, err      lockedWriter
	lines, failed atomic.Int64
}

// notInRun are verbs that take over the terminal, or never end.
var notInRun = []string{"run", "serve", "relay", "demo", "top", "completion", "__complete"}

func (r *runner) run(ctx context.Context, file string) error {
	if r.shared != nil {
		return &usageError{errors.New("a file of commands cannot run another one")}
	}
	var in io.Reader
	if file == "-" {
		in = r.typedInput()
	} else {
		f, err := os.Open(file)
		if err != nil {
			return err
		}
		defer f.Close()
		in = f
	}
	began := time.Now()
	shared := newSharing(r.rate)
	shared.display = r.newDisplay(ctx, r.stdout, nil)
	r.out.w, r.err.w = shared.display.out(), shared.display.above()

	group := &errgroup.Group{}
	group.SetLimit(r.jobs)
	lines := bufio.NewScanner(in)
	lines.Buffer(nil, 1<<20)
	for n := 1; ctx.Err() == nil && lines.Scan(); n++ {
		words, err := splitWords(lines.Text())
		if err == nil && len(words) == 0 {
			continue
		}
		group.Go(func() error {
			r.lines.Add(1)
			if r.runLine(ctx, shared, n, words, err) != exitOK && ctx.Err() == nil {
				r.failed.Add(1)
			}
			return nil
		})
	}
	_ = group.Wait() // the functions return nil: each line reports its own error
	shared.close()
	shared.display.end()
	return r.sumUpLines(ctx, shared, lines.Err(), time.Since(began))
}

// runLine runs one line and returns what it would have exited with.
func (r *runner) runLine(ctx context.Context, shared *sharing, n int, words []string, err error) int {
	sub := &app{
		stdin: noStdin{}, stdout: &r.out, stderr: &r.err, getenv: r.getenv, home: r.home,
		shared: shared, line: n, flags: r.flags,
	}
	if words = dropName(words); err == nil {
		if slices.Contains(notInRun, words[0]) {
			err = fmt.Errorf("%s cannot be one of many commands", words[0])
		}
	}
	if err != nil {
		sub.reportError(&usageError{err}, exitUsage)
		return exitUsage
	}
	// To make all verbs for one line would take longer than to run it.
	if slices.ContainsFunc(verbs(), func(v verb) bool { return v.name == words[0] }) {
		sub.verb = words[0]
	}
	return sub.run(ctx, append(r.flags.args(), words...))
}

// dropName takes away the name of the program, which may begin a line.
func dropName(words []string) []string {
	if len(words) > 1 && words[0] == "icos" {
		return words[1:]
	}
	return words
}

// sumUpLines ends the run with what its lines have done.
func (r *runner) sumUpLines(ctx context.Context, shared *sharing, err error, took time.Duration) error {
	lines, failed := r.lines.Load(), r.failed.Load()
	if r.flags.json {
		rec := shared.sum.record(shared.failed, took)
		rec.Lines, rec.LinesFailed = &lines, &failed
		err = errors.Join(err, r.emit(rec))
	} else {
		r.notef("ran %s", plural(lines, "line"))
		if failed > 0 {
			r.notef("; %s failed", count(failed))
		}
		r.notef("\n")
		if shared.sum.Objects > 0 {
			err = errors.Join(err, r.sumUp(r.stdout, "moved", &shared.sum, shared.failed, took))
		}
	}
	if cause := context.Cause(ctx); cause != nil {
		return &stoppedError{err: cause, how: "icos jobs lists what can be gone on with; the lines that ended are done"}
	}
	if err != nil {
		return fmt.Errorf("read commands: %w", err)
	}
	if failed > 0 {
		return &linesFailed{failed: failed, total: lines}
	}
	return nil
}

// linesFailed ends a run of which some lines failed, each of them reported.
type linesFailed struct{ failed, total int64 }

func (e *linesFailed) Error() string {
	return plural(e.failed, "line") + " of " + count(e.total) + " failed"
}

// noStdin is the standard input of a command that is one of many.
type noStdin struct{}

func (noStdin) Read([]byte) (int, error) {
	return 0, errors.New("standard input cannot be that of one of many commands")
}

// lockedWriter lets several commands write whole lines to one place.
type lockedWriter struct {
	mu sync.Mutex
	w  io.Writer
}

func (l *lockedWriter) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.w.Write(p)
}
