package mirror

import (
	"context"
	"slices"
	"sync"
)

// windowSize bounds the actions that wait for a comparison before them. Large files
// take long to compare, and what comes after them should not wait for it.
const windowSize = 1024

// A window yields actions in the order they were added, while contents of several
// are compared.
type window struct {
	ctx   context.Context // ends the comparisons
	o     *Options
	yield func(Action, error) bool

	contents *contents
	slots    chan struct{} // one for each comparison that runs
	running  sync.WaitGroup
	queue    []*waiting // in order
}

type waiting struct {
	action Action
	done   chan struct{} // closed when action is decided; nil: it is
}

func newWindow(ctx context.Context, o *Options, yield func(Action, error) bool) *window {
	n := o.Comparisons
	if n <= 0 {
		n = 16
	}
	return &window{ctx: ctx, o: o, yield: yield, contents: newContents(o), slots: make(chan struct{}, n)}
}

// add takes an action, and if compare is set has its contents compared before it is
// yielded. It reports whether more are wanted.
func (w *window) add(a *Action, compare bool) bool {
	if len(w.queue) == 0 && !compare {
		return w.give(a)
	}
	e := &waiting{action: *a}
	w.queue = append(w.queue, e)
	if !compare {
		return w.flush(windowSize)
	}
	e.done = make(chan struct{})
	if !w.flush(windowSize) {
		return false
	}
	w.slots <- struct{}{}
	w.running.Go(func() {
		defer close(e.done)
		defer func() { <-w.slots }()
		w.contents.decide(w.ctx, &e.action)
	})
	return true
}

// drain yields what waits. It reports whether more is wanted.
func (w *window) drain() bool { return w.flush(0) }

// wait returns when no comparison runs.
func (w *window) wait() { w.running.Wait() }

// flush yields from the head of the queue what is decided, and waits only as long as
// the queue is longer than most.
func (w *window) flush(most int) bool {
	n := 0
	defer func() { w.queue = slices.Delete(w.queue, 0, n) }()
	for _, e := range w.queue {
		if e.done != nil {
			if len(w.queue)-n > most {
				<-e.done
			}
			select {
			case <-e.done:
			default:
				return true
			}
		}
		n++
		if !w.give(&e.action) {
			return false
		}
	}
	return true
}

func (w *window) give(a *Action) bool {
	if a.Op == Fail {
		w.o.block(a.Err)
	}
	return w.yield(*a, nil)
}
