package transfer

import (
	"context"
	"errors"
	"maps"
	"slices"
	"sync"

	"github.com/icos-go/icos/transfer/internal/checkpoint"
	"github.com/icos-go/icos/transfer/internal/mirror"
	"github.com/icos-go/icos/transfer/internal/tree"
)

// maxQueue is how many entries wait to be worked on: as many as let the totals of
// most trees be known early, at some 400 bytes each.
const maxQueue = 8192

// A step is a decision of the plan that waits to be carried out.
type step struct {
	op     mirror.Op
	src    mirror.Entry
	reason string
	err    error
	isNew  bool  // the target has nothing under the key
	unsure bool  // contents could not be compared
	odd    bool  // a link or special file, which has no place in the target
	skips  int64 // of a run of entries to be skipped that nobody wants to hear about; src.Key is the last
}

// newStep returns the step of an action. Links and special files that cannot be
// moved are skipped: they are left where they are by those who know that.
func newStep(a *mirror.Action) step {
	s := step{op: a.Op, src: a.Src, reason: a.Reason, err: a.Err, isNew: a.Dst.Key == "", unsure: a.Unsure}
	if errors.Is(a.Err, tree.ErrSymlink) || errors.Is(a.Err, tree.ErrSpecial) {
		s.op, s.reason, s.err, s.odd = mirror.Skip, a.Err.Error(), nil, true
	}
	return s
}

// A worklist hands the steps of a plan to workers, in the order of their keys, and
// knows at any time which are done: those up to the frontier that are neither
// pending nor failed. It is what a snapshot of the job is made of.
type worklist struct {
	mu   sync.Mutex // guards what follows
	more sync.Cond  // queue became longer, or closed
	room sync.Cond  // queue became shorter

	queue  []step // a ring
	head   int
	length int
	closed bool // nothing is added any more

	frontier string
	pending  map[string]struct{} // taken and not settled, or not done before and not taken yet
	failed   []string
	blind    bool // failed does not tell all
	changed  bool // since the last snapshot
}

// newWorklist returns a list that goes on from a state. What is pending there stays
// so until it is done, even if the crash that made it so comes again.
func newWorklist(s checkpoint.State) *worklist {
	l := &worklist{queue: make([]step, 256), frontier: s.Frontier, failed: s.Failed, blind: s.Overflow}
	l.pending = make(map[string]struct{}, len(s.Pending))
	for _, key := range s.Pending {
		l.pending[key] = struct{}{}
	}
	l.more.L, l.room.L = &l.mu, &l.mu
	return l
}

// push adds a step. It waits while there are too many, and returns the cause when
// ctx ends; see [worklist.watch].
func (l *worklist) push(ctx context.Context, s step) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	for l.length == maxQueue && ctx.Err() == nil {
		l.room.Wait()
	}
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	if l.length == len(l.queue) {
		l.grow()
	}
	l.queue[(l.head+l.length)%len(l.queue)] = s
	l.length++
	l.more.Signal()
	return nil
}

// grow doubles the ring, so that a small tree does not pay for a large one.
func (l *worklist) grow() {
	queue := make([]step, min(2*len(l.queue), maxQueue))
	n := copy(queue, l.queue[l.head:])
	copy(queue[n:], l.queue[:l.head])
	l.queue, l.head = queue, 0
}

// take returns the next step, which is pending from then on. It returns false when
// there is none left, or when ctx has ended.
func (l *worklist) take(ctx context.Context) (step, bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for l.length == 0 && !l.closed && ctx.Err() == nil {
		l.more.Wait()
	}
	if l.length == 0 || ctx.Err() != nil {
		return step{}, false
	}
	s := l.queue[l.head]
	l.queue[l.head] = step{}
	l.head = (l.head + 1) % len(l.queue)
	l.length--
	l.room.Signal()
	l.frontier = max(l.frontier, s.src.Key)
	l.pending[s.src.Key] = struct{}{}
	l.changed = true
	return s, true
}

// finish says that a step is done.
func (l *worklist) finish(key string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.settle(key)
}

// fail says that a step is to be tried again another time.
func (l *worklist) fail(key string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.settle(key)
	switch {
	case key == "":
		// Something failed of which it is not known what it would have been.
		l.blind = true
	case len(l.failed) <= checkpoint.MaxFailed: // one more than may be kept, for Overflow
		l.failed = append(l.failed, key)
	}
}

func (l *worklist) settle(key string) {
	l.changed = true
	delete(l.pending, key)
}

// close says that nothing is added any more.
func (l *worklist) close() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.closed = true
	l.more.Broadcast()
}

// watch makes the end of ctx end all waiting, until the function it returns is
// called.
func (l *worklist) watch(ctx context.Context) (stop func() bool) {
	return context.AfterFunc(ctx, func() {
		l.mu.Lock()
		defer l.mu.Unlock()
		l.more.Broadcast()
		l.room.Broadcast()
	})
}

// snapshot puts into s what is done. It returns false if nothing has changed since
// the last one.
func (l *worklist) snapshot(s *checkpoint.State) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if !l.changed {
		return false
	}
	l.changed = false
	s.Frontier = l.frontier
	s.Pending = slices.Collect(maps.Keys(l.pending))
	s.Failed = slices.Clone(l.failed)
	s.Overflow = l.blind
	return true
}
