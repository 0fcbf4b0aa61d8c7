package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/icos-go/icos/bench/internal/report"
)

// usage is what a process cost, as the kernel counted it.
type usage struct {
	wall, user, sys time.Duration
	rss             int64 // peak resident set, bytes
}

func (u usage) cpu() time.Duration { return u.user + u.sys }

// limit is how long one process may take.
const limit = 3 * time.Minute

// measure runs a program to its end and returns what it cost and printed.
//
// The kernel counts the memory of the process that starts another one into the
// other's peak, so this program must stay smaller than those that it measures.
func measure(ctx context.Context, env []string, path string, args ...string) (usage, []byte, error) {
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	cmd := exec.CommandContext(ctx, path, args...)
	cmd.Env = env
	var stdout lastBytes
	var stderr lastBytes
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	begin := time.Now()
	err := cmd.Run()
	u := usage{wall: time.Since(begin)}
	if ctx.Err() != nil {
		return u, nil, fmt.Errorf("stopped after %v", u.wall.Round(time.Second))
	}
	if err != nil {
		return u, nil, fmt.Errorf("%s: %w: %s", cmd, err, stderr.b)
	}
	r := cmd.ProcessState.SysUsage().(*syscall.Rusage)
	u.user = time.Duration(r.Utime.Nano())
	u.sys = time.Duration(r.Stime.Nano())
	u.rss = r.Maxrss << 10
	return u, stdout.b, nil
}

// lastBytes is a writer that keeps the end of what it is given: some clients
// print a million lines.
type lastBytes struct{ b []byte }

func (l *lastBytes) Write(p []byte) (int, error) {
	const keep = 4096
	l.b = append(l.b, p[max(0, len(p)-keep):]...)
	l.b = append(l.b[:0], l.b[max(0, len(l.b)-keep):]...)
	return len(p), nil
}

// process is a program that runs until it is stopped.
type process struct {
	cmd  *exec.Cmd
	out  bytes.Buffer // what it printed; read only after stop
	done chan error
}

func start(env []string, path string, args ...string) (*process, error) {
	p := &process{cmd: exec.Command(path, args...), done: make(chan error, 1)}
	p.cmd.Env = env
	p.cmd.Stdout, p.cmd.Stderr = &p.out, &p.out
	if err := p.cmd.Start(); err != nil {
		return nil, err
	}
	go func() { p.done <- p.cmd.Wait() }()
	return p, nil
}

// stop ends the process and waits for it.
func (p *process) stop() error {
	if err := p.cmd.Process.Signal(syscall.SIGTERM); errors.Is(err, os.ErrProcessDone) {
		return fmt.Errorf("%s ended early: %w\n%s", p.cmd.Path, <-p.done, p.out.Bytes())
	}
	select {
	case <-p.done:
		return nil
	case <-time.After(10 * time.Second):
		p.cmd.Process.Kill()
		<-p.done
		return fmt.Errorf("%s did not stop when told to", p.cmd.Path)
	}
}

// cpu is the processor time that the process has used so far, to 10 ms.
func (p *process) cpu() time.Duration {
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", p.cmd.Process.Pid))
	if err != nil {
		return 0
	}
	// The second field, in brackets, may hold spaces; utime and stime are fields
	// 14 and 15.
	f := strings.Fields(string(b[bytes.LastIndexByte(b, ')')+1:]))
	if len(f) < 13 {
		return 0
	}
	user, _ := strconv.ParseInt(f[11], 10, 64)
	sys, _ := strconv.ParseInt(f[12], 10, 64)
	return time.Duration(user+sys) * 10 * time.Millisecond
}

// written is how much the process has had written to disks so far, in bytes.
func (p *process) written() int64 {
	n, _ := strconv.ParseInt(report.Field(fmt.Sprintf("/proc/%d/io", p.cmd.Process.Pid), "write_bytes"), 10, 64)
	return n
}

// memory returns a field of /proc/PID/status that is in kB, such as VmRSS or
// VmHWM, as bytes.
func (p *process) memory(field string) int64 {
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", p.cmd.Process.Pid))
	if err != nil {
		return 0
	}
	for line := range strings.Lines(string(b)) {
		if rest, ok := strings.CutPrefix(line, field+":"); ok {
			n, _ := strconv.ParseInt(strings.TrimSuffix(strings.TrimSpace(rest), " kB"), 10, 64)
			return n << 10
		}
	}
	return 0
}
