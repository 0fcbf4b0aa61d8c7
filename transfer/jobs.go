package transfer

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"iter"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/icos-go/icos"
	"github.com/icos-go/icos/transfer/internal/checkpoint"
	"github.com/icos-go/icos/transfer/internal/multipart"
	"github.com/icos-go/icos/transfer/internal/tree"
)

// A JobInfo describes work that has begun and is not complete, as a state
// directory knows it.
type JobInfo struct {
	ID      string
	Kind    string          // upload, download or copy of one object, or sync
	From    string          // path, or cos://bucket/key
	To      string          // path, or cos://bucket/key
	Label   json.RawMessage // as [Options] had it
	Created time.Time
	Updated time.Time

	Bytes   int64 // moved, parts of incomplete objects included
	Total   int64 // -1 if unknown
	Objects int64 // complete
	Failed  int64 // objects to be tried again

	Running bool // a process is at it
	PID     int  // which one; 0 if none
	Paused  bool // it was stopped by [Transfer.Pause]
}

// Jobs lists the work kept in a state directory, the oldest first. Entries that
// cannot be read come as errors, and the list goes on after them. A directory that
// does not exist has no work in it.
func Jobs(stateDir string) iter.Seq2[JobInfo, error] {
	return func(yield func(JobInfo, error) bool) {
		var jobs []JobInfo
		var parts []checkpoint.Info // of objects that belong to a tree
		for info, err := range infos(stateDir) {
			switch {
			case err != nil:
				if !yield(JobInfo{}, fmt.Errorf("list jobs: %w", err)) {
					return
				}
			case info.Err != nil:
				if !yield(JobInfo{ID: info.ID, Running: info.Running}, fmt.Errorf("job %s: %w", info.ID, info.Err)) {
					return
				}
			case info.Header.Parent == "":
				jobs = append(jobs, jobInfo(&info))
			default:
				parts = append(parts, info)
			}
		}
		for _, p := range parts {
			tree := slices.IndexFunc(jobs, func(j JobInfo) bool { return j.ID == p.Header.Parent })
			if tree < 0 { // that job is gone, and this is on its own
				jobs = append(jobs, jobInfo(&p))
				continue
			}
			jobs[tree].Bytes += p.Bytes
		}
		slices.SortFunc(jobs, func(a, b JobInfo) int {
			return cmp.Or(a.Created.Compare(b.Created), cmp.Compare(a.ID, b.ID))
		})
		for _, j := range jobs {
			if !yield(j, nil) {
				return
			}
		}
	}
}

// infos lists what is in a state directory, which is not made.
func infos(stateDir string) iter.Seq2[checkpoint.Info, error] {
	return func(yield func(checkpoint.Info, error) bool) {
		if stateDir == "" {
			yield(checkpoint.Info{}, errors.New("no state directory given"))
			return
		}
		if _, err := os.Stat(stateDir); errors.Is(err, fs.ErrNotExist) {
			return
		}
		store, err := checkpoint.Open(stateDir)
		if err != nil {
			yield(checkpoint.Info{}, err)
			return
		}
		store.List()(yield)
	}
}

func jobInfo(i *checkpoint.Info) JobInfo {
	remote := "cos://" + i.Identity.Bucket + "/" + i.Identity.Key
	j := JobInfo{ID: i.ID, Updated: i.Updated, Running: i.Running, PID: i.PID, From: i.Identity.Path, To: remote}
	kind, _, _ := strings.Cut(i.Identity.Kind, " ")
	if kind == kindDownload {
		j.From, j.To = j.To, j.From
	}
	if i.Job {
		s := &i.State
		j.Kind, j.Label, j.Created, j.Paused = "sync", s.Label, s.Started, s.Paused
		j.Bytes, j.Objects, j.Failed, j.Total = s.Bytes, s.Objects, s.FailedCount, -1
		if s.Listed {
			j.Total = s.Total
		}
		return j
	}
	h := &i.Header
	j.Kind, j.Label, j.Created = kind, h.Label, h.Created
	j.Bytes, j.Total = i.Bytes, h.Size
	return j
}

// RemoveJob forgets the work of an ID: it aborts its uploads, with c, and
// removes its partial files and its checkpoints. It is an error, [ErrBusy], if a
// process is at it. If c is nil only what is on this machine is removed, and the
// error says which uploads stay.
func RemoveJob(ctx context.Context, stateDir, id string, c *icos.Client) error {
	var found *checkpoint.Info
	for info, err := range infos(stateDir) {
		if err != nil {
			return fmt.Errorf("remove job %s: %w", id, err)
		}
		if info.ID == id {
			found = &info
			break
		}
	}
	if found == nil {
		return fmt.Errorf("remove job %s: %w", id, fs.ErrNotExist)
	}
	store, err := checkpoint.Open(stateDir)
	if err != nil {
		return fmt.Errorf("remove job %s: %w", id, err)
	}
	if found.Running {
		return fmt.Errorf("remove job %s: %w", id, &BusyError{PID: found.PID})
	}
	d := discarder{store: store}
	if c != nil {
		// Another service does not know the upload, which looks as if it were gone.
		if at := found.Identity.Endpoint; at != c.Endpoint() && !(isCOS(at) && isCOS(c.Endpoint())) {
			return fmt.Errorf("remove job %s: it is one of %s, and the client is for %s", id, at, c.Endpoint())
		}
		d.target = func(h *checkpoint.Header) *icos.Object { return c.Bucket(h.Bucket).Object(h.Key) }
	}
	if err := d.discard(ctx, found); err != nil {
		return fmt.Errorf("remove job %s: %w", id, err)
	}
	return nil
}

// discard removes what a transfer has kept: checkpoints, partial files, and parts
// in the service.
func (m *Manager) discard(ctx context.Context, t *Transfer) error {
	d := discarder{store: m.store}
	if target := t.plan.target; target != nil {
		d.target = func(h *checkpoint.Header) *icos.Object { return target(h.Key) }
	}
	var errs []error
	for info, err := range m.store.List() {
		switch {
		case err != nil:
			return fmt.Errorf("list checkpoints: %w", err)
		case info.ID == t.plan.id && info.Err == nil && !info.Running:
			errs = append(errs, d.discard(ctx, &info))
		}
	}
	return errors.Join(errs...)
}

// discardChildren removes what the objects of a tree have kept.
func (m *Manager) discardChildren(ctx context.Context, t *Transfer) error {
	d := discarder{store: m.store}
	if target := t.plan.target; target != nil {
		d.target = func(h *checkpoint.Header) *icos.Object { return target(h.Key) }
	}
	return d.children(ctx, t.plan.id)
}

// A discarder removes what is left of work that is given up.
type discarder struct {
	store  *checkpoint.Store
	target func(*checkpoint.Header) *icos.Object // nil: the service is left alone
}

func (d *discarder) discard(ctx context.Context, i *checkpoint.Info) error {
	if !i.Job {
		return d.object(ctx, i)
	}
	if err := d.children(ctx, i.ID); err != nil {
		return err // the job stays, so that it can be tried again
	}
	return d.store.Remove(i.ID)
}

func (d *discarder) children(ctx context.Context, job string) error {
	var errs []error
	for child, err := range d.store.List() {
		switch {
		case err != nil:
			errs = append(errs, fmt.Errorf("list checkpoints: %w", err))
		case child.Err == nil && child.Header.Parent == job:
			errs = append(errs, d.object(ctx, &child))
		}
	}
	return errors.Join(errs...)
}

func (d *discarder) object(ctx context.Context, i *checkpoint.Info) error {
	o, err := d.store.Object(i.Identity)
	if err != nil {
		return busy(err)
	}
	h, begun := o.Header()
	if begun && h.Partial != "" {
		if err := tree.RemovePartial(h.Partial); err != nil {
			return errors.Join(fmt.Errorf("remove partial file: %w", err), o.Close())
		}
	}
	var left error
	switch {
	case !begun || h.UploadID == "" && h.Kind == kindDownload:
		err = o.Remove()
	case d.target != nil:
		err = multipart.Discard(ctx, o, d.target(&h))
		switch {
		case errors.Is(err, fs.ErrNotExist): // the bucket is gone, and the upload with it
			err = o.Remove()
		case err != nil:
			err = errors.Join(err, o.Close())
		}
	default:
		if h.UploadID != "" {
			left = fmt.Errorf("upload %s of cos://%s/%s stays in the service: abort it, for its parts are paid for",
				h.UploadID, h.Bucket, h.Key)
		}
		err = o.Remove()
	}
	return errors.Join(err, left)
}
