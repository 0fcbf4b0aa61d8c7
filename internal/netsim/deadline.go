package netsim

import (
	"sync"
	"time"
)

// deadline is a channel that is closed when a time has come, and can be opened
// again by setting another time.
type deadline struct {
	mu      sync.Mutex
	timer   *time.Timer   // guarded by mu; nil if no time is set
	expired chan struct{} // guarded by mu
}

func newDeadline() deadline { return deadline{expired: make(chan struct{})} }

// done returns the channel that is closed at the time set when it is called, or
// earlier if an earlier one is set.
func (d *deadline) done() <-chan struct{} {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.expired
}

// set sets the time; the zero one never comes.
func (d *deadline) set(t time.Time) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.timer != nil && !d.timer.Stop() {
		<-d.expired // it fired, and is about to close the channel
	}
	d.timer = nil
	closed := false
	select {
	case <-d.expired:
		closed = true
	default:
	}
	if closed {
		d.expired = make(chan struct{})
	}
	if t.IsZero() {
		return
	}
	if left := time.Until(t); left > 0 {
		expired := d.expired
		d.timer = time.AfterFunc(left, func() { close(expired) })
		return
	}
	close(d.expired)
}

func (d *deadline) stop() {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.timer != nil {
		d.timer.Stop()
	}
}
