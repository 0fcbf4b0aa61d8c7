package transfer_test

import (
	"context"
	"errors"
	"runtime"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/icos-go/icos/transfer"
)

// A witness is an observer that checks what observers are promised. It misbehaves
// after each call.
type witness struct {
	t         *testing.T
	misbehave func()

	inside atomic.Int32
	queued int
	ends   []error
	told   []transfer.Progress
	times  []time.Time
	items  []transfer.Item
}

func (w *witness) enter(what string) func() {
	if n := w.inside.Add(1); n != 1 {
		w.t.Errorf("%s: %d calls at once", what, n)
	}
	if what != "Queued" && w.queued == 0 {
		w.t.Errorf("%s before Queued", what)
	}
	if len(w.ends) > 0 {
		w.t.Errorf("%s after Done", what)
	}
	return func() {
		w.inside.Add(-1)
		w.misbehave()
	}
}

func (w *witness) observer() transfer.Observer {
	return transfer.Observer{
		Queued: func(*transfer.Transfer) {
			defer w.enter("Queued")()
			w.queued++
		},
		Progress: func(_ *transfer.Transfer, p transfer.Progress) {
			defer w.enter("Progress")()
			w.told = append(w.told, p)
			w.times = append(w.times, time.Now())
		},
		Item: func(_ *transfer.Transfer, it transfer.Item) {
			defer w.enter("Item")()
			w.items = append(w.items, it)
		},
		Done: func(_ *transfer.Transfer, err error) {
			defer w.enter("Done")()
			w.ends = append(w.ends, err)
		},
	}
}

// check is called when all is over.
func (w *witness) check(err error) {
	w.t.Helper()
	if w.queued != 1 {
		w.t.Errorf("Queued was called %d times", w.queued)
	}
	if len(w.ends) != 1 || w.ends[0] != err {
		w.t.Errorf("Done was called with %v, want once with %v", w.ends, err)
	}
	if len(w.told) == 0 {
		w.t.Error("Progress was not called")
		return
	}
	for i := 1; i < len(w.told); i++ {
		a, b := w.told[i-1], w.told[i]
		if b.Bytes < a.Bytes || b.Total < a.Total || b.Objects < a.Objects || b.Elapsed < a.Elapsed {
			w.t.Errorf("progress went back from %+v to %+v", a, b)
		}
		last := i == len(w.told)-1
		if gap := w.times[i].Sub(w.times[i-1]); gap < 100*time.Millisecond && !last {
			w.t.Errorf("progress was told twice within %v", gap)
		}
	}
	if last := w.told[len(w.told)-1]; last.State != transfer.Done {
		w.t.Errorf("the last progress was %+v", last)
	}
}

func TestObserverPromises(t *testing.T) {
	manners := []struct {
		name      string
		misbehave func()
	}{
		{"polite", func() {}},
		{"slow", func() { time.Sleep(time.Second) }},
		{"panics", func() { panic("observer") }},
		{"exits", runtime.Goexit},
	}
	broken := errors.New("broken")
	ends := []struct {
		name string
		fail error
		stop func(*transfer.Manager, *transfer.Transfer, context.CancelCauseFunc)
		err  error
	}{
		{"success", nil, nil, nil},
		{"failure", broken, nil, broken},
		{"cancel", nil, func(_ *transfer.Manager, t *transfer.Transfer, _ context.CancelCauseFunc) { t.Cancel() }, transfer.ErrCanceled},
		{"context", nil, func(_ *transfer.Manager, _ *transfer.Transfer, cancel context.CancelCauseFunc) { cancel(broken) }, broken},
		{"close", nil, func(m *transfer.Manager, _ *transfer.Transfer, _ context.CancelCauseFunc) { m.Close() }, transfer.ErrClosed},
		{"pause", nil, func(_ *transfer.Manager, tr *transfer.Transfer, _ context.CancelCauseFunc) {
			if err := tr.Pause(); err != nil {
				panic(err)
			}
			time.Sleep(time.Hour)
			if err := tr.Resume(); err != nil {
				panic(err)
			}
		}, nil},
	}
	path, size := file(t, 1, 100_000), int64(100_000)
	for _, manner := range manners {
		for _, end := range ends {
			t.Run(manner.name+"/"+end.name, func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					m := manager(t, offline(t), &transfer.Options{Transport: &fake{fail: end.fail}})
					first := &witness{t: t, misbehave: manner.misbehave}
					second := &witness{t: t, misbehave: func() {}}
					ctx, cancel := context.WithCancelCause(t.Context())
					defer cancel(nil)
					tr := m.Upload(ctx, path, offline(t).Bucket("b").Object("k"), first.observer(), second.observer())
					if end.stop != nil {
						time.Sleep(300 * time.Millisecond)
						end.stop(m, tr, cancel)
					}
					err := tr.Wait(context.Background())
					if !errors.Is(err, end.err) {
						t.Errorf("Wait = %v, want %v", err, end.err)
					}
					first.check(err)
					second.check(err)
					if p := tr.Progress(); err == nil && (p.Bytes != size || p.Total != size || p.Objects != 1) {
						t.Errorf("at the end progress is %+v", p)
					}
					if want := 1; err == nil && len(first.items) != want {
						t.Errorf("items: %v, want %d", first.items, want)
					}
				})
			})
		}
	}
}

// TestSlowObserverHoldsNothingUp: bytes move at their own pace however slow those
// who watch are.
func TestSlowObserverHoldsNothingUp(t *testing.T) {
	path := file(t, 1, 100_000)
	synctest.Test(t, func(t *testing.T) {
		m := manager(t, offline(t), &transfer.Options{Transport: &fake{}})
		stuck := make(chan struct{})
		defer close(stuck)
		tr := m.Upload(t.Context(), path, offline(t).Bucket("b").Object("k"), transfer.Observer{
			Progress: func(*transfer.Transfer, transfer.Progress) { <-stuck },
		})
		time.Sleep(2 * time.Second)
		synctest.Wait()
		if p := tr.Progress(); p.State != transfer.Done || p.Bytes != 100_000 {
			t.Errorf("progress is %+v, want it to be done", p)
		}
	})
}
