package s3api

import (
	"sync"
	"time"
)

// maxHeldNames bounds the names that are remembered; the oldest give way.
const maxHeldNames = 10_000

// heldNames are the names of buckets that were deleted a while ago, which nobody can have yet. A restart frees them. The zero
// value holds none.
type heldNames struct {
	mu    sync.Mutex // guards until
	until map[string]time.Time
}

// hold keeps a name from being taken until a time.
func (h *heldNames) hold(name string, now, until time.Time) {
	if !until.After(now) {
		return
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.until == nil {
		h.until = make(map[string]time.Time)
	}
	if len(h.until) >= maxHeldNames {
		oldest := ""
		for n, t := range h.until {
			if !t.After(now) {
				delete(h.until, n)
			} else if oldest == "" || t.Before(h.until[oldest]) {
				oldest = n
			}
		}
		if len(h.until) >= maxHeldNames {
			delete(h.until, oldest)
		}
	}
	h.until[name] = until
}

// held reports whether a name is held at a time.
func (h *heldNames) held(name string, now time.Time) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	until, found := h.until[name]
	if found && !until.After(now) {
		delete(h.until, name)
		return false
	}
	return found
}
