package pace

import "time"

// Answered is what an attempt that a Trace is told of comes to.
func (m *Meter) Answered(wait time.Duration) {
	m.answered()
	m.Service(wait)
}
