package multipart

import (
	"context"
	"sync"
	"time"

	"github.com/icos-go/icos/transfer/internal/pace"
)

// A part that is half sent is lost when the transfer is interrupted. So under a limit there are only as
// many parts on their way as it lets through in a few seconds, those of the object that began first
// before others. The parts of an upload go through a bulk for every limiter that they obey.

// halfDone is how much may be on its way under a limit, in time at its rate.
const halfDone = 2 * time.Second

// bulks has the bulk of every limiter that some part is waiting for or held by.
type bulks struct {
	mu  sync.Mutex
	all map[*pace.Limiter]*bulk
	age int // of the mover that was numbered last
}

// A bulk is the parts on their way under one limiter.
type bulk struct {
	inUse int
	queue []*turn
	spare int // parts beyond what the rate needs, because connections are too slow for it

	since time.Time // when this sample began
	bytes int64     // that arrived since
}

// A turn is a part that waits.
type turn struct {
	age   int
	size  int64
	ready chan struct{}
}

// enter waits until a part of size bytes may be sent. The parts of a lower age go first.
func (b *bulks) enter(ctx context.Context, l *pace.Limiter, age int, size int64) error {
	b.mu.Lock()
	k := b.all[l]
	if k == nil {
		k = &bulk{since: time.Now()}
		if b.all == nil {
			b.all = map[*pace.Limiter]*bulk{}
		}
		b.all[l] = k
	}
	if len(k.queue) == 0 && k.inUse < k.most(l.Rate(), size) {
		k.inUse++
		b.mu.Unlock()
		return nil
	}
	t := &turn{age, size, make(chan struct{})}
	k.queue = append(k.queue, t)
	b.mu.Unlock()
	select {
	case <-t.ready:
		return nil
	case <-ctx.Done():
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	for i, other := range k.queue {
		if other == t {
			k.queue = append(k.queue[:i], k.queue[i+1:]...)
			b.tidy(l, k)
			return context.Cause(ctx)
		}
	}
	k.inUse-- // it was its turn at the same moment
	b.admit(l, k)
	return context.Cause(ctx)
}

// leave ends a part of which arrived bytes are there.
func (b *bulks) leave(l *pace.Limiter, arrived int64) {
	b.mu.Lock()
	defer b.mu.Unlock()
	k := b.all[l]
	k.inUse--
	k.learn(l.Rate(), arrived, time.Now())
	b.admit(l, k)
}

// admit lets those in whose turn it is.
func (b *bulks) admit(l *pace.Limiter, k *bulk) {
	for len(k.queue) > 0 {
		first := 0
		for i, t := range k.queue {
			if t.age < k.queue[first].age {
				first = i
			}
		}
		t := k.queue[first]
		if k.inUse >= k.most(l.Rate(), t.size) {
			return
		}
		k.queue = append(k.queue[:first], k.queue[first+1:]...)
		k.inUse++
		close(t.ready)
	}
	b.tidy(l, k)
}

// tidy forgets a bulk that nobody uses.
func (b *bulks) tidy(l *pace.Limiter, k *bulk) {
	if k.inUse == 0 && len(k.queue) == 0 {
		delete(b.all, l)
	}
}

// unbounded is more parts than there are.
const unbounded = 1 << 30

// most returns how many parts of a size may be on their way at a rate in bytes a second.
func (k *bulk) most(rate, size int64) int {
	if rate <= 0 || size <= 0 {
		return unbounded
	}
	return max(int(float64(rate)*halfDone.Seconds()/float64(size)), 1) + k.spare
}

// learn lets more parts go at once while they do not fill the rate.
func (k *bulk) learn(rate, arrived int64, now time.Time) {
	k.bytes += arrived
	took := now.Sub(k.since)
	if took < halfDone {
		return
	}
	switch filled := float64(k.bytes) / took.Seconds() / float64(max(rate, 1)); {
	case filled < 0.8:
		k.spare++
	case filled > 0.95 && k.spare > 0:
		k.spare--
	}
	k.bytes, k.since = 0, now
}
