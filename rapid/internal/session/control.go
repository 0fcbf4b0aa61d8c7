package session

import (
	"github.com/icos-go/icos/rapid/internal/wire"
)

// pending are frames of the session that are to be sent.
type pending uint8

const (
	pendHello pending = 1 << iota
	pendPing
	pendMaxData
	pendMaxStreams
	pendRates
)

// putSession adds the frames of the session that are to be sent.
func (s *Session) putSession(p *packet) {
	if s.pending == 0 {
		return
	}
	if s.pending&pendPing != 0 && !s.anyAcked {
		s.pending |= pendHello // the first may be lost
	}
	did := pending(0)
	if s.pending&pendHello != 0 && p.room() >= wire.HelloMax {
		p.b = wire.AppendHello(p.b, s.hello())
		p.least = wire.MinFirst
		did |= pendHello
	}
	if s.pending&pendMaxData != 0 && p.room() >= 9 {
		p.b = wire.AppendMaxData(p.b, s.credit.Limit())
		did |= pendMaxData
	}
	if s.pending&pendMaxStreams != 0 && p.room() >= 9 {
		p.b = wire.AppendMaxStreams(p.b, s.peerLimit)
		did |= pendMaxStreams
	}
	if s.pending&pendRates != 0 && p.room() >= wire.RatesMax {
		p.b = s.appendRates(p.b)
		did |= pendRates
	}
	if s.pending&pendPing != 0 && p.room() >= 1 {
		p.b = wire.AppendPing(p.b)
		s.pending &^= pendPing
		p.eliciting = true
		if s.cfg.Client {
			p.least = wire.MinFirst // a server that has lost the address may answer with so much
		}
	}
	if did != 0 {
		s.pending &^= did
		p.ref(ref{kind: refSession, n: uint32(did)})
	}
}

// streamWindow returns the first receive window of a stream: half of the session's, see growWindows.
func (s *Session) streamWindow() uint64 {
	return uint64(max(min(s.cfg.Limits.StreamWindow, firstSessionWindow/2), firstStreamWindow))
}

// usualWindow returns the window of a stream whose reader keeps up, once more than the first is known to be needed: what other
// streams have shown of the path holds for it too. It is a quarter of the session's, so that a few that nobody reads do not stop the others.
func (s *Session) usualWindow() uint64 { return s.credit.Window() / 4 }

func (s *Session) hello() *wire.Hello {
	return &wire.Hello{
		MaxDatagram:   uint64(s.cfg.MaxDatagram),
		IdleTimeout:   s.cfg.IdleTimeout,
		MaxAckDelay:   maxAckDelay,
		MaxData:       s.credit.Limit(),
		MaxStreamData: s.streamWindow(),
		MaxStreams:    s.peerLimit,
		MaxRate:       uint64(s.cfg.PeerRate),
		MaxParity:     maxParity,
	}
}

// putControl adds the frames of streams that are to be sent, except their data.
func (s *Session) putControl(p *packet) {
	for !s.control.empty() {
		st := s.control.front()
		if !st.put(p) {
			return // it has to wait for the next packet
		}
		s.control.pop()
		st.isControl = false
	}
}

// put adds the pending frames of st, and reports whether there was room for all.
func (st *Stream) put(p *packet) bool {
	did := streamPending(0)
	if st.fin == finReset {
		st.pending &^= pendOpen
	}
	if st.pending&pendOpen != 0 && p.room() >= wire.OpenSize(st.id, st.dest) {
		p.b = wire.AppendOpen(p.b, st.id, st.dest)
		did |= pendOpen
	}
	if st.pending&pendReset != 0 && p.room() >= wire.ResetSize(st.id, st.code, st.sentSize, st.reason) {
		p.b = wire.AppendReset(p.b, st.id, st.code, st.sentSize, st.reason)
		did |= pendReset
	}
	if st.pending&pendStop != 0 && p.room() >= 17 {
		p.b = wire.AppendStop(p.b, st.id, st.code)
		did |= pendStop
	}
	if st.pending&pendCredit != 0 && p.room() >= 17 {
		p.b = wire.AppendMaxStreamData(p.b, st.id, st.credit.Limit())
		did |= pendCredit
	}
	if st.pending&pendRepaired != 0 && p.room() >= 17 {
		p.b = wire.AppendRepaired(p.b, st.id, st.in.Complete(), st.finalKnown && st.in.Complete() == st.final)
		p.eliciting = true
		st.pending &^= pendRepaired // it is not missed if it is lost
	}
	if did != 0 {
		st.pending &^= did
		p.ref(ref{st: st, kind: refStream, n: uint32(did)})
	}
	return st.pending == 0
}
