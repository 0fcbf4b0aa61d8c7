package icos

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"time"
)

// WaitOptions say how long to wait for something, and how often to look. The zero
// value is what IBM's SDKs do.
type WaitOptions struct {
	// Interval is the time between two looks. If zero, 5 seconds, and a minute
	// for [Object.WaitRestored].
	Interval time.Duration

	// Tries is how often to look. If zero, 20, and for [Object.WaitRestored] as often
	// as it takes; if negative, as often as it takes. The context ends waiting
	// anyway.
	Tries int
}

// What waiters do unless they are told otherwise.
const (
	defaultWaitInterval    = 5 * time.Second
	defaultWaitTries       = 20
	defaultRestoreInterval = time.Minute
)

// WaitExists waits until there is such a bucket, whoever has it.
func (b *Bucket) WaitExists(ctx context.Context, o *WaitOptions) error {
	err := wait(ctx, valueOr(o), fs.ErrNotExist, func() (bool, error) {
		err := b.head(ctx)
		e, ok := errors.AsType[*Error](err)
		switch {
		case err == nil, errors.Is(err, fs.ErrPermission), ok && e.StatusCode == http.StatusMovedPermanently:
			return true, nil
		case errors.Is(err, fs.ErrNotExist):
			return false, nil
		}
		return false, err
	})
	if err != nil {
		return fmt.Errorf("wait for bucket %s: %w", b.name, err)
	}
	return nil
}

// WaitNotExists waits until there is no such bucket.
func (b *Bucket) WaitNotExists(ctx context.Context, o *WaitOptions) error {
	err := wait(ctx, valueOr(o), fs.ErrExist, func() (bool, error) {
		err := b.head(ctx)
		if errors.Is(err, fs.ErrNotExist) {
			return true, nil
		}
		return false, err
	})
	if err != nil {
		return fmt.Errorf("wait for the end of bucket %s: %w", b.name, err)
	}
	return nil
}

// WaitExists waits until there is such an object.
func (o *Object) WaitExists(ctx context.Context, opts *WaitOptions) error {
	err := wait(ctx, valueOr(opts), fs.ErrNotExist, func() (bool, error) { return o.Exists(ctx) })
	if err != nil {
		return fmt.Errorf("wait for %s: %w", o, err)
	}
	return nil
}

// WaitNotExists waits until there is no such object.
func (o *Object) WaitNotExists(ctx context.Context, opts *WaitOptions) error {
	err := wait(ctx, valueOr(opts), fs.ErrExist, func() (bool, error) {
		exists, err := o.Exists(ctx)
		return !exists && err == nil, err
	})
	if err != nil {
		return fmt.Errorf("wait for the end of %s: %w", o, err)
	}
	return nil
}

// ErrArchived is in the chain of an error when an object lies in an archive and
// has no copy that can be read or copied; see [Object.RestoreArchived].
var ErrArchived = errors.New("the object is archived")

// archivedIf adds ErrArchived to an answer that says so.
func archivedIf(err error) error {
	if hasCode(err, "InvalidObjectState") {
		return fmt.Errorf("%w: %w", ErrArchived, err)
	}
	return err
}

// WaitRestored waits until the object can be read, after [Object.RestoreArchived]
// asked for that. If nobody did, the error is [ErrArchived].
func (o *Object) WaitRestored(ctx context.Context, opts *WaitOptions) error {
	w := valueOr(opts)
	if w.Interval == 0 {
		w.Interval = defaultRestoreInterval
	}
	if w.Tries == 0 {
		w.Tries = -1
	}
	err := wait(ctx, w, errRestoring, func() (bool, error) {
		info, err := o.Stat(ctx)
		switch {
		case err != nil:
			return false, err
		case info.Archive.Readable():
			return true, nil
		case !info.Archive.Restoring:
			return false, fmt.Errorf("%w, and nobody asked for a copy of it", ErrArchived)
		}
		return false, nil
	})
	if err != nil {
		return fmt.Errorf("wait for the copy of %s: %w", o, err)
	}
	return nil
}

var errRestoring = errors.New("it is still being restored")

// wait looks until done, or until it has looked often enough: then the error is still.
func wait(ctx context.Context, o WaitOptions, still error, done func() (bool, error)) error {
	if o.Interval <= 0 {
		o.Interval = defaultWaitInterval
	}
	if o.Tries == 0 {
		o.Tries = defaultWaitTries
	}
	timer := time.NewTimer(o.Interval)
	defer timer.Stop()
	for tries := 1; ; tries++ {
		ok, err := done()
		if err != nil || ok {
			return err
		}
		if tries == o.Tries {
			return fmt.Errorf("after %d tries, %v apart: %w", tries, o.Interval, still)
		}
		timer.Reset(o.Interval)
		select {
		case <-timer.C:
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
}
