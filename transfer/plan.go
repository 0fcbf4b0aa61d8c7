package transfer

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"path/filepath"
	"strconv"

	"github.com/icos-go/icos"
	"github.com/icos-go/icos/transfer/internal/checkpoint"
)

// A plan is what a Transfer is going to do.
type plan struct {
	id   string
	name string
	run  func(ctx context.Context) error // until it is done, or ctx ends

	resumable bool // there may be a checkpoint
	pausable  bool // a run may end before its end and begin again
	upload    bool // bytes leave this machine, as opposed to arrive
	identity  checkpoint.Identity
	label     json.RawMessage
	target    func(key string) *icos.Object // of whole keys, for cleaning up; nil: there are no uploads
}

// The kinds of checkpoints. Those of trees are followed by what distinguishes
// one way to do it from another.
const (
	kindUpload   = "upload"
	kindDownload = "download"
	kindCopy     = "copy"
	kindTreeUp   = "upload tree"
	kindTreeDown = "download tree"
	kindTreeCopy = "copy tree"
)

// prepare makes the plan. A Transfer has one even if the work cannot be done.
func (t *Transfer) prepare(w Work) error {
	t.tally.total.Store(-1)
	t.tally.objectsTotal.Store(1)
	p := &t.plan
	p.pausable = true
	p.name = fmt.Sprintf("%T", w)
	var err error
	switch w := w.(type) {
	case Upload:
		err = t.prepareUpload(w)
	case Stream:
		err = t.prepareStream(w)
	case Download:
		err = t.prepareDownload(w)
	case Copy:
		err = t.prepareCopy(w)
	case Sync:
		err = t.prepareSync(w)
	default:
		err = errors.New("no work given")
	}
	if p.identity.Kind != "" {
		p.id = p.identity.ID()
	}
	if p.id == "" {
		t.m.mu.Lock()
		p.id = "t" + strconv.FormatInt(t.m.started+1, 10)
		t.m.mu.Unlock()
	}
	if p.label == nil {
		p.label = t.m.o.Label
	}
	if len(p.label) > checkpoint.MaxLabel && err == nil {
		err = fmt.Errorf("label has %d bytes: at most %d are kept", len(p.label), checkpoint.MaxLabel)
	}
	return err
}

var errNoObject = errors.New("no object given")

func (t *Transfer) prepareUpload(w Upload) error {
	if w.To == nil {
		return errNoObject
	}
	p := &t.plan
	path, err := filepath.Abs(w.Path)
	if err != nil {
		return fmt.Errorf("find file: %w", err)
	}
	p.name = fmt.Sprintf("upload %s to %s", w.Path, w.To)
	p.upload, p.resumable, p.label = true, true, w.Label
	p.target = w.To.Bucket().Object
	p.identity = identity(kindUpload, w.To, path)
	p.run = func(ctx context.Context) error {
		return t.single(ctx, Item{Op: moved(w.Move), Key: w.To.Key(), From: w.Path, To: w.To.String()},
			func(a *active) (outcome, error) {
				return t.upload(ctx, a, &upload{
					path: path, to: w.To, put: withType(w.Put, w.To.Key()),
					preserve: w.Preserve, move: w.Move, identity: p.identity,
				})
			})
	}
	return nil
}

func (t *Transfer) prepareStream(w Stream) error {
	if w.To == nil {
		return errNoObject
	}
	if w.Reader == nil {
		return errors.New("no reader given")
	}
	p := &t.plan
	p.name = fmt.Sprintf("upload to %s", w.To)
	p.upload, p.pausable = true, false
	p.run = func(ctx context.Context) error {
		return t.single(ctx, Item{Op: Copied, Key: w.To.Key(), To: w.To.String()},
			func(a *active) (outcome, error) {
				return t.stream(ctx, a, w.Reader, w.To, withType(w.Put, w.To.Key()))
			})
	}
	return nil
}

func (t *Transfer) prepareDownload(w Download) error {
	if w.From == nil {
		return errNoObject
	}
	p := &t.plan
	path, err := filepath.Abs(w.Path)
	if err != nil {
		return fmt.Errorf("find file: %w", err)
	}
	p.name = fmt.Sprintf("download %s to %s", w.From, w.Path)
	p.resumable, p.label = true, w.Label
	p.identity = identity(kindDownload, w.From, path)
	p.run = func(ctx context.Context) error {
		return t.single(ctx, Item{Op: moved(w.Move), Key: w.From.Key(), From: w.From.String(), To: w.Path},
			func(a *active) (outcome, error) { return t.downloadFile(ctx, a, w, path) })
	}
	return nil
}

func (t *Transfer) prepareCopy(w Copy) error {
	if w.From == nil || w.To == nil {
		return errNoObject
	}
	p := &t.plan
	p.name = fmt.Sprintf("copy %s to %s", w.From, w.To)
	if w.Move && w.From.VersionID() == "" && w.From.Key() == w.To.Key() && sameBucket(w.From.Bucket(), w.To.Bucket()) {
		return fmt.Errorf("move %s: source and target are the same object", w.From)
	}
	p.resumable, p.upload, p.label = true, true, w.Label
	p.target = w.To.Bucket().Object
	p.identity = identity(kindCopy, w.To, w.From.String())
	p.run = func(ctx context.Context) error {
		return t.single(ctx, Item{Op: moved(w.Move), Key: w.From.Key(), From: w.From.String(), To: w.To.String()},
			func(a *active) (outcome, error) {
				return t.copy(ctx, a, &copying{
					from: w.From, to: w.To, options: w.Options, move: w.Move, identity: p.identity,
				})
			})
	}
	return nil
}

// identity names work by what it moves where.
func identity(kind string, o *icos.Object, path string) checkpoint.Identity {
	return checkpoint.Identity{
		Kind: kind, Endpoint: o.Bucket().Client().Endpoint(),
		Bucket: o.Bucket().Name(), Key: o.Key(), Path: path,
	}
}

func moved(move bool) Op {
	if move {
		return Moved
	}
	return Copied
}

// single runs the work of one object and reports it.
func (t *Transfer) single(ctx context.Context, it Item, work func(*active) (outcome, error)) error {
	if err := t.m.enter(ctx); err != nil {
		return err
	}
	defer t.m.exit()
	a := &active{t: t, name: it.Key, total: -1, sole: true}
	t.active.add(a)
	out, err := work(a)
	t.active.remove(a)
	t.count(ctx, a, out, err)
	if err != nil {
		if ctx.Err() == nil {
			t.tally.failed.Add(1)
			it.Op, it.Err = Failed, err
			t.notify.item(ctx, it)
		}
		return err
	}
	it.Bytes, it.Reason = out.size, out.reason
	if out.skipped {
		it.Op = Skipped
	}
	t.notify.item(ctx, it)
	return nil
}

// count adds what became of an object to the sums.
func (t *Transfer) count(ctx context.Context, a *active, out outcome, err error) {
	y := &t.tally
	switch {
	case err != nil:
		if ctx.Err() != nil {
			// What has arrived is found again by the next run, and is shown until
			// then.
			t.Progress()
		}
		y.bytes.Add(-a.bytes.Load())
		y.kept.Add(a.kept)
		return
	case out.skipped:
		y.skipped.Add(1)
		return
	}
	y.objects.Add(1)
	y.whole.Add(out.size)
	if out.verified {
		y.verified.Add(1)
	} else {
		y.unverified.Add(1)
	}
	if out.partSize > 0 {
		y.partSize.Store(out.partSize)
	}
}

// enter waits for a place among the objects that are moved at once.
func (m *Manager) enter(ctx context.Context) error {
	select {
	case m.slots <- struct{}{}:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

func (m *Manager) exit() { <-m.slots }
