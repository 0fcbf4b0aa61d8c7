package store

import (
	"sync"
	"sync/atomic"
	"time"

	"github.com/cockroachdb/pebble/v2"
)

// room has writers wait for memory before they go into Pebble. There they would wait too, for the flush that frees it; but when
// a disk error has stopped that flush for good, nothing could call them back.
type room struct {
	guard *guard
	taken func() uint64 // bytes that memory tables take
	limit uint64
	step  int64        // bytes written after which taken is asked again, since asking costs
	since atomic.Int64 // bytes written since it was asked

	mu sync.Mutex // held by the writer who asks
}

const (
	// memTables is how many memory tables there are, with the one that is written to, before writers wait.
	memTables = 4

	// stopMemTables is when Pebble has writers wait: so late that it does not come to that.
	stopMemTables = 16 * memTables

	// roomPause is how often a writer who waits looks again.
	roomPause = time.Millisecond
)

func newRoom(g *guard, db *pebble.DB, memTable int) *room {
	return &room{
		guard: g,
		taken: func() uint64 { return db.Metrics().MemTable.Size },
		limit: memTables*uint64(memTable) + 1,
		step:  int64(memTable) / 2,
	}
}

// wait returns when there is room for n bytes more, or with the reason why there will be none.
func (r *room) wait(n int) error {
	if r.since.Add(int64(n)) < r.step {
		return nil
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	for r.since.Load() >= r.step { // otherwise another writer has found room meanwhile
		if r.taken() < r.limit {
			r.since.Store(0)
			break
		}
		if err := r.guard.failure(); err != nil {
			return err
		}
		if err := r.guard.full(); err != nil {
			return err
		}
		time.Sleep(roomPause)
	}
	return nil
}
