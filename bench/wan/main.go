// Command wan measures transports over an emulated wide-area link between two
// network namespaces of this machine: TCP, QUIC, HTTP, rclone, and icos over HTTP
// and over rapid. It needs Linux and root. README.md, one folder up, says how to
// use it and how to read what it prints.
//
// The programs at the two ends are this one again, started inside the
// namespaces: "wan server" and "wan client".
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/icos-go/icos/bench/internal/report"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	run := measureMain
	args := os.Args[1:]
	if len(args) > 0 {
		switch args[0] {
		case "server":
			run, args = serverMain, args[1:]
		case "client":
			run, args = clientMain, args[1:]
		}
	}
	if err := run(ctx, args); err != nil {
		fmt.Fprintln(os.Stderr, "wan:", err)
		stop()
		os.Exit(1)
	}
}

// options are what the command line selects.
type options struct {
	parts    []string
	cells    *regexp.Regexp
	only     *regexp.Regexp
	passes   int
	objects  int
	size     int64
	limit    time.Duration
	quick    bool
	scratch  string
	profiles string
	out      string
	verbose  bool
	priority bool
	trace    bool
}

// part is one of the tables.
type part struct {
	name, what string
	run        func(ctx context.Context, b *bench) error
}

func parts() []part {
	return []part{
		{"links", "one object at a time over lossy links", benchLinks},
		{"files", "10,000 files of 16 KiB", benchFiles},
		{"fairness", "two flows on one bottleneck", benchFairness},
		{"ceiling", "as fast as the processors allow", benchCeiling},
		{"faults", "blackouts, a new NAT mapping, a smaller MTU, UDP blocked", benchFaults},
	}
}

func parse(args []string) (*options, error) {
	o := new(options)
	fs := flag.NewFlagSet("wan", flag.ContinueOnError)
	var names []string
	for _, p := range parts() {
		names = append(names, p.name)
	}
	selected := fs.String("parts", strings.Join(names, ","), "tables to make")
	cells := fs.String("cells", "", "links whose name matches this `regexp`, as 300/100/1: Mbit/s, RTT in ms, loss in %")
	only := fs.String("only", "", "transports whose name matches this `regexp`")
	fs.IntVar(&o.passes, "n", 1, "passes of the whole; the tables show medians")
	fs.IntVar(&o.objects, "objects", 0, "objects of a session after the first, of which the median is shown; if 0, 1 to 3 by rate")
	fs.Int64Var(&o.size, "size", 256<<20, "`bytes` of an object")
	fs.DurationVar(&o.limit, "limit", 6*time.Second, "how long peers may take for what rapid is compared with")
	fs.BoolVar(&o.quick, "quick", false, "small objects and short runs, to see that everything works")
	fs.StringVar(&o.scratch, "scratch", "/dev/shm", "`folder` in memory for files")
	fs.StringVar(&o.profiles, "profiles", "", "`folder` for CPU profiles of clients")
	fs.StringVar(&o.out, "out", "", "also write the tables to this `file`; of a whole run results/wan.txt")
	fs.BoolVar(&o.priority, "priority", false, "run both ends before all other programs, on a machine that does something else too")
	fs.BoolVar(&o.trace, "trace", false, "show how rapid clients do, ten times a second")
	fs.BoolVar(&o.verbose, "v", false, "say more of each run")
	if err := fs.Parse(args); err != nil {
		return nil, err
	}
	o.parts = strings.Split(*selected, ",")
	for _, p := range o.parts {
		if !slices.Contains(names, p) {
			return nil, fmt.Errorf("no part %q: there are %s", p, strings.Join(names, ", "))
		}
	}
	whole := len(o.parts) == len(names) && *cells == "" && *only == "" && !o.quick
	if whole && o.out == "" {
		o.out = filepath.Join("results", "wan.txt")
	}
	if o.quick {
		o.size, o.limit, o.objects = 32<<20, 3*time.Second, 1
	}
	var err error
	if o.cells, err = regexp.Compile(*cells); err != nil {
		return nil, err
	}
	o.only, err = regexp.Compile(*only)
	return o, err
}

// bench is one run of this command.
type bench struct {
	*options
	dir  string // files of the run, in memory
	self string // path of this program
	out  io.Writer
}

func measureMain(ctx context.Context, args []string) (err error) {
	o, err := parse(args)
	if err != nil {
		return err
	}
	// Each link keeps two of them to itself.
	runtime.GOMAXPROCS(64)
	begin := time.Now()
	b := &bench{options: o, out: os.Stdout}
	if b.self, err = os.Executable(); err != nil {
		return err
	}
	if b.dir, err = os.MkdirTemp(o.scratch, "icos-wan-"); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(b.dir)) }()
	if o.out != "" {
		f, err := os.Create(o.out)
		if err != nil {
			return err
		}
		defer f.Close()
		b.out = io.MultiWriter(os.Stdout, f)
	}
	fmt.Fprintln(b.out, report.Describe(begin))
	fmt.Fprintf(b.out, "Command: go run ./wan %s\n\n", strings.Join(args, " "))
	for _, p := range parts() {
		if !slices.Contains(o.parts, p.name) {
			continue
		}
		if err := p.run(ctx, b); err != nil {
			return fmt.Errorf("%s: %w", p.name, err)
		}
	}
	fmt.Fprintf(b.out, "Everything took %.0f s.\n", time.Since(begin).Seconds())
	return nil
}

// command is this program in another role.
func (b *bench) command(role string, args ...string) *exec.Cmd {
	cmd := exec.Command(b.self, append([]string{role}, args...)...)
	// Ctrl-C at the terminal is for the parent, which ends its children itself.
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	return cmd
}

// note tells the one who waits what was done.
func (b *bench) note(format string, args ...any) {
	fmt.Fprintf(os.Stderr, format+"\n", args...)
}
