package cli

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"sync"
	"time"

	"github.com/icos-go/icos"
	"github.com/icos-go/icos/transfer"
)

// haul is what one command moves: transfers of one manager, what is shown of
// them while they run, and the sum that the command ends with.
type haul struct {
	*app
	verb   string    // "copied"
	events io.Writer // where records of --json go
	show   showing
	dryRun bool
	single bool // one object, whose failure is the command's own
	stream bool // it comes from a reader, and cannot be gone on with
	target linkRateFlag

	ctx     context.Context
	client  *icos.Client
	manager *transfer.Manager
	state   string                      // directory of checkpoints, "" for none
	label   json.RawMessage             // what checkpoints remember of the command
	left    map[string]transfer.JobInfo // what earlier runs left there
	began   time.Time
	slots   chan struct{} // one for each transfer that has not ended
	ended   sync.WaitGroup

	display *display
	remove  func(totals) // takes the haul out of a display that it shares
	release func()

	mu     sync.Mutex // guards all below, and lines of output
	live   []*transfer.Transfer
	past   totals  // of transfers that ended
	report reports // of them too
	plan   dryPlan // of a dry run
	failed int64   // objects, each of them reported
	err    error   // what ended the command, rather than an object
	laters []func() error
}

// maxQueued is how many transfers are handed to the manager ahead of time.
const maxQueued = 1024

// haulOptions are how a haul begins.
type haulOptions struct {
	verb   string
	tuning *tuning
	accel  acceleration
	show   showing
	dryRun bool
	single bool
	stdout bool // an object's bytes go to standard output, so records cannot
	typed  bool // a person types what is moved
}

// newHaul begins what moves things to and from buckets of client. The caller
// calls end exactly once.
func (a *app) newHaul(ctx context.Context, client *icos.Client, o haulOptions) (*haul, error) {
	h := &haul{
		app: a, verb: o.verb, events: a.stdout, show: o.show, dryRun: o.dryRun, single: o.single, target: o.accel.target,
		ctx: ctx, client: client, began: time.Now(), slots: make(chan struct{}, maxQueued),
	}
	if o.stdout {
		h.events = a.stderr
	}
	if dir := a.stateDir(); dir != "" && !o.tuning.noResume && !o.dryRun {
		if err := os.MkdirAll(dir, 0o700); err != nil {
			a.notef("icos: no state can be kept, so this cannot be resumed: %v\n", err)
		} else {
			h.state = dir
		}
	}
	h.label = a.label(client.Endpoint())
	h.left = a.leftovers(h.state)
	m, release, err := a.manager(client, o.tuning.options(h.state), &o.accel, h)
	if err != nil {
		return nil, err
	}
	h.manager, h.release = m, release
	switch {
	case a.shared != nil:
		h.display = a.shared.display
		h.remove = h.display.add(h.view)
	case o.typed && !a.flags.json:
		h.display = a.newSilentDisplay(ctx)
	default:
		h.display = a.newDisplay(ctx, h.events, h.view)
	}
	return h, nil
}

// leftovers are the jobs that earlier runs left in dir, by ID.
func (a *app) leftovers(dir string) map[string]transfer.JobInfo {
	if a.shared != nil {
		a.shared.look.Do(func() { a.shared.left = jobsByID(dir) })
		return a.shared.left
	}
	return jobsByID(dir)
}

func jobsByID(dir string) map[string]transfer.JobInfo {
	jobs := map[string]transfer.JobInfo{}
	if dir == "" {
		return jobs
	}
	for job, err := range transfer.Jobs(dir) {
		if err == nil { // "icos jobs" tells of those that cannot be read
			jobs[job.ID] = job
		}
	}
	return jobs
}

// start begins one transfer. It waits while very many are queued.
func (h *haul) start(w transfer.Work) {
	select {
	case h.slots <- struct{}{}:
	case <-h.ctx.Done():
		return
	}
	h.ended.Add(1)
	h.mu.Lock()
	defer h.mu.Unlock()
	if _, ok := w.(transfer.Stream); ok {
		h.stream = true
	}
	t := h.manager.Start(h.ctx, h.labelled(w), transfer.Observer{Queued: h.queued, Item: h.item, Done: h.done})
	h.live = append(h.live, t)
}

// labelled adds the label to w, so that the command can be found again.
func (h *haul) labelled(w transfer.Work) transfer.Work {
	switch w := w.(type) {
	case transfer.Upload:
		w.Label = h.label
		return w
	case transfer.Download:
		w.Label = h.label
		return w
	case transfer.Copy:
		w.Label = h.label
		return w
	case transfer.Sync:
		w.Label = h.label
		return w
	}
	return w // a stream cannot be begun again
}

// queued tells that a transfer begins, and that it goes on with an earlier one.
func (h *haul) queued(t *transfer.Transfer) {
	job, resumed := h.left[t.ID()]
	resumed = resumed && !job.Running && job.Bytes+job.Objects > 0
	if h.flags.json {
		r := record{Type: "queued", ID: t.ID(), Detail: t.String()}
		if resumed {
			r.Resumed = &job.Bytes
		}
		h.emitEvent(r)
	}
	if !resumed {
		return
	}
	there := totals{bytes: job.Bytes, total: job.Total, objects: job.Objects}
	h.tell("going on with job %s: %s are there already", job.ID, there.there())
}

// tell writes a line for people, above what is shown of the progress.
func (h *haul) tell(format string, args ...any) {
	if h.flags.quiet || h.flags.json {
		return
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	fmt.Fprintf(h.display.above(), format+"\n", args...)
}

// emitEvent writes one record of --json. A closed standard output surfaces in
// the summary that follows.
func (h *haul) emitEvent(r record) {
	h.mu.Lock()
	defer h.mu.Unlock()
	r.Line = h.line
	_ = writeRecord(h.events, r)
}

// done notes the end of one transfer.
func (h *haul) done(t *transfer.Transfer, err error) {
	defer func() {
		<-h.slots
		h.ended.Done()
	}()
	report, progress := t.Report(), t.Progress()
	h.mu.Lock()
	for i, l := range h.live {
		if l == t {
			h.live = append(h.live[:i], h.live[i+1:]...)
			break
		}
	}
	h.past.add(progressTotals(progress))
	h.report.add(report)
	h.mu.Unlock()

	var some *transfer.FailedError
	switch {
	case err == nil:
	case h.ctx.Err() != nil, h.single:
		h.fail(err)
	case isTree(t) && errors.As(err, &some):
		// Each of them has been told by its item.
	case isTree(t):
		h.fail(err)
	default:
		h.reportItem(transfer.Item{From: t.String()}, err)
	}
}

// later has f called when everything has ended.
func (h *haul) later(f func() error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.laters = append(h.laters, f)
}

// streamed counts an object of n bytes that no transfer moved.
func (h *haul) streamed(n int64) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.past.objects++
	h.past.bytes += n
	h.report.Objects++
	h.report.Bytes += n
}

// fail keeps the first error that ends the command.
func (h *haul) fail(err error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.err == nil {
		h.err = err
	}
}

func progressTotals(p transfer.Progress) totals {
	return totals{
		bytes: p.Bytes, total: p.Total, objects: p.Objects, objectsTotal: p.ObjectsTotal, listing: p.Listing,
		skipped: p.Skipped, failed: p.Failed, deleted: p.Deleted, rate: p.Rate, eta: p.ETA,
	}
}

// view is what the haul shows of itself.
func (h *haul) view() view {
	h.mu.Lock()
	live := append([]*transfer.Transfer(nil), h.live...)
	v := view{totals: h.past}
	h.mu.Unlock()
	only := len(live) == 1 && v.objects == 0
	v.paused = len(live) > 0
	for _, t := range live {
		p := t.Progress()
		v.add(progressTotals(p))
		v.eta = p.ETA
		v.paused = v.paused && p.State == transfer.Paused
		if p.State != transfer.Running {
			continue
		}
		for _, a := range t.Active() {
			v.active = append(v.active, viewItem{name: a.Name, bytes: a.Bytes, total: a.Total})
		}
	}
	if !only {
		v.rate, v.eta = 0, -1
	}
	return v
}

// end waits for the transfers, takes away what is shown of them, and sums up.
// err is why no more were started, if that was not planned.
func (h *haul) end(err error) error {
	h.ended.Wait()
	for _, f := range h.laters {
		err = errors.Join(err, f())
	}
	h.release()
	if h.remove != nil {
		h.remove(h.past)
	} else {
		h.display.end()
	}
	if err == nil {
		err = h.err
	}
	took := time.Since(h.began)
	h.report.blameTarget(h.target, took)
	if cause := context.Cause(h.ctx); cause != nil {
		err = h.stopped(cause)
	} else if err != nil {
		err = h.resumable(err)
	}
	switch {
	case h.shared != nil:
		h.mu.Lock() // the manager, which goes on, may still tell of something
		h.shared.add(&h.report, h.failed)
		h.mu.Unlock()
	case h.dryRun:
		err = errors.Join(err, h.sumUpPlan(h.events, h.verb, &h.plan, h.past.skipped, h.failed))
	case err == nil || h.report.Objects+h.report.Skipped+h.failed > 0:
		err = errors.Join(err, h.sumUp(h.events, h.verb, &h.report, h.failed, took))
	}
	if err == nil && h.failed > 0 {
		return h.tryAgain(&someFailed{failed: int(h.failed), total: int(h.failed + h.past.objects + h.past.skipped)})
	}
	return err
}
