package aspera

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"net"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/icos-go/icos"
	"github.com/icos-go/icos/aspera/internal/ascp"
	"github.com/icos-go/icos/transfer"
)

const (
	// tokenAge is how old a transfer token may be that a process is started with.
	// Tokens live for a day.
	tokenAge = 20 * time.Hour

	// usualThreshold is the size from which on one file is split over sessions if
	// neither the configuration nor the service says so, in bytes: that which IBM
	// recommends.
	usualThreshold = 100_000_000

	// anyRate is a rate that no path has, in kbit/s: how a limit is taken back.
	anyRate = 100_000_000
)

// A haul is one file that ascp moves.
type haul struct {
	p       *path
	j       *transfer.Job
	program *ascpProgram
	way     Path
	size    int64
	hosts   []string // of each session; "" means that of the spec
	split   int64
	list    string // path of the list
	xferID  string
	resume  int

	asking sync.Mutex           // held while a spec is asked for; guards got
	got    time.Time            // when spec came
	spec   atomic.Pointer[Spec] // nil until it is asked for

	telling        sync.Mutex // guards what follows
	moved, resumed int64      // as the Manager was told
}

// run moves the file.
func (h *haul) run(ctx context.Context, d Direction) error {
	r := h.p.r
	var err error
	if h.program, err = r.ascp(); err != nil {
		return err
	}
	h.size = h.j.Info().Size
	if h.size < smallFile {
		c := h.p.crowd(d)
		others, leave := c.enter()
		defer leave()
		if others {
			if done, err := c.move(ctx, h); done {
				return h.end(err)
			}
		}
	}
	h.xferID = xferID(h.p.bucket, d, &h.way, h.j.Info())
	if h.list, err = writeList(h.way); err != nil {
		return err
	}
	defer os.Remove(h.list) // in the directory for temporary files
	release, err := h.prepare(ctx, d)
	if err != nil {
		return err
	}
	defer release()
	r.processes.Add(int64(len(h.hosts)))
	defer r.processes.Add(-int64(len(h.hosts)))

	t := &ascp.Transfer{
		Sessions: len(h.hosts),
		Command:  func(ctx context.Context, at ascp.Attempt) (*ascp.Command, error) { return h.command(ctx, d, at) },
		Moved:    h.report,
		Rates:    h.rates,
		Retry: func(session int, why error) {
			r.logger().Debug("ascp is started again", "object", h.j.Object().String(), "session", session, "error", why)
		},
		Timing: r.timing,
	}
	return h.end(t.Run(ctx))
}

// end tells the Manager that the file has been moved, or gives the error of ascp its
// public form.
func (h *haul) end(err error) error {
	if f, ok := errors.AsType[*ascp.Failure](err); ok {
		return &TransferError{Code: f.Code, Description: f.Description, File: f.File, Sessions: f.Sessions, Output: f.Output, Err: f.Err}
	}
	if err == nil {
		h.report(h.size-h.resumed, h.resumed)
	}
	return err
}

// prepare gets a spec, decides over how many sessions to go, and waits for as many
// places.
func (h *haul) prepare(ctx context.Context, d Direction) (release func(), err error) {
	r := h.p.r
	if err := r.slots.Acquire(ctx, 1); err != nil {
		return nil, context.Cause(ctx)
	}
	h.hosts = []string{""}
	n := int64(1)
	release = func() { r.slots.Release(n) }
	if r.cfg.MultiSession != All && r.cfg.MultiSession <= 1 {
		return release, nil // the spec may wait until a process is started
	}
	spec, err := h.current(ctx, d, false)
	if err != nil {
		release()
		return nil, err
	}
	h.split = spec.MultiSessionThreshold
	if h.split == 0 {
		h.split = usualThreshold
	}
	if h.size < h.split {
		h.hosts = []string{oneHost(spec.RemoteHost)}
		return release, nil
	}
	if r.cfg.MultiSession == All {
		h.hosts = h.all(ctx, spec)
	} else {
		h.hosts = make([]string, r.cfg.MultiSession)
	}
	release()
	n = int64(len(h.hosts))
	if err := r.slots.Acquire(ctx, n); err != nil {
		return nil, context.Cause(ctx)
	}
	return release, nil
}

// oneHost is the name of one node of a service, for what is not worth all of them.
func oneHost(host string) string {
	label, rest, _ := strings.Cut(host, ".")
	if one, ok := strings.CutSuffix(label, "-all"); ok && rest != "" {
		return one + "." + rest
	}
	return host
}

// all returns the addresses of all nodes of a service, as many as may be used.
func (h *haul) all(ctx context.Context, s *Spec) []string {
	addrs, err := h.p.r.lookup(ctx, s.RemoteHost)
	if err != nil || len(addrs) == 0 {
		h.p.r.notice(fmt.Sprintf("%s: one session in the place of all, for their addresses are not known: %v", h.p.bucket.Name(), err))
		return []string{oneHost(s.RemoteHost)}
	}
	return addrs[:min(len(addrs), h.p.r.cfg.MaxSessions, MaxSessionCount)]
}

// current returns the spec, a new one if the old one is too old or is not accepted.
func (h *haul) current(ctx context.Context, d Direction, renew bool) (*Spec, error) {
	h.asking.Lock()
	defer h.asking.Unlock()
	// Several sessions may be refused at once, and one new spec is enough for all.
	age := time.Since(h.got)
	if old := h.spec.Load(); old != nil && age < tokenAge && !(renew && age > time.Second) {
		return old, nil
	}
	spec, err := h.p.party.service.Setup(ctx, h.p.bucket, d, h.way)
	if err != nil {
		return nil, err
	}
	if spec.RemoteHost == "" {
		return nil, &SpecError{Step: "set up " + d.String(), Bucket: h.p.bucket.Name(), Err: errors.New("the transfer spec has no remote_host: this service is not for ascp")}
	}
	spec.merge(&h.p.r.cfg)
	h.spec.Store(spec)
	h.got = time.Now()
	return spec, nil
}

// command returns the process of an attempt.
func (h *haul) command(ctx context.Context, d Direction, at ascp.Attempt) (*ascp.Command, error) {
	spec, err := h.current(ctx, d, at.NewToken)
	if err != nil {
		return nil, err
	}
	v := &invocation{
		list: h.list, key: h.program.Key, logDir: h.p.r.cfg.LogDir, host: h.hosts[at.Session],
		session: at.Session + 1, of: len(h.hosts), splitFrom: h.split,
		resume: h.resume, rates: h.rates(), xferID: h.xferID,
	}
	if at.Number > 0 {
		v.resume = max(v.resume, 1)
	}
	args, err := spec.arguments(v)
	if err != nil {
		return nil, &SpecError{Step: "set up " + d.String(), Bucket: h.p.bucket.Name(), Err: err}
	}
	return &ascp.Command{Path: h.program.Path, Args: args, Env: spec.environment()}, nil
}

// rates are what each process shall have.
func (h *haul) rates() ascp.Rates { return h.p.r.rates(h.spec.Load(), h.j) }

// rates are what each process shall have: what a spec says, if it is not nil, within
// its share of the limits of the Manager and of the transfer.
func (r *router) rates(spec *Spec, j *transfer.Job) ascp.Rates {
	var rates ascp.Rates
	if spec != nil {
		rates = ascp.Rates{Target: spec.TargetRate, Min: spec.MinRate, Policy: spec.RatePolicy}
	}
	if limit := j.Rate(); limit > 0 {
		share := max(1, limit*8/1000/max(1, r.processes.Load()))
		if rates.Target == 0 || share < rates.Target {
			rates.Target = share
		}
	} else if rates.Target == 0 {
		rates.Target = anyRate
	}
	rates.Min = min(rates.Min, rates.Target)
	return rates
}

// place waits until there may be another process. The function that it returns is to
// be called when that is over.
func (r *router) place(ctx context.Context) (release func(), err error) {
	if err := r.slots.Acquire(ctx, 1); err != nil {
		return nil, context.Cause(ctx)
	}
	r.processes.Add(1)
	return func() {
		r.processes.Add(-1)
		r.slots.Release(1)
	}, nil
}

// report tells the Manager how far the file is. ascp counts what it sent, which may
// be more than the file has.
func (h *haul) report(moved, resumed int64) {
	moved = max(0, min(moved, h.size))
	resumed = max(0, min(resumed, h.size-moved))
	h.telling.Lock()
	defer h.telling.Unlock()
	if n := resumed - h.resumed; n != 0 {
		h.j.Resumed(n)
	}
	if n := moved - h.moved; n != 0 {
		h.j.Progress(n)
	}
	h.moved, h.resumed = moved, resumed
}

// writeList writes the list of what is moved where. Names are nobody else's
// business.
func writeList(w Path) (name string, err error) {
	f, err := os.CreateTemp("", "icos-ascp-*") // 0600
	if err != nil {
		return "", fmt.Errorf("write file list: %w", err)
	}
	_, err = f.WriteString(w.Source + "\n" + w.Destination + "\n")
	if err = errors.Join(err, f.Close()); err != nil {
		return "", fmt.Errorf("write file list: %w", errors.Join(err, os.Remove(f.Name())))
	}
	return f.Name(), nil
}

// xferID names a transfer by what it moves: a server goes on with what it has under
// that name, whoever asks.
func xferID(b *icos.Bucket, d Direction, w *Path, info icos.ObjectInfo) string {
	s := sha256.Sum256(fmt.Appendf(nil, "%q %q %s %q %q %d %q %d",
		b.Client().Endpoint(), b.Name(), d, w.Source, w.Destination, info.Size, info.ETag, info.ModTime.UnixNano()))
	s[6], s[8] = s[6]&0x0f|0x80, s[8]&0x3f|0x80 // version 8 of RFC 9562: of our own making
	return formatUUID(s[:16])
}

// lookupHost finds the addresses of a name.
func lookupHost(ctx context.Context, host string) ([]string, error) {
	return net.DefaultResolver.LookupHost(ctx, host)
}
