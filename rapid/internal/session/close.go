package session

import (
	"time"

	"github.com/icos-go/icos/rapid/internal/wire"
)

// closing is what is left to do after the end.
type closing struct {
	tell   bool // the peer is to be told
	code   wire.Code
	reason string
	due    bool // now
	told   int  // times
	until  time.Duration
}

// Close ends the session: the peer is told code and reason, again if it goes on
// sending, and all streams fail. Fill has to be called until Done.
func (s *Session) Close(now time.Duration, code wire.Code, reason string) {
	s.now = now
	s.close(code, reason, ErrClosed)
}

// violate ends the session because the peer has broken the protocol.
func (s *Session) violate(reason string) {
	s.close(wire.Violation, reason, &ProtocolError{Reason: reason})
}

func (s *Session) close(code wire.Code, reason string, err error) {
	if s.err != nil {
		return
	}
	s.fail(err)
	if s.path.addr.IsValid() {
		wait := min(3*s.rtt.PTO(s.peerDelay), time.Second)
		s.closing = closing{tell: true, code: code, reason: reason, due: true, until: s.now + wait}
	}
}

// Fail ends the session by err at once and tells the peer nothing.
func (s *Session) Fail(err error) { s.fail(err) }

func (s *Session) fail(err error) {
	if s.err != nil {
		return
	}
	s.err = err
	for _, st := range s.streams {
		st.wake(Readable | Writable | Gone)
	}
	clear(s.starved)
	s.starved = nil
}

// Done reports whether nothing is left to send or to wait for after the end.
func (s *Session) Done() bool { return s.err != nil && (!s.closing.tell || s.now >= s.closing.until) }

// maxCloses bounds how often the peer is told.
const maxCloses = 4

// heard notes that the peer still sends: it may not know yet, or it closes as well.
func (c *closing) heard(now time.Duration, payload []byte) {
	for p := wire.Parse(payload); p.Next(); {
		if p.Frame.Type == wire.Close {
			*c = closing{}
			return
		}
	}
	if c.tell && c.told < maxCloses && now < c.until {
		c.due = true
	}
}

func (c *closing) deadline(now time.Duration) time.Duration {
	switch {
	case !c.tell, now >= c.until:
		return Never
	case c.due:
		return 0
	}
	return c.until
}

func (s *Session) fillClose(now time.Duration, buf []byte) Batch {
	c := &s.closing
	if !c.due {
		return Batch{}
	}
	c.due = false
	c.told++
	room := min(baseDatagram, s.path.budget())
	if room < minRoom {
		return Batch{} // to an address that is not validated
	}
	p := packet{now: now, s: s}
	p.start(buf[:room])
	const head = 1 + 8 + 2 // type, code, length of the reason
	p.b = wire.AppendClose(p.b, c.code, c.reason[:min(len(c.reason), max(0, p.room()-head))])
	b := Batch{To: s.path.addr, Number: s.hist.Next()}
	b.Segment = s.finish(&p)
	b.Data = buf[:b.Segment]
	return b
}
