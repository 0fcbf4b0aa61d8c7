// Command bench measures icos beside the tools that people use today: clients
// against a server that costs nothing, servers under a client that costs nothing,
// on this machine, over loopback. README.md says how to read what it prints.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"regexp"
	"syscall"
	"time"

	"github.com/icos-go/icos/bench/internal/report"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		stop()
		os.Exit(1)
	}
}

// options are what the command line selects.
type options struct {
	clients, servers, million bool           // which parts run
	names                     *regexp.Regexp // clients and servers by name
	rows                      *regexp.Regexp // rows by name
	schemes                   []string
	passes                    int
	quick                     bool // small counts, to see that everything works
	slow                      bool // also what takes minutes
	scratch                   string
	out                       string
}

func parse() (options, error) {
	var o options
	all := flag.Bool("all", false, "everything: -clients -servers -million")
	flag.BoolVar(&o.clients, "clients", false, "clients against a server that stores nothing")
	flag.BoolVar(&o.servers, "servers", false, "servers under load")
	flag.BoolVar(&o.million, "million", false, "list a million real keys of icos serve")
	names := flag.String("only", "", "clients or servers whose name matches this `regexp`")
	rows := flag.String("rows", "", "rows whose name matches this `regexp`: put1g, get1g, put4k, get4k, put256k, list, sync4k")
	scheme := flag.String("scheme", "", "http or https; both if empty")
	flag.IntVar(&o.passes, "n", 3, "passes; the tables show medians")
	flag.BoolVar(&o.quick, "quick", false, "small counts and one pass, to see that everything works")
	flag.BoolVar(&o.slow, "slow", false, "run the aws CLI on the rows where it takes minutes, too")
	flag.StringVar(&o.scratch, "scratch", "/dev/shm", "`folder` in memory for the files that clients read and write")
	flag.StringVar(&o.out, "out", "", "also write the tables to this `file`; with -all results/latest.txt")
	flag.Parse()
	if *all {
		o.clients, o.servers, o.million = true, true, true
		if o.out == "" && !o.quick {
			o.out = filepath.Join("results", "latest.txt")
		}
	}
	if !o.clients && !o.servers && !o.million {
		flag.Usage()
		return o, errors.New("nothing selected; -all -quick takes a minute")
	}
	if o.quick {
		o.passes = 1
	}
	o.schemes = []string{"http", "https"}
	if *scheme != "" {
		o.schemes = []string{*scheme}
	}
	var err error
	if o.names, err = regexp.Compile(*names); err != nil {
		return o, err
	}
	o.rows, err = regexp.Compile(*rows)
	return o, err
}

func run(ctx context.Context) (err error) {
	o, err := parse()
	if err != nil {
		return err
	}
	begin := time.Now()
	bin, err := buildTools(ctx, o)
	if err != nil {
		return err
	}
	work, err := newWorkspace(o.scratch, bin)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, work.remove()) }()

	out := io.Writer(os.Stdout)
	if o.out != "" {
		if err := os.MkdirAll(filepath.Dir(o.out), 0o755); err != nil {
			return err
		}
		f, err := os.Create(o.out)
		if err != nil {
			return err
		}
		defer func() { err = errors.Join(err, f.Close()) }()
		out = io.MultiWriter(os.Stdout, f)
	}
	fmt.Fprintln(out, report.Describe(begin))
	if o.clients {
		if err := benchClients(ctx, out, work, o); err != nil {
			return err
		}
	}
	if o.servers {
		if err := benchServers(ctx, out, work, o); err != nil {
			return err
		}
	}
	if o.million {
		if err := benchMillion(ctx, out, work, o); err != nil {
			return err
		}
	}
	fmt.Fprintf(out, "Everything took %.0f s.\n", time.Since(begin).Seconds())
	return nil
}
