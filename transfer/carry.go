package transfer

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"

	"github.com/icos-go/icos"
	"github.com/icos-go/icos/transfer/internal/mirror"
	"github.com/icos-go/icos/transfer/internal/multipart"
	"github.com/icos-go/icos/transfer/internal/tree"
)

// work carries out steps until there are none.
func (r *sweep) work(ctx context.Context) {
	for {
		s, ok := r.list.take(ctx)
		if !ok {
			return
		}
		r.carryOut(ctx, &s)
	}
}

// carryOut carries out one step. What the end of ctx interrupts stays pending.
func (r *sweep) carryOut(ctx context.Context, s *step) {
	t := r.t
	key := s.src.Key
	switch s.op {
	case mirror.Skip:
		t.tally.skipped.Add(s.skips)
		r.list.finish(key)
		if t.notify.items {
			t.notify.item(ctx, r.item(Skipped, s))
		}
		return
	case mirror.Refuse, mirror.Fail:
		op := Failed
		if s.op == mirror.Refuse {
			op = Refused
		}
		r.failed(ctx, op, s, s.err)
		return
	}

	if t.m.enter(ctx) != nil {
		return
	}
	a := &active{t: t, name: key, total: s.src.Size}
	t.active.add(a)
	out, err := r.object(ctx, a, s)
	t.active.remove(a)
	t.m.exit()
	t.count(ctx, a, out, err)
	switch {
	case err == nil:
		r.list.finish(key)
		if t.notify.items {
			it := r.item(moved(r.w.Move), s)
			it.Bytes = out.size
			if out.reason != "" {
				it.Reason = out.reason
			}
			t.notify.item(ctx, it)
		}
	case ctx.Err() != nil:
		// It stays pending.
	default:
		if errors.Is(err, multipart.ErrFull) {
			r.abort(err) // every other object would fail too
		}
		r.failed(ctx, Failed, s, err)
	}
}

// object moves one object.
func (r *sweep) object(ctx context.Context, a *active, s *step) (outcome, error) {
	switch {
	case r.w.From.Bucket == nil:
		return r.up(ctx, a, s)
	case r.w.To.Bucket == nil:
		return r.down(ctx, a, s)
	}
	return r.across(ctx, a, s)
}

func (r *sweep) up(ctx context.Context, a *active, s *step) (outcome, error) {
	t, key := r.t, s.src.Key
	to := r.w.To.object(key)
	put := r.w.options(key)
	if s.src.Kind == tree.File {
		return t.upload(ctx, a, &upload{
			path: s.src.Path, to: to, put: put, preserve: r.w.Preserve, move: r.w.Move,
			identity: identity(kindUpload, to, s.src.Path), parent: t.plan.id, record: r.recorder(key),
		})
	}
	kept := tree.Attributes{Mode: &s.src.Mode}
	if r.w.Preserve.ModTime {
		kept.ModTime = s.src.ModTime
	}
	body := s.src.Link
	if s.src.Kind == tree.EmptyDir {
		body = ""
		if !r.w.Preserve.Mode {
			kept.Mode = nil
		}
	}
	put.Metadata = merged(kept.Metadata(), put.Metadata)
	out, err := t.putBytes(ctx, a, to, body, put)
	if err == nil && r.w.Move && s.src.Kind == tree.Symlink {
		if err := removeLink(s.src.Path, s.src.Link); err != nil {
			return out, err
		}
	}
	return out, err
}

func (r *sweep) down(ctx context.Context, a *active, s *step) (outcome, error) {
	t, key := r.t, s.src.Key
	from := r.w.From.object(key)
	if s.src.Kind == tree.EmptyDir {
		if err := r.root.Mkdir(key); err != nil {
			return outcome{}, fmt.Errorf("make directory: %w", err)
		}
		if r.w.Move {
			return outcome{}, removeObject(ctx, from, s.src.ETag)
		}
		return outcome{}, nil
	}
	return t.download(ctx, a, &download{
		from: from, info: objectInfo(from, &s.src), root: r.root, key: key,
		preserve: r.w.Preserve, move: r.w.Move,
		identity: identity(kindDownload, from, filepath.Join(r.w.To.Dir, filepath.FromSlash(key))), parent: t.plan.id, record: r.recorder(key),
	})
}

func (r *sweep) across(ctx context.Context, a *active, s *step) (outcome, error) {
	from := r.w.From.object(s.src.Key)
	to := r.w.To.object(s.src.Key)
	info := objectInfo(from, &s.src)
	var options icos.CopyOptions // with its attributes as they are
	if r.w.Put != nil {
		put := r.w.Put(s.src.Key)
		options = icos.CopyOptions{Tags: put.Tags, Retention: put.Retention, Lock: put.Lock}
	}
	return r.t.copy(ctx, a, &copying{
		from: from, to: to, info: &info, options: options, move: r.w.Move, through: &r.through,
		identity: identity(kindCopy, to, from.String()), parent: r.t.plan.id, record: r.recorder(s.src.Key),
	})
}

// objectInfo is what a list has said of an object.
func objectInfo(o *icos.Object, e *mirror.Entry) icos.ObjectInfo {
	return icos.ObjectInfo{Key: o.Key(), Size: e.Size, ETag: e.ETag, ModTime: e.ModTime}
}

// item describes a step to observers.
func (r *sweep) item(op Op, s *step) Item {
	it := Item{Op: op, Key: s.src.Key, Bytes: s.src.Size, Reason: s.reason, To: r.w.To.place(s.src.Key), New: s.isNew, Unsure: s.unsure}
	if s.odd {
		it.To = ""
	}
	it.From = s.src.Path
	if r.w.From.Bucket != nil || it.From == "" {
		it.From = r.w.From.place(s.src.Key)
	}
	return it
}

// failed counts an object that could not be moved, and goes on.
func (r *sweep) failed(ctx context.Context, op Op, s *step, err error) {
	r.t.tally.failed.Add(1)
	r.list.fail(s.src.Key)
	r.failing.Lock()
	if r.first == nil {
		r.first = fmt.Errorf("%s: %w", s.src.Key, err)
	}
	r.failing.Unlock()
	if !r.t.notify.items {
		return
	}
	it := r.item(op, s)
	it.Err = err
	if op == Refused && it.Reason == "" && err != nil {
		it.Reason = err.Error()
	}
	r.t.notify.item(ctx, it)
}
