package transfer

import (
	"context"
	"fmt"
	"log/slog"
	"runtime/debug"
	"sync"
	"time"
)

const (
	// progressEvery is the least time between two calls of Observer.Progress.
	progressEvery = 100 * time.Millisecond

	// maxItems is how many items wait for an observer. A transfer of small
	// objects makes some ten thousand a second.
	maxItems = 4096
)

// A notifier calls the observers of one Transfer, from a goroutine that exists
// only while there is something to say, so that a queue of ten thousand transfers
// is not ten thousand goroutines.
type notifier struct {
	t         *Transfer
	observers []Observer
	logger    *slog.Logger
	items     bool // somebody wants items
	progress  bool // somebody wants progress
	begin     func()
	exit      func() // begin and exit tell the Manager of the goroutine

	mu      sync.Mutex // guards what follows
	queued  bool       // to be said
	live    bool       // progress is to be told again and again
	due     bool       // progress is to be told once
	over    bool       // done is to be said
	err     error
	queue   []Item
	room    chan struct{} // closed when queue has been taken; nil if nobody waits
	running bool          // the goroutine exists

	wake chan struct{}

	// Owned by the goroutine.
	spare []Item
	batch []Item    // taken from the queue, not yet told
	last  time.Time // of telling progress
	stage stage
	what  string          // the call being made, for the log
	call  func(*Observer) // nil if none is
	next  int             // the observer that it is made to next
}

// A stage is how far the goroutine has come with what is said once.
type stage int

const (
	talking    stage = iota
	summing          // the last Progress has been said, or is being said
	concluding       // Done has been said, or is being said
)

func newNotifier(t *Transfer, obs []Observer, logger *slog.Logger, begin, exit func()) *notifier {
	n := &notifier{t: t, observers: obs, logger: logger, begin: begin, exit: exit, wake: make(chan struct{}, 1)}
	for _, o := range obs {
		n.items = n.items || o.Item != nil
		n.progress = n.progress || o.Progress != nil
		n.queued = n.queued || o.Queued != nil
	}
	return n
}

// open lets the calls begin.
func (n *notifier) open() {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.queued {
		n.kick()
	}
}

// kick makes the goroutine look; n.mu is held.
func (n *notifier) kick() {
	if len(n.observers) == 0 {
		return
	}
	if !n.running {
		n.running = true
		n.begin()
		go n.loop()
		return
	}
	select {
	case n.wake <- struct{}{}:
	default:
	}
}

// setLive says whether the numbers are moving. A change is told at once.
func (n *notifier) setLive(live bool) {
	if !n.progress {
		return
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.over || n.live == live {
		return
	}
	n.live, n.due = live, true
	n.kick()
}

// item queues an item. If too many wait already it waits too, but not beyond the
// end of ctx: the end of a transfer, or a pause, does not depend on observers.
func (n *notifier) item(ctx context.Context, it Item) {
	if !n.items {
		return
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	for len(n.queue) >= maxItems && ctx.Err() == nil {
		if n.room == nil {
			n.room = make(chan struct{})
		}
		room := n.room
		n.mu.Unlock()
		select {
		case <-room:
		case <-ctx.Done():
		}
		n.mu.Lock()
	}
	if n.over {
		return
	}
	n.queue = append(n.queue, it)
	if len(n.queue) == 1 {
		n.kick()
	}
}

// finish queues the end, after which nothing is queued. The Transfer is done when
// everything has been said.
func (n *notifier) finish(err error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.over, n.err, n.live = true, err, false
	if len(n.observers) == 0 {
		close(n.t.done)
		return
	}
	n.kick()
}

// loop tells what there is to tell and ends when there is nothing.
func (n *notifier) loop() {
	orderly := false
	defer func() {
		// An observer that ends its goroutine, as testing.T.FailNow does, ends
		// this one. Another one goes on where it was.
		if !orderly {
			go n.loop()
			return
		}
		n.exit()
	}()
	for n.step() {
	}
	orderly = true
}

// step does one thing. It returns false if the goroutine is to end, with
// n.running already false.
func (n *notifier) step() bool {
	if n.call != nil {
		n.finishCall()
		return true
	}
	if len(n.batch) > 0 {
		if n.progress && n.stage == talking && n.isLive() && time.Since(n.last) >= progressEvery {
			n.tellProgress()
			return true
		}
		it := n.batch[0]
		n.batch[0], n.batch = Item{}, n.batch[1:]
		n.each("Item", func(o *Observer) {
			if o.Item != nil {
				o.Item(n.t, it)
			}
		})
		return true
	}

	n.mu.Lock()
	switch {
	case n.queued:
		n.queued = false
		n.mu.Unlock()
		n.each("Queued", func(o *Observer) {
			if o.Queued != nil {
				o.Queued(n.t)
			}
		})
		return true
	case len(n.queue) > 0:
		n.batch, n.queue, n.spare = n.queue, n.spare[:0], n.queue
		if n.room != nil {
			close(n.room)
			n.room = nil
		}
		n.mu.Unlock()
		return true
	case n.over && n.stage == talking:
		n.mu.Unlock()
		n.stage = summing
		if n.progress {
			n.tellProgress()
		}
		return true
	case n.over && n.stage == summing:
		n.mu.Unlock()
		n.stage = concluding
		n.each("Done", func(o *Observer) {
			if o.Done != nil {
				o.Done(n.t, n.err)
			}
		})
		return true
	case n.over, !n.live && !n.due:
		n.running = false
		if n.over {
			close(n.t.done)
		}
		n.mu.Unlock()
		return false
	}
	wait := progressEvery - time.Since(n.last)
	if wait <= 0 {
		n.due = false
	}
	n.mu.Unlock()
	if wait <= 0 {
		n.tellProgress()
		return true
	}
	timer := time.NewTimer(wait)
	defer timer.Stop()
	select {
	case <-n.wake:
	case <-timer.C:
	}
	return true
}

func (n *notifier) isLive() bool {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.live
}

func (n *notifier) tellProgress() {
	n.last = time.Now()
	p := n.t.Progress()
	n.each("Progress", func(o *Observer) {
		if o.Progress != nil {
			o.Progress(n.t, p)
		}
	})
}

// each calls every observer, whatever the others do.
func (n *notifier) each(what string, call func(*Observer)) {
	n.what, n.call, n.next = what, call, 0
	n.finishCall()
}

// finishCall makes the calls that are left, also those that a goroutine that was
// ended by an observer has not made.
func (n *notifier) finishCall() {
	for n.next < len(n.observers) {
		o := &n.observers[n.next]
		n.next++
		n.guard(o)
	}
	n.call = nil
}

func (n *notifier) guard(o *Observer) {
	defer func() {
		if r := recover(); r != nil && n.logger != nil {
			n.logger.Error("observer panicked", "call", n.what, "transfer", n.t.String(),
				"panic", fmt.Sprint(r), "stack", string(debug.Stack()))
		}
	}()
	n.call(o)
}
