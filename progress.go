package icos

import "sync"

// A meter adds up the bytes sent by the parts of an upload and reports the sum.
// A nil meter does nothing.
type meter struct {
	mu     sync.Mutex
	report func(int64)
	sent   int64 // may go down, when a part starts over
	told   int64 // never does
}

func newMeter(report func(int64)) *meter {
	if report == nil {
		return nil
	}
	return &meter{report: report}
}

// hook returns the function that the wire calls as bytes leave; nil for a nil meter.
func (m *meter) hook() func(n int) {
	if m == nil {
		return nil
	}
	return m.add
}

func (m *meter) add(n int) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.sent += int64(n)
	if m.sent > m.told {
		m.told = m.sent
		m.report(m.told)
	}
}
