package journal

import (
	"context"
	"net/http"
	"sync"
	"time"
)

// An Entry is one request and what became of it.
type Entry struct {
	Seq       int64       `json:"seq"` // counts from 1
	Time      time.Time   `json:"time"`
	ID        string      `json:"id,omitempty"` // as in x-amz-request-id
	Operation string      `json:"operation,omitempty"`
	Bucket    string      `json:"bucket,omitempty"`
	Key       string      `json:"key,omitempty"`
	Method    string      `json:"method"`
	Target    string      `json:"target"` // path and query, secrets redacted
	Header    http.Header `json:"header"` // of the request, secrets redacted

	Status    int           `json:"status"`         // 0: the connection was broken before an answer
	Code      string        `json:"code,omitempty"` // of the error, if it is one
	Received  int64         `json:"received"`       // bytes of the request's body that were read
	Sent      int64         `json:"sent"`           // bytes of the answer's body
	Took      time.Duration `json:"took"`           // nanoseconds
	Principal string        `json:"principal,omitempty"`
	Rule      string        `json:"rule,omitempty"` // id of the fault rule that struck
}

// A Log holds the last requests. It may be used concurrently; a nil one
// remembers nothing.
type Log struct {
	mu   sync.Mutex // guards all below
	size int
	ring []Entry // grows up to size; the oldest entry is at head
	head int
	last int64         // Seq of the newest
	more chan struct{} // closed when an entry is added; nil if nobody waits
}

// New returns a Log of the last size requests.
func New(size int) *Log { return &Log{size: max(size, 1)} }

// Add appends an entry, whose Seq it sets.
func (l *Log) Add(e Entry) {
	if l == nil {
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.last++
	e.Seq = l.last
	if len(l.ring) < l.size {
		l.ring = append(l.ring, e)
	} else {
		l.ring[l.head] = e
		l.head = (l.head + 1) % l.size
	}
	if l.more != nil {
		close(l.more)
		l.more = nil
	}
}

// After returns the entries whose Seq is greater than seq, the oldest first, and
// at most limit of them unless that is 0. Those that were forgotten are missing.
// The entries' headers are shared; do not alter them.
func (l *Log) After(seq int64, limit int) []Entry {
	if l == nil {
		return nil
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	forgotten := l.last - int64(len(l.ring))
	first := max(seq-forgotten, 0)
	n := max(int64(len(l.ring))-first, 0)
	if limit > 0 {
		n = min(n, int64(limit))
	}
	list := make([]Entry, 0, n)
	for i := first; i < first+n; i++ {
		list = append(list, l.ring[(int64(l.head)+i)%int64(len(l.ring))])
	}
	return list
}

// Clear forgets all entries. Seq goes on counting.
func (l *Log) Clear() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.ring, l.head = nil, 0
}

// Wait returns when there is an entry after seq, or with the error of ctx.
func (l *Log) Wait(ctx context.Context, seq int64) error {
	for {
		l.mu.Lock()
		if l.last > seq {
			l.mu.Unlock()
			return nil
		}
		if l.more == nil {
			l.more = make(chan struct{})
		}
		more := l.more
		l.mu.Unlock()
		select {
		case <-more:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}
