package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/icos-go/icos/bench/internal/emulate"
	"github.com/icos-go/icos/bench/internal/report"
)

// usage is what a process cost.
type usage struct {
	cpu  time.Duration
	peak int64 // bytes of memory
}

func (u usage) String() string { return fmt.Sprintf("%.2f s, %d MiB", u.cpu.Seconds(), u.peak>>20) }

// watch is a process whose memory is looked at while it runs. What the kernel
// says in the end would count ours in, since we started it.
type watch struct {
	cmd  *exec.Cmd
	peak atomic.Int64
	quit chan struct{}
}

func watching(cmd *exec.Cmd) *watch {
	w := &watch{cmd: cmd, quit: make(chan struct{})}
	go func() {
		t := time.NewTicker(100 * time.Millisecond)
		defer t.Stop()
		for {
			w.look()
			select {
			case <-t.C:
			case <-w.quit:
				return
			}
		}
	}()
	return w
}

func (w *watch) look() {
	var kb int64
	fmt.Sscan(report.Field(fmt.Sprintf("/proc/%d/status", w.cmd.Process.Pid), "VmHWM"), &kb)
	w.peak.Store(max(w.peak.Load(), kb<<10))
}

// used returns what the process cost, after its end.
func (w *watch) used() usage {
	close(w.quit)
	r, ok := w.cmd.ProcessState.SysUsage().(*syscall.Rusage)
	if !ok {
		return usage{}
	}
	return usage{time.Duration(r.Utime.Nano() + r.Stime.Nano()), w.peak.Load()}
}

// ends are the two programs of a measurement.
type ends struct {
	b      *bench
	link   *emulate.Link
	dir    string // files of this measurement
	host   string // address of the server
	server *exec.Cmd
	watch  *watch // of server
	out    *bytes.Buffer
	errs   bytes.Buffer
	ready  chan error
	gone   chan error
}

// open makes a link with a server on side B. Dir is the folder of the run.
func (b *bench) open(s emulate.Shape, congestion string, rapid bool) (*ends, error) {
	l, err := b.emulate(s)
	if err != nil {
		return nil, err
	}
	e := newEnds(b, l)
	if err := l.Congestion(congestion); err != nil {
		return nil, errors.Join(err, l.Close())
	}
	if err := e.serve(emulate.B.Address(), rapid); err != nil {
		return nil, errors.Join(err, l.Close())
	}
	return e, nil
}

// emulate makes a link for programs of the priority that was asked for.
func (b *bench) emulate(s emulate.Shape) (*emulate.Link, error) {
	l, err := emulate.Open(s)
	if err == nil && b.priority {
		if err = l.Nice(-20); err != nil {
			return nil, errors.Join(err, l.Close())
		}
	}
	return l, err
}

func newEnds(b *bench, l *emulate.Link) *ends {
	return &ends{b: b, link: l, out: new(bytes.Buffer), ready: make(chan error, 1), gone: make(chan error, 1)}
}

// serve starts the server on side B, to listen on an address of it.
func (e *ends) serve(host string, rapid bool) error {
	e.host = host
	var err error
	if e.dir, err = os.MkdirTemp(e.b.dir, "run-"); err != nil {
		return err
	}
	e.server = e.b.command("server", "-host="+host, "-dir="+e.dir, fmt.Sprintf("-rapid=%v", rapid))
	e.server.Stderr = &e.errs
	stdout, err := e.server.StdoutPipe()
	if err != nil {
		return err
	}
	if err := e.link.Start(emulate.B, e.server); err != nil {
		return fmt.Errorf("start the server: %w", err)
	}
	e.watch = watching(e.server)
	go func() {
		r := bufio.NewReader(stdout)
		line, err := r.ReadString('\n')
		if err == nil && line != "ready\n" {
			err = fmt.Errorf("it said %q", line)
		}
		e.ready <- err
		_, copied := io.Copy(e.out, r)
		e.gone <- errors.Join(copied, e.server.Wait())
	}()
	if err := <-e.ready; err != nil {
		return fmt.Errorf("start the server: %w: %s", err, e.errs.Bytes())
	}
	return nil
}

// stop ends the server and the link.
func (e *ends) stop() (r serverReport, u usage, err error) {
	e.watch.look()
	if e.server.Process.Signal(syscall.SIGTERM) != nil {
		e.server.Process.Kill()
	}
	select {
	case err = <-e.gone:
	case <-time.After(10 * time.Second):
		e.server.Process.Kill()
		err = errors.Join(errors.New("it did not stop when told to"), <-e.gone)
	}
	if err == nil {
		err = json.Unmarshal(e.out.Bytes(), &r)
	}
	if err != nil {
		err = fmt.Errorf("server: %w: %s", err, tail(e.errs.Bytes()))
	}
	return r, e.watch.used(), errors.Join(err, e.link.Close(), os.RemoveAll(e.dir))
}

func tail(b []byte) string {
	s := strings.TrimSpace(string(b))
	if len(s) > 2000 {
		s = s[:1000] + "\n…\n" + s[len(s)-1000:]
	}
	return s
}

// client runs a client on side A to its end.
func (e *ends) client(ctx context.Context, f clientFlags) (r clientReport, u usage, err error) {
	return e.clientOn(ctx, emulate.A, f)
}

func (e *ends) clientOn(ctx context.Context, side emulate.Side, f clientFlags) (r clientReport, u usage, err error) {
	f.host, f.dir, f.trace = e.host, e.dir, e.b.trace
	out, u, err := e.program(ctx, side, e.b.command("client", f.args()...), f.limit+15*time.Second)
	if len(out) > 0 {
		err = errors.Join(err, json.Unmarshal(out, &r))
	}
	return r, u, err
}

// program runs any program on a side to its end, or until limit.
func (e *ends) program(ctx context.Context, side emulate.Side, cmd *exec.Cmd, limit time.Duration) ([]byte, usage, error) {
	var out, errs bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errs
	if e.b.trace {
		cmd.Stderr = io.MultiWriter(os.Stderr, &errs)
	}
	if err := e.link.Start(side, cmd); err != nil {
		return nil, usage{}, err
	}
	w := watching(cmd)
	done := make(chan error, 1)
	go func() { done <- cmd.Wait() }()
	var err error
	select {
	case err = <-done:
	case <-ctx.Done():
		cmd.Process.Kill()
		<-done
		err = ctx.Err()
	case <-time.After(limit):
		cmd.Process.Kill()
		<-done
		err = errStopped
	}
	if err != nil && err != errStopped {
		err = fmt.Errorf("%s: %w: %s", filepath.Base(cmd.Path), err, tail(errs.Bytes()))
	}
	return out.Bytes(), w.used(), err
}

// errStopped says that a program was stopped because its time was up.
var errStopped = errors.New("stopped: its time was up")
