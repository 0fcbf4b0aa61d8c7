package session

import (
	"time"

	"github.com/icos-go/icos/rapid/internal/wire"
)

// Sizes of datagrams.
const (
	baseDatagram  = wire.MinFirst // any path has to carry it
	firstDatagram = 1472          // the largest that the peer takes, before its HELLO
	ethernet      = 1472          // what mostly passes where more does not
)

// Path MTU discovery as in RFC 8899, with probes of PING and PADDING.
const (
	mtuTries = 3                // lost probes that show that a size does not pass
	mtuStep  = 16               // a smaller gain is not looked for
	mtuRaise = 10 * time.Minute // after which a larger size is tried again
	mtuBlack = 4                // large packets lost before smaller ones that came
)

// mtu finds the largest datagram that the path carries.
type mtu struct {
	size int // in use; it passes
	most int // that both ends take
	bad  int // smallest that did not pass; most+1 if none

	probe   int // size being probed, 0: none
	waiting bool
	tries   int
	at      time.Duration // not before

	bigAcked uint64 // greatest number of a packet larger than the base that came, plus 1
	bigLost  int    // of those after it, how many are lost
}

func newMTU(most int) mtu {
	most = max(most, baseDatagram)
	return mtu{size: baseDatagram, most: most, bad: most + 1}
}

// allow says that the peer takes datagrams of up to most.
func (m *mtu) allow(most int) {
	most = max(most, baseDatagram)
	if m.bad == m.most+1 {
		m.bad = most + 1
	}
	m.most = most
	m.bad = min(m.bad, most+1)
	m.size = min(m.size, most)
}

// restart begins anew, for another path.
func (m *mtu) restart(now time.Duration) {
	*m = newMTU(m.most)
	m.at = now
}

// next returns the size to probe, 0 if the search is over.
func (m *mtu) next() int {
	switch {
	case m.bad-m.size <= mtuStep && m.bad <= m.most, m.size == m.most:
		return 0
	case m.bad == m.most+1:
		return m.most // mostly nothing is in the way
	case m.size < ethernet && m.bad > ethernet:
		return ethernet
	}
	return (m.size + m.bad) / 2
}

// due reports whether a probe is to be sent now.
func (m *mtu) due(now time.Duration, s *Session) bool {
	if m.waiting || now < m.at || !s.rtt.Known() || !s.path.valid || s.timers.tries > 0 {
		return false
	}
	if m.probe == 0 {
		m.probe, m.tries = m.next(), 0
	}
	if m.probe != 0 {
		return true
	}
	m.at = now + mtuRaise // then look again from here to the largest
	if m.size < m.most {
		m.bad = m.most + 1
	}
	return false
}

// deadline returns when a probe will be due.
func (m *mtu) deadline(s *Session) time.Duration {
	if m.waiting || !s.rtt.Known() || !s.path.valid || s.timers.tries > 0 || m.size == m.most {
		return Never
	}
	return m.at
}

// passed notes that a probe came.
func (m *mtu) passed(size int) {
	if size == m.probe {
		m.probe, m.waiting = 0, false
	}
	if size > m.size && size <= m.most {
		m.size = size
		if m.bad <= size {
			m.bad = m.most + 1
		}
	}
}

// failed notes that a probe was lost.
func (m *mtu) failed(now time.Duration, size int, rtt time.Duration) {
	if size != m.probe {
		return
	}
	m.waiting = false
	m.at = now + rtt/2 // not into the same burst of losses
	if m.tries++; m.tries >= mtuTries {
		m.bad, m.probe = min(m.bad, size), 0
	}
}

// acked notes that packet pn came.
func (m *mtu) acked(pn uint64, size int) {
	if size > baseDatagram && pn >= m.bigAcked {
		m.bigAcked, m.bigLost = pn+1, 0
	}
}

// lost notes that packet pn is lost. If several large ones in a row are, while smaller ones
// that were sent later, up to largest, came, then large ones do not pass any more: the size
// goes back to the base, from where the search begins again. It reports whether it did.
func (m *mtu) lost(now time.Duration, pn uint64, size int, largest uint64) bool {
	if size <= baseDatagram || pn < m.bigAcked || largest < pn {
		return false
	}
	if m.bigLost++; m.bigLost < mtuBlack || m.size == baseDatagram {
		return false
	}
	m.shrink(now)
	return true
}

func (m *mtu) shrink(now time.Duration) {
	m.bad = m.most + 1 // whatever it was may have been a blackout
	m.size = baseDatagram
	m.probe, m.waiting, m.tries, m.bigLost = 0, false, 0, 0
	m.at = now
}

// TooBig tells that the network refused to take a datagram of size bytes.
func (s *Session) TooBig(size int) {
	m := &s.mtu
	switch {
	case size <= baseDatagram:
	case size <= m.size:
		m.shrink(s.now)
		m.bad = min(m.bad, size)
		s.cc.SetDatagram(m.size)
	case size == m.probe:
		m.bad, m.probe, m.waiting = min(m.bad, size), 0, false
		m.at = s.now
	}
}

// fillProbe builds a probe for a larger size.
func (s *Session) fillProbe(now time.Duration, buf []byte) Batch {
	m := &s.mtu
	if m.probe > len(buf) {
		m.allow(len(buf))
		m.probe = 0
		return s.fillOrdinary(now, buf)
	}
	m.waiting = true
	b := Batch{To: s.path.addr, Data: buf[:m.probe], Segment: m.probe, Number: s.hist.Next()}
	frames := wire.AppendPing(buf[:wire.HeaderLen])
	wire.AppendPadding(frames, m.probe-wire.TagLen-len(frames))
	_, rec := s.hist.Add(now)
	rec.Data = sent{refs: s.refs.tail, size: uint16(m.probe), probe: true}
	s.count.SentPackets++
	s.count.SentBytes += uint64(m.probe)
	s.timers.probe = now
	return b
}
