package multipart

import (
	"context"
	"errors"
	"io/fs"
	"log/slog"
	"net/http"
	"sync/atomic"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/icos-go/icos"
	"github.com/icos-go/icos/transfer/internal/pace"
)

// A mover is what the pieces of one object share while it moves.
type mover struct {
	*Flow
	env   *Env
	lane  *pace.Lane
	age   int         // of two movers the one with the lower age began first
	meter *pace.Meter // other than Meter never nil

	last  atomic.Int64 // when a piece, or some of it, last arrived, in Unix nanoseconds; 0: none has
	moved atomic.Int64 // what Progress was told, in sum
	saved atomic.Int64 // what Resumed was told, in sum
}

func (e *Env) mover(f *Flow) *mover {
	m := &mover{Flow: f, env: e, lane: f.Lane, meter: f.Meter}
	if m.lane == nil {
		m.lane = new(pace.Lane)
	}
	if m.meter == nil {
		m.meter = pace.NewMeter(nil)
	}
	e.bulks.mu.Lock()
	e.bulks.age++
	m.age = e.bulks.age
	e.bulks.mu.Unlock()
	return m
}

// report tells of bytes that moved, or did so in vain.
func (m *mover) report(delta int64) {
	m.moved.Add(delta)
	if delta > 0 {
		m.meter.Moved(delta)
	} else {
		m.meter.Repeated(-delta)
	}
	if m.Progress != nil && delta != 0 {
		m.Progress(delta)
	}
}

// resumed tells of bytes that need not move, or must after all.
func (m *mover) resumed(delta int64) {
	m.saved.Add(delta)
	if m.Resumed != nil && delta != 0 {
		m.Resumed(delta)
	}
}

// takeBack tells that nothing has moved so far.
func (m *mover) takeBack() {
	m.report(-m.moved.Load())
	m.resumed(-m.saved.Load())
}

// A tally is what of one piece was reported. It is not for two goroutines at once.
type tally struct {
	m *mover
	n int64
}

// add reports bytes that go out, or come back.
func (t *tally) add(n int) {
	t.n += int64(n)
	t.m.report(int64(n))
}

// settle takes back what was reported if the piece did not arrive.
func (t *tally) settle(err error) {
	if err != nil {
		t.m.report(-t.n)
		t.n = 0
	}
}

// arrived notes that the service is there and answers.
func (m *mover) arrived() { m.last.Store(time.Now().UnixNano()) }

// trace returns a context whose requests, which move about size bytes each, are
// counted, and given up on one connection to be repeated on another when nothing moves.
func (m *mover) trace(ctx context.Context, size int64) context.Context {
	stall := m.env.Stall
	switch {
	case size <= inline:
		stall = 0 // watching it would cost as much as the request, and the transport does so, too
	case stall == 0:
		stall = m.env.Tuner.Stall()
	}
	return m.meter.Trace(ctx, size, stall)
}

// longAnswer is how long the service may work on a request that moves no bytes, such as a copy.
const longAnswer = 5 * time.Minute

// patiently returns a context for requests that the service may work on for long before it answers.
func (m *mover) patiently(ctx context.Context) context.Context {
	return m.meter.Trace(ctx, 0, longAnswer)
}

// alone carries one request through the Gate.
func (m *mover) alone(ctx context.Context, do func(context.Context) error) error {
	if err := m.env.Gate.Enter(ctx, m.lane); err != nil {
		return err
	}
	defer m.env.Gate.Leave(m.lane)
	return do(ctx)
}

// bulky waits until a part of size bytes may be on its way under the limits, and returns what ends that.
func (m *mover) bulky(ctx context.Context, size int64) (leave func(arrived int64), err error) {
	var held []*pace.Limiter
	if size == 0 {
		return func(int64) {}, nil
	}
	leave = func(arrived int64) {
		for _, l := range held {
			m.env.bulks.leave(l, arrived)
		}
	}
	for _, l := range m.Limiters {
		if l.Rate() <= 0 {
			continue
		}
		if err := m.env.bulks.enter(ctx, l, m.age, size); err != nil {
			leave(0)
			return nil, err
		}
		held = append(held, l)
	}
	return leave, nil
}

// aside carries pieces through the Gate side by side. next returns what carries the next one,
// or nil after the last; an error of it, or of a piece, ends the others. bulk is about how
// many bytes of a piece are lost when it is interrupted. When aside returns nothing is on its way.
func (m *mover) aside(ctx context.Context, bulk int64, next func(context.Context) (func(context.Context) error, error)) error {
	ctx, cancel := context.WithCancel(ctx)
	g, gctx := errgroup.WithContext(ctx)
	// Also if next panics nothing may be on its way.
	defer func() {
		cancel()
		_ = g.Wait() // the error was returned already, or is about the cancellation
	}()
	for more := true; more && gctx.Err() == nil; {
		var err error
		if more, err = m.start(gctx, g, bulk, next); err != nil {
			if gctx.Err() != nil {
				break // a piece failed before, and its error says more
			}
			return err
		}
	}
	if err := g.Wait(); err != nil {
		return err
	}
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	return nil
}

// start starts the next piece when its turn has come. more is false after the last.
func (m *mover) start(ctx context.Context, g *errgroup.Group, bulk int64, next func(context.Context) (func(context.Context) error, error)) (more bool, err error) {
	leave, err := m.bulky(ctx, bulk)
	if err != nil {
		return false, err
	}
	do, err := next(ctx)
	if err != nil || do == nil {
		leave(0)
		return false, err
	}
	if err := m.env.Gate.EnterBulk(ctx, m.lane); err != nil {
		leave(0)
		return false, err
	}
	g.Go(func() error {
		defer m.env.Gate.LeaveBulk(m.lane)
		err := do(ctx)
		if err != nil {
			leave(0)
			return err
		}
		leave(bulk)
		return nil
	})
	return true, nil
}

// log notes what a person who looks for the reason of slowness wants to know.
func (m *mover) log(ctx context.Context, msg string, args ...any) {
	if m.env.Logger != nil {
		m.env.Logger.Log(ctx, slog.LevelDebug, msg, args...)
	}
}

// explain returns err or, if the service says that something is missing because
// the bucket is elsewhere, an error that says where.
func explain(ctx context.Context, b *icos.Bucket, err error) error {
	if e, ok := errors.AsType[*icos.Error](err); !ok || e.StatusCode != http.StatusNotFound || e.Code == codeNoSuchUpload {
		return err
	}
	if _, why := b.Exists(ctx); why != nil && ctx.Err() == nil {
		if _, elsewhere := errors.AsType[*icos.WrongEndpointError](why); elsewhere {
			return why
		}
	}
	return err
}

const codeNoSuchUpload = "NoSuchUpload"

// noUpload says whether the service answered that there is no such upload.
func noUpload(err error) bool {
	e, ok := errors.AsType[*icos.Error](err)
	return ok && (e.Code == codeNoSuchUpload || e.StatusCode == http.StatusNotFound && errors.Is(err, fs.ErrNotExist) && e.Code != "NoSuchBucket")
}
