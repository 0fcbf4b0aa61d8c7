package transfer

import (
	"context"
	"errors"
	"fmt"
	"iter"

	"github.com/icos-go/icos/transfer/internal/checkpoint"
	"github.com/icos-go/icos/transfer/internal/mirror"
)

// remove removes from the target what the source lacks, if it may.
func (r *sweep) remove(ctx context.Context) error {
	if err := r.deletes.Blocked(); err != nil {
		return fmt.Errorf("%w: %w", ErrDeleteRefused, err)
	}
	sum := r.deletes.Sum()
	if sum.Delete == 0 {
		return nil
	}
	plan := DeletePlan{Delete: sum.Delete, Keep: sum.Keep, Bytes: sum.Bytes, Empty: sum.Empty}
	confirm := r.w.Confirm
	if confirm == nil {
		confirm = guard
	}
	if err := confirm(plan); err != nil {
		return err
	}
	if r.w.To.Bucket == nil {
		return r.removeFiles(ctx)
	}
	return r.removeObjects(ctx)
}

// guard refuses what is likely to be a mistake, such as an empty source or one
// that is another directory than was meant.
func guard(p DeletePlan) error {
	if p.Empty {
		return fmt.Errorf("%w: the source is empty, and all %d objects of the target would be removed", ErrDeleteRefused, p.Delete)
	}
	if all := p.Delete + p.Keep; p.Delete > max(10, all/10) {
		return fmt.Errorf("%w: %d of %d objects of the target would be removed", ErrDeleteRefused, p.Delete, all)
	}
	return nil
}

func (r *sweep) removeFiles(ctx context.Context) error {
	for e, err := range r.deletes.All() {
		if err != nil {
			return fmt.Errorf("delete: %w", err)
		}
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		r.removed(ctx, e.Key, e.Size, r.root.Remove(e.Key))
	}
	return r.incomplete()
}

func (r *sweep) removeObjects(ctx context.Context) error {
	var listing error
	keys := func(yield func(string) bool) {
		for e, err := range r.deletes.All() {
			if err != nil {
				listing = fmt.Errorf("delete: %w", err)
				return
			}
			if !yield(r.w.To.Prefix + e.Key) {
				return
			}
		}
	}
	for key, err := range r.w.To.Bucket.DeleteObjects(ctx, iter.Seq[string](keys)) {
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		if key == "" {
			return fmt.Errorf("delete: %w", err)
		}
		r.removed(ctx, key[len(r.w.To.Prefix):], 0, err)
	}
	return errors.Join(listing, r.incomplete())
}

// removed counts what became of one key.
func (r *sweep) removed(ctx context.Context, key string, size int64, err error) {
	s := step{src: mirror.Entry{}}
	s.src.Key, s.src.Size = key, size
	if err != nil {
		r.failed(ctx, Failed, &s, fmt.Errorf("delete: %w", err))
		return
	}
	r.t.tally.deleted.Add(1)
	if r.t.notify.items {
		r.t.notify.item(ctx, Item{Op: Deleted, Key: key, To: r.w.To.place(key), Bytes: size})
	}
}

// rehearse reports what would be done.
func (r *sweep) rehearse(ctx context.Context) error {
	y := &r.t.tally
	copied := WouldCopy
	if r.w.Move {
		copied = WouldMove
	}
	r.list = newWorklist(checkpoint.State{})
	for a, err := range r.actions(ctx, nil) {
		if err != nil {
			return err
		}
		s := newStep(&a)
		switch s.op {
		case mirror.Copy:
			y.total.Add(a.Src.Size)
			y.objectsTotal.Add(1)
			r.t.notify.item(ctx, r.item(copied, &s))
		case mirror.Skip:
			y.skipped.Add(1)
			r.t.notify.item(ctx, r.item(Skipped, &s))
		case mirror.Refuse:
			y.objectsTotal.Add(1)
			r.failed(ctx, Refused, &s, a.Err)
		case mirror.Fail:
			y.objectsTotal.Add(1)
			r.failed(ctx, Failed, &s, a.Err)
		}
	}
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	if r.deletes != nil && r.deletes.Blocked() == nil {
		for e, err := range r.deletes.All() {
			if err != nil {
				return fmt.Errorf("list what would be deleted: %w", err)
			}
			r.t.notify.item(ctx, Item{
				Op: WouldDelete, Key: e.Key, To: r.w.To.place(e.Key), Bytes: e.Size,
				Reason: "not in the source",
			})
		}
	}
	return r.incomplete()
}
