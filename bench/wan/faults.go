package main

import (
	"bytes"
	"cmp"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/icos-go/icos/bench/internal/emulate"
	"github.com/icos-go/icos/bench/internal/report"
)

// fault is what happens to the link while an object is under way.
type fault struct {
	name  string
	steps []faultStep
	slow  bool // takes minutes
}

type faultStep struct {
	after  time.Duration // the start of the transfer
	change func(s *emulate.Shape)
}

func faults() []fault {
	down := func(s *emulate.Shape) { s.Down = true }
	up := func(s *emulate.Shape) { s.Down = false }
	block := func(s *emulate.Shape) { s.BlockUDP = true }
	nat := func(mapping uint16) func(*emulate.Shape) { return func(s *emulate.Shape) { s.NAT = mapping } }
	blackout := func(d time.Duration) []faultStep {
		return []faultStep{{faultAt, down}, {faultAt + d, up}}
	}
	return []fault{
		{name: "none"},
		{name: "blackout of 5 s", steps: blackout(5 * time.Second)},
		{name: "blackout of 30 s", steps: blackout(30 * time.Second)},
		{name: "blackout of 120 s", steps: blackout(120 * time.Second), slow: true},
		{name: "NAT mapping changes twice", steps: []faultStep{{faultAt, nat(0x0101)}, {faultAt + 2*time.Second, nat(0x0202)}}},
		{name: "MTU falls to 1280", steps: []faultStep{{faultAt, func(s *emulate.Shape) { s.MTU = 1280 }}}},
		{name: "UDP blocked from the start", steps: []faultStep{{0, block}}},
		{name: "UDP blocked in mid-transfer", steps: []faultStep{{faultAt, block}}},
	}
}

// length is when the last step comes.
func (f *fault) length() (d time.Duration) {
	for _, s := range f.steps {
		d = max(d, s.after)
	}
	return d
}

// faultAt is when faults begin: when half of the object is still to come.
const faultAt = 3 * time.Second

// faultResult is how a transfer ended.
type faultResult struct {
	fault  fault
	op     string
	took   time.Duration
	udp    float64 // share of the payload that went over UDP
	right  bool    // the object is what was sent
	notice string  // what the command said, in one line
	err    error
}

// benchFaults has the command icos copy an object to and from "icos serve"
// while the link misbehaves, and compares what arrived.
func benchFaults(ctx context.Context, b *bench) error {
	path, err := buildCommand(ctx)
	if err != nil {
		return err
	}
	size := int64(32 << 20)
	cell := emulate.Shape{Rate: 40e6, RTT: 50 * time.Millisecond, Loss: 0.005, Seed: 1}
	var all []*faultResult
	for _, f := range faults() {
		if f.slow && b.quick || !b.cells.MatchString(f.name) {
			continue
		}
		for _, op := range []string{"up", "down"} {
			all = append(all, &faultResult{fault: f, op: op})
		}
	}
	// Those that take long begin first.
	queue := slices.Clone(all)
	slices.SortStableFunc(queue, func(a, b *faultResult) int { return cmp.Compare(b.fault.length(), a.fault.length()) })
	// Side by side, each over a link of its own: they mostly wait.
	err = sideBySide(8, len(queue), func(i int) error {
		r := queue[i]
		r.err = b.fault(ctx, path, cell, size, r)
		b.note("faults, %s, %s: right %v in %v; %s; %v", r.fault.name, r.op, r.right, r.took.Round(time.Millisecond), r.notice, r.err)
		return ctx.Err()
	})
	if err != nil {
		return err
	}
	t := report.NewTable("fault", "way", "ended", "after s", "over UDP %", "the command said")
	for _, r := range all {
		ended := "right"
		if r.err != nil || !r.right {
			ended = "WRONG"
		}
		said := r.notice
		if r.err != nil {
			said = firstLine(r.err)
		}
		t.Row(r.fault.name, r.op, ended, fmt.Sprintf("%.1f", r.took.Seconds()), fmt.Sprintf("%.0f", 100*r.udp), said)
	}
	fmt.Fprintf(b.out, "icos cp --accelerate of %d MiB to and from icos serve over %s (Mbit/s, RTT ms, loss %%); faults begin after %v; right is what compares equal\n\n%s\n",
		size>>20, cell.String(), faultAt, t)
	return nil
}

// buildCommand builds the command icos as its users get it.
func buildCommand(ctx context.Context) (string, error) {
	dir, err := filepath.Abs(filepath.Join(".cache", "bin"))
	if err != nil {
		return "", err
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return "", err
	}
	cmd := exec.CommandContext(ctx, "go", "-C", "..", "build", "-trimpath", "-o", dir+"/", "./cmd/icos")
	if out, err := cmd.CombinedOutput(); err != nil {
		return "", fmt.Errorf("build icos: %w: %s", err, tail(out))
	}
	return filepath.Join(dir, "icos"), nil
}

// store is icos serve on side B and its clients on both sides.
type store struct {
	e    *ends
	path string // of the command
	data string
}

const storePort = ":9443"

func (b *bench) fault(ctx context.Context, path string, cell emulate.Shape, size int64, r *faultResult) (err error) {
	l, err := b.emulate(cell)
	if err != nil {
		return err
	}
	e := newEnds(b, l)
	defer func() { err = errors.Join(err, l.Close(), os.RemoveAll(e.dir)) }()
	if e.dir, err = os.MkdirTemp(b.dir, "fault-"); err != nil {
		return err
	}
	s := &store{e: e, path: path, data: filepath.Join(e.dir, "data")}
	stop, err := s.serve()
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, stop()) }()
	source, far := filepath.Join(e.dir, sourceFile), "cos://faults/object"
	if err := writeFile(source, size); err != nil {
		return err
	}
	if _, err := s.icos(ctx, emulate.B, "mb", "cos://faults"); err != nil {
		return err
	}
	if r.op == "down" {
		if _, err := s.icos(ctx, emulate.B, "cp", source, far); err != nil {
			return err
		}
	}
	received := filepath.Join(e.dir, "received")
	args := []string{"cp", "--accelerate", source, far}
	from := emulate.A
	if r.op == "down" {
		args, from = []string{"cp", "--accelerate", far, received}, emulate.B
	}
	l.Reset()
	timers := r.fault.begin(l, cell)
	begin := time.Now()
	said, err := s.icos(ctx, emulate.A, args...)
	r.took = time.Since(begin)
	for _, t := range timers {
		t.Stop()
	}
	r.notice = told(said)
	if err != nil {
		return err
	}
	sent := l.Stats(from)
	r.udp = float64(sent.UDP.Payload) / float64(max(1, sent.UDP.Payload+sent.TCP.Payload))
	if r.op == "up" {
		if _, err := s.icos(ctx, emulate.B, "cp", far, received); err != nil {
			return err
		}
	}
	r.right, err = same(source, received)
	return err
}

// begin changes the link at the times of the fault.
func (f *fault) begin(l *emulate.Link, s emulate.Shape) []*time.Timer {
	var mu sync.Mutex
	var timers []*time.Timer
	for _, step := range f.steps {
		apply := func() {
			mu.Lock()
			defer mu.Unlock()
			step.change(&s)
			l.Set(s)
		}
		if step.after == 0 {
			apply()
			continue
		}
		timers = append(timers, time.AfterFunc(step.after, apply))
	}
	return timers
}

func (s *store) serve() (stop func() error, err error) {
	cmd := exec.Command(s.path, "serve", "--dir", s.data, "--tls", "--name", emulate.B.Address(), "--addr", emulate.B.Address()+storePort)
	cmd.Env = s.env()
	out, w := io.Pipe()
	cmd.Stdout, cmd.Stderr = w, &s.e.errs
	if err := s.e.link.Start(emulate.B, cmd); err != nil {
		return nil, err
	}
	gone := make(chan error, 1)
	go func() {
		err := cmd.Wait()
		w.CloseWithError(err)
		gone <- err
	}()
	// It says where it listens when it does.
	b := make([]byte, 4096)
	if _, err := out.Read(b); err != nil {
		return nil, fmt.Errorf("icos serve: %w: %s", err, tail(s.e.errs.Bytes()))
	}
	go io.Copy(io.Discard, out)
	return func() error {
		cmd.Process.Signal(os.Interrupt)
		select {
		case err := <-gone:
			return err
		case <-time.After(time.Minute):
			cmd.Process.Kill()
			<-gone
			return errors.New("icos serve did not stop when told to")
		}
	}, nil
}

func (s *store) env() []string {
	return []string{
		"HOME=" + s.e.dir, "PATH=/usr/bin:/bin", "TMPDIR=" + s.e.dir,
		"COS_CREDENTIALS_FILE=" + filepath.Join(s.data, "cos_credentials"),
		"SSL_CERT_FILE=" + filepath.Join(s.data, "tls", "ca.pem"),
	}
}

// icos runs the command and returns what it said on standard error.
func (s *store) icos(ctx context.Context, side emulate.Side, args ...string) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, 5*time.Minute)
	defer cancel()
	cmd := exec.Command(s.path, args...)
	cmd.Env = s.env()
	var errs bytes.Buffer
	cmd.Stderr = &errs
	if err := s.e.link.Start(side, cmd); err != nil {
		return "", err
	}
	done := make(chan error, 1)
	go func() { done <- cmd.Wait() }()
	select {
	case err := <-done:
		if err != nil {
			err = fmt.Errorf("icos %s: %w: %s", args[0], err, tail(errs.Bytes()))
		}
		return errs.String(), err
	case <-ctx.Done():
		cmd.Process.Kill()
		<-done
		return errs.String(), fmt.Errorf("icos %s: %w: %s", args[0], ctx.Err(), tail(errs.Bytes()))
	}
}

// told is what the command said of the way that the bytes took, without its
// progress.
func told(said string) string {
	var kept []string
	for line := range strings.Lines(said) {
		line = strings.TrimSpace(line)
		if strings.HasPrefix(line, "bytes travel ") {
			kept = append(kept, line)
		}
		if i := strings.LastIndex(line, " by "); strings.HasPrefix(line, "copied ") && i >= 0 {
			kept = append(kept, "copied"+line[i:])
		}
	}
	return strings.Join(kept, "; ")
}

func same(a, b string) (bool, error) {
	x, err := digest(a)
	if err != nil {
		return false, err
	}
	y, err := digest(b)
	return x == y, err
}

func digest(path string) (sum [sha256.Size]byte, err error) {
	f, err := os.Open(path)
	if err != nil {
		return sum, err
	}
	defer f.Close()
	h := sha256.New()
	_, err = io.Copy(h, f)
	return [sha256.Size]byte(h.Sum(nil)), err
}
