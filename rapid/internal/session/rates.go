package session

import (
	"math"

	"github.com/icos-go/icos/rapid/internal/cc"
	"github.com/icos-go/icos/rapid/internal/wire"
)

// ratesState is how this end sends, and how the peer was asked to.
type ratesState struct {
	now     Rates
	asked   Rates
	seq     uint64 // of asked
	heard   bool
	peerSeq uint64 // of the peer's last wish, if heard
}

// Rates returns how this end sends.
func (s *Session) Rates() Rates { return s.rates.now }

// SetRates changes how this end sends.
func (s *Session) SetRates(r Rates) {
	s.rates.now = r
	before := s.cc.Rate()
	s.cc.Set(r.Policy, r.Target, r.Min)
	s.cc.SetWeight(1 / float64(max(r.Among, 1)))
	s.pacer.changed(s.now, before, s.cc.Rate())
}

// SetCap changes the fastest that this end sends, in bytes a second; 0: any.
func (s *Session) SetCap(rate float64) {
	before := s.cc.Rate()
	s.cc.SetCap(rate)
	s.pacer.changed(s.now, before, s.cc.Rate())
}

// AskRates asks the peer to change how it sends.
func (s *Session) AskRates(r Rates) {
	s.rates.asked = r
	s.rates.seq++
	s.pending |= pendRates
}

func (s *Session) appendRates(b []byte) []byte {
	r := &s.rates.asked
	return wire.AppendRates(b, s.rates.seq, wirePolicy(r.Policy), max(r.Among, 1), wireRate(r.Target), wireRate(r.Min))
}

func (s *Session) onRates(f *wire.Frame) {
	if s.rates.heard && f.Seq <= s.rates.peerSeq {
		return
	}
	s.rates.heard, s.rates.peerSeq = true, f.Seq
	p, ok := policy(f.Policy)
	if s.cfg.Clamp == nil || !ok {
		return
	}
	s.SetRates(s.cfg.Clamp(Rates{Policy: p, Among: f.Among, Target: float64(f.Target), Min: float64(f.Min)}))
}

func wireRate(r float64) uint64 {
	if !(r > 0) || math.IsInf(r, 1) {
		return 0
	}
	return uint64(min(r, 1<<53))
}

// policies are the policies by their numbers in RATES.
var policies = [...]cc.Policy{cc.Fair, cc.High, cc.Low, cc.Fixed}

func wirePolicy(p cc.Policy) uint8 {
	for i, q := range policies {
		if p == q {
			return uint8(i)
		}
	}
	return 0
}

func policy(i uint8) (cc.Policy, bool) {
	if int(i) >= len(policies) {
		return 0, false
	}
	return policies[i], true
}
