package rapid

import (
	"context"
	"time"
)

// After how long UDP is tried again that did not work: after so long first,
// twice as long each time, and not longer in the end.
const (
	retryFirst = time.Minute
	retryLast  = 15 * time.Minute
)

// fallback is what a Dialer remembers while it does without sessions. The
// Dialer's lock guards it.
type fallback struct {
	on      bool
	retryAt time.Time     // when to try a session again
	pause   time.Duration // before the try after that
	trying  bool
	cancel  context.CancelFunc // of the try
}

// fallen reports whether sessions do not work. If they have not for some time,
// it has one tried meanwhile.
func (d *Dialer) fallen(ctx context.Context, network, address string) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	f := &d.fallback
	if f.on && !f.trying && !d.closed && !time.Now().Before(f.retryAt) {
		f.trying = true
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), openTimeout)
		f.cancel = cancel
		d.running.Go(func() {
			defer cancel()
			d.retry(ctx, network, address)
		})
	}
	return f.on
}

// retry tries whether a session can be had again.
func (d *Dialer) retry(ctx context.Context, network, address string) {
	_, err := d.session(ctx, network, address)
	d.mu.Lock()
	f := &d.fallback
	f.trying = false
	if err == nil {
		*f = fallback{}
	} else {
		f.pause = min(2*f.pause, retryLast)
		f.retryAt = time.Now().Add(f.pause)
	}
	d.mu.Unlock()
	if err == nil && d.Notice != nil {
		d.Notice(nil)
	}
}

// fall takes note that sessions do not work, and why.
func (d *Dialer) fall(reason error) {
	d.mu.Lock()
	first := !d.fallback.on
	if first {
		d.fallback = fallback{on: true, pause: retryFirst, retryAt: time.Now().Add(retryFirst)}
	}
	d.mu.Unlock()
	if !first {
		return
	}
	d.logger().Warn("rapid sessions do not work; falling back", "reason", reason)
	if d.Notice != nil {
		d.Notice(reason)
	}
}
