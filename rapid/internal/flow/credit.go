package flow

import "time"

// Credit is the receiving side of flow control, of a stream or of a session: how much the
// peer may send. The window grows while it is what limits the peer, and
// stops growing when the reader does not keep up.
type Credit struct {
	window, most uint64
	limit        uint64 // what the peer was told it may send in all
	consumed     uint64 // of what came, what was read
	arrived      uint64 // all that came, up to the highest offset

	since time.Duration // arrived was mark then
	mark  uint64
	speed uint64 // arrivals in the last full round trip
}

// NewCredit returns a credit whose window is of size window, which the
// peer already knows, and may grow to most.
func NewCredit(window, most uint64) Credit {
	return Credit{window: window, most: max(window, most), limit: window}
}

// Limit returns how much the peer may send in all.
func (c *Credit) Limit() uint64 { return c.limit }

// Window returns the size of the window.
func (c *Credit) Window() uint64 { return c.window }

// Speed returns how much came in the last round trip, about.
func (c *Credit) Speed() uint64 { return c.speed }

// Arrived returns how much has come, with what is missing in between.
func (c *Credit) Arrived() uint64 { return c.arrived }

// Arrive notes that n more have come, and reports whether they were allowed. Rtt is
// the round trip time.
func (c *Credit) Arrive(now time.Duration, n uint64, rtt time.Duration) (ok bool) {
	if c.limit-c.arrived < n {
		return false
	}
	c.arrived += n
	if passed := now - c.since; passed < rtt {
		c.speed = max(c.speed, c.arrived-c.mark)
	} else {
		c.speed = uint64(float64(c.arrived-c.mark) * float64(rtt) / float64(passed))
		c.since, c.mark = now, c.arrived
	}
	return true
}

// Short reports whether the window would limit the peer, and may grow. Ready is how many wait to be
// read: if they are much, it is the reader that limits.
//
// In a round trip, the peer can send no more than the window less what is held back
// (arrived but not read: behind gaps, or ready). So the window has to be that and
// two round trips more: one until credit given now is used, and one since a
// starting sender doubles its rate in every round trip. Three leave
// some room.
func (c *Credit) Short(ready uint64) bool {
	return c.window < c.most && c.arrived-c.consumed+3*c.speed > c.window && ready < c.window/4
}

// Grow doubles the window, up to its bound, and reports whether it did. May, unless it is nil, has to agree to so
// many bytes more.
func (c *Credit) Grow(may func(bytes int) bool) (grown bool) {
	more := min(c.window, c.most-c.window)
	if more == 0 || may != nil && !may(int(more)) {
		return false
	}
	c.window += more
	return true
}

// Widen makes the window at least that wide, up to its bound, and reports whether it was narrower.
func (c *Credit) Widen(window uint64) (wider bool) {
	window = min(window, c.most)
	if window <= c.window {
		return false
	}
	c.window = window
	return true
}

// Consume notes that n of what came were read or thrown away.
func (c *Credit) Consume(n uint64) { c.consumed += n }

// Update reports whether the peer should be told a new limit, and which. The
// limit counts as told from then on.
func (c *Credit) Update() (limit uint64, worth bool) {
	limit = c.consumed + c.window
	if limit < c.limit+c.window/8 {
		return c.limit, false
	}
	c.limit = limit
	return limit, true
}
