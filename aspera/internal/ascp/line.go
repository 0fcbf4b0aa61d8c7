package ascp

import (
	"context"
	"errors"
	"sync"
	"time"
)

// lineIdle is how long a process is kept without work.
const lineIdle = 2 * time.Second

// A Line moves files through one process that is kept alive. It starts one when there
// is a file to move, another when that fails in a way that may pass, and ends it when
// there has been nothing to move for a while. The caller must Close it.
type Line struct {
	// Command returns the process of an attempt.
	Command func(context.Context, Attempt) (*Command, error)

	// Acquire, if not nil, waits until there may be another process, and returns
	// what is to be called when it is over.
	Acquire func(context.Context) (release func(), err error)

	Rates  func() Rates  // as in [Transfer]
	Idle   time.Duration // how long a process is kept without work; if zero, 2 s
	Timing Timing

	once sync.Once
	sem  chan struct{} // held while a process is started or ended; guards what follows
	kept *kept         // nil if there is none

	mu    sync.Mutex
	users int         // files on their way; guarded by mu
	timer *time.Timer // ends an idle process; guarded by mu

	ctx  context.Context // of the processes
	stop context.CancelFunc
}

func (l *Line) init() {
	l.once.Do(func() {
		l.sem = make(chan struct{}, 1)
		l.ctx, l.stop = context.WithCancel(context.Background())
		if l.Idle == 0 {
			l.Idle = lineIdle
		}
		l.Timing = l.Timing.filled()
	})
}

// Move moves a file. moved, if not nil, is told how much of it has arrived. The
// error is a *Failure, that of Command or Acquire, or that of ctx. [ErrTwice] says
// that the same source is being moved already, which one process cannot do.
func (l *Line) Move(ctx context.Context, source, destination string, moved func(int64)) error {
	l.init()
	l.enter()
	defer l.leave()
	backoff := l.Timing.Backoff
	for retries := 0; ; retries++ {
		k, err := l.process(ctx, retries)
		if err != nil {
			return err
		}
		err = k.move(ctx, source, destination, moved)
		f, ok := errors.AsType[*Failure](err)
		ended := errors.Is(err, errEnded) // between our asking for it and using it
		if !ended && (!ok || !f.passing() || ctx.Err() != nil) || retries == maxRetries {
			return err
		}
		select {
		case <-time.After(backoff):
		case <-ctx.Done():
			return context.Cause(ctx)
		}
		backoff = min(2*backoff, maxBackoff)
	}
}

// ErrTwice is the error of moving a source that is being moved.
var ErrTwice = errors.New("the same source is on its way already")

// process returns one that takes files.
func (l *Line) process(ctx context.Context, retries int) (*kept, error) {
	if ctx.Err() != nil {
		return nil, context.Cause(ctx)
	}
	select {
	case l.sem <- struct{}{}:
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	}
	defer func() { <-l.sem }()
	if l.kept != nil && l.kept.ended() == nil {
		return l.kept, nil
	}
	release := func() {}
	if l.Acquire != nil {
		var err error
		if release, err = l.Acquire(ctx); err != nil {
			return nil, err
		}
	}
	at := Attempt{Number: retries}
	if l.kept != nil {
		if f, ok := errors.AsType[*Failure](l.kept.ended()); ok {
			at.NewToken = staleToken(f.Description)
		}
	}
	c, err := l.Command(ctx, at)
	if err != nil {
		release()
		return nil, err
	}
	l.kept = keep(l.ctx, c, l.Timing, l.Rates, release)
	return l.kept, nil
}

func (l *Line) enter() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.users++
	if l.timer != nil {
		l.timer.Stop()
	}
}

func (l *Line) leave() {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.users--; l.users == 0 {
		l.timer = time.AfterFunc(l.Idle, l.end)
	}
}

// end ends the process if nobody uses it.
func (l *Line) end() {
	l.sem <- struct{}{}
	defer func() { <-l.sem }()
	l.mu.Lock()
	used := l.users > 0
	l.mu.Unlock()
	if !used && l.kept != nil {
		l.kept.close()
		l.kept = nil
	}
}

// Close ends the process. No file may be on its way, nor be moved afterwards.
func (l *Line) Close() {
	l.init()
	l.mu.Lock()
	if l.timer != nil {
		l.timer.Stop()
	}
	l.mu.Unlock()
	l.end()
	l.stop()
}
