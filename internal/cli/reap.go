package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
)

// reaper is find --delete. It removes exactly what was found, and so what
// somebody said yes to, even if the bucket changes meanwhile: the keys wait in
// a spool until all are known.
type reaper struct {
	*finder
	ask bool

	found, removed, failed int
	bytes                  int64 // of those found
}

func (r *reaper) run(ctx context.Context, at []location) (err error) {
	spools := make([]spool, len(at))
	defer func() {
		for i := range spools {
			err = errors.Join(err, spools[i].close())
		}
	}()
	for i, loc := range at {
		if !loc.remote {
			return &usageError{fmt.Errorf("--delete removes objects, and %s is local", loc)}
		}
		if err := r.gather(ctx, loc, &spools[i]); err != nil {
			return errors.Join(fmt.Errorf("find in %s: %w", loc, err), r.out.flush())
		}
	}
	if err := r.out.flush(); err != nil {
		return err
	}
	if r.ask && r.found > 0 {
		yes, err := r.confirm(fmt.Sprintf("remove %s (%s)?", plural(r.found, "object"), formatSize(r.bytes)))
		if err != nil {
			return err
		}
		if !yes {
			r.notef("nothing removed\n")
			return nil
		}
	}
	for i, loc := range at {
		if err := r.reap(ctx, loc, &spools[i]); err != nil {
			return fmt.Errorf("remove from %s: %w", loc, err)
		}
	}
	return r.sum()
}

// gather keeps the keys of what is found under at, and shows them to who will be
// asked.
func (r *reaper) gather(ctx context.Context, at location, keys *spool) error {
	return r.find(ctx, at, func(e entry) error {
		r.found++
		r.bytes += e.size
		if err := keys.append(appendText(nil, e.key)); err != nil || !r.ask {
			return err
		}
		return r.show(at, e)
	})
}

// reap removes what was gathered from the bucket of at.
func (r *reaper) reap(ctx context.Context, at location, keys *spool) error {
	var readErr error
	gone := func(key string, err error) {
		switch {
		case err != nil:
			r.reportError(fmt.Errorf("remove %s: %w", at.name(key), err), exitCode(err))
		case r.flags.json:
			// A closed standard output surfaces in the summary that follows.
			_ = r.emit(record{Type: "remove", Bucket: at.bucket, Key: &key})
		}
	}
	n, failed, err := removeKeys(ctx, r.client.Bucket(at.bucket), spooled(keys, &readErr), gone)
	r.removed += n
	r.failed += failed
	return errors.Join(err, readErr)
}

// spooled yields the strings of a spool, and leaves in err why it ended early.
func spooled(s *spool, err *error) iter.Seq[string] {
	return func(yield func(string) bool) {
		in := s.reader()
		for {
			key, rerr := readText(in)
			if rerr != nil {
				if rerr != io.EOF {
					*err = rerr
				}
				return
			}
			if !yield(key) {
				return
			}
		}
	}
}

func (r *reaper) sum() error {
	if r.flags.json {
		objects, failed := int64(r.removed), int64(r.failed)
		if err := r.emit(record{Type: "summary", Objects: &objects, Failed: &failed}); err != nil {
			return err
		}
	}
	r.notef("removed %s\n", plural(r.removed, "object"))
	if r.failed > 0 {
		return &someFailed{failed: r.failed, total: r.found}
	}
	return nil
}
