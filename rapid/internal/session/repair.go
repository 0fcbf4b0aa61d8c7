package session

import (
	"time"

	"github.com/icos-go/icos/rapid/internal/fec"
	"github.com/icos-go/icos/rapid/internal/flow"
	"github.com/icos-go/icos/rapid/internal/wire"
)

// Bounds of what a peer can have this end hold and do for parity.
const (
	mostKept  = 2 << 20 // bytes that were read, of all streams; and no more than a quarter of the window
	mostRows  = 2 << 20 // bytes of rows that do not suffice yet, of all streams; the same
	freeWork  = 8 << 20 // bytes that are gone through beyond those that have come
	lossyTime = 10 * time.Second
)

// repairs is what is known of the other end's parity.
type repairs struct {
	kept   int           // bytes that were read
	rows   int           // bytes of rows
	work   uint64        // bytes that were gone through
	gapsAt time.Duration // when packets were missing last
	gaps   bool          // they ever were
}

// repair is a group of which not enough has come.
type repair struct {
	*fec.Decoder
	off  uint64
	spur int // how many rows more than there are pieces missing are tried next
}

// keep returns how many bytes of st are kept after they were read: while packets are lost, those of half a round
// trip, of which a group is a quarter.
func (s *Session) keep(st *Stream) int {
	r := &s.repairs
	if s.acks.Ranges().Len() > 1 {
		r.gaps, r.gapsAt = true, s.now
	}
	if !r.gaps || s.now-r.gapsAt > lossyTime {
		return 0
	}
	return max(0, min(max(int(st.credit.Speed()/2), minGroup), maxParity, min(mostKept, s.quarter())-r.kept+st.in.Kept()))
}

// quarter returns a quarter of the session's window: so much more than the window is held for parity, twice.
func (s *Session) quarter() int { return int(s.credit.Window() / 4) }

// forget lets go of what was read, of streams to which nothing has come for a while.
func (s *Session) forget(now time.Duration) {
	for _, st := range s.streams {
		if kept := st.in.Kept(); kept > 0 && now-st.cameAt >= trimEvery {
			st.in.Forget(0, &s.pool)
			s.repairs.kept -= kept
		}
	}
}

// onParity takes rows of a group, and computes what of it is missing, if it can.
func (s *Session) onParity(now time.Duration, f *wire.Frame) {
	st := s.find(f.Stream)
	end := f.Offset + uint64(f.Length)
	if st == nil || !s.arrive(now, st, end, f.Fin) {
		return
	}
	st.cameAt = now
	switch {
	case st.discard:
		st.discarded()
		return
	case st.in.Complete() >= end:
		if f.Fin && st.announced && st.in.Complete() == st.final {
			st.wake(Readable)
		}
		return
	}
	g := s.repairOf(st, f)
	if g == nil {
		return
	}
	for i := range len(f.Data) / g.Size {
		g.Put(f.Row+i, f.Data[i*g.Size:])
	}
	s.repair(st, g)
}

// repairOf returns the repair that a PARITY belongs to; nil if there is no room for another.
func (s *Session) repairOf(st *Stream, f *wire.Frame) *repair {
	l := fec.Layout{Length: f.Length, Size: f.Piece, Rows: f.Rows}
	for _, g := range st.repairs {
		if g.off == f.Offset && g.Layout == l {
			return g
		}
	}
	st.dropRepairs(func(g *repair) bool { return g.off+uint64(g.Length) <= st.in.Complete() })
	if !l.Valid() || s.repairs.rows+l.Rows*l.Size > min(mostRows, s.quarter()) || len(st.repairs) >= mostRows/minGroup {
		return nil
	}
	g := &repair{Decoder: fec.NewDecoder(l), off: f.Offset}
	s.repairs.rows += l.Rows * l.Size
	st.repairs = append(st.repairs, g)
	return g
}

// arrived looks whether what has come of [off, end) lets a group be repaired.
func (s *Session) arrived(st *Stream, off, end uint64) {
	for i := len(st.repairs) - 1; i >= 0; i-- {
		if g := st.repairs[i]; off < g.off+uint64(g.Length) && end > g.off {
			s.repair(st, g)
		}
	}
}

// repair computes what is missing of g if the rows suffice for that.
func (s *Session) repair(st *Stream, g *repair) {
	missing, ok := g.missing(&st.in)
	if !ok || len(missing) > 0 && !s.solve(st, g, missing) {
		return
	}
	st.dropRepairs(func(r *repair) bool { return r == g })
	if st.in.Gaps() == 0 && st.in.Complete() == st.credit.Arrived() && !st.discard {
		st.pend(pendRepaired)
	}
}

// missing returns the pieces of g that are not there in whole; ok is false if these are too many for the rows.
func (g *repair) missing(in *flow.ReceiveBuffer) (pieces []int, ok bool) {
	r := flow.Range{Start: g.off, End: g.off + uint64(g.Length)}
	next := 0
	for gap, any := in.Gap(r); any; gap, any = in.Gap(r) {
		last := int(gap.End-1-g.off) / g.Size
		for next = max(next, int(gap.Start-g.off)/g.Size); next <= last; next++ {
			if len(pieces)+g.spur >= g.Count() {
				return nil, false
			}
			pieces = append(pieces, next)
		}
		r.Start = gap.End
		if r.Start >= r.End {
			break
		}
	}
	return pieces, true
}

// solve computes the missing pieces of g, if the rows determine them.
func (s *Session) solve(st *Stream, g *repair, missing []int) bool {
	work := uint64(g.Length + len(missing)*g.Rows*(1+len(missing)/64))
	if s.repairs.work+work > s.count.Received+freeWork {
		return false
	}
	s.repairs.work += work
	ready, gaps := st.in.Ready(), st.in.Gaps()
	scratch := make([]byte, g.Size)
	ok := g.Solve(missing, func(j int) []byte {
		start, end := g.Piece(j)
		return st.in.Bytes(flow.Range{Start: g.off + uint64(start), End: g.off + uint64(end)}, scratch)
	}, func(j int, piece []byte) {
		start, _ := g.Piece(j)
		// There is no new gap, since that before is gone.
		fresh, _ := st.in.Write(g.off+uint64(start), piece, &s.pool)
		s.count.Received += uint64(fresh)
		s.count.RepairedBytes += uint64(fresh)
	})
	s.gaps += st.in.Gaps() - gaps
	if !ok {
		g.spur = max(2*g.spur, g.Count()-len(missing)+2)
		return false
	}
	if more := st.in.Ready() - ready; more > 0 {
		s.unread += more
		if st.announced {
			st.wake(Readable)
		}
	}
	return true
}

// dropRepairs forgets those of which that is true.
func (st *Stream) dropRepairs(which func(g *repair) bool) {
	kept := st.repairs[:0]
	for _, g := range st.repairs {
		if which(g) {
			st.s.repairs.rows -= g.Rows * g.Size
		} else {
			kept = append(kept, g)
		}
	}
	clear(st.repairs[len(kept):])
	st.repairs = kept
}

// dropAll forgets all that is held for parity of st.
func (st *Stream) dropAll() {
	st.dropRepairs(func(*repair) bool { return true })
	st.s.repairs.kept -= st.in.Kept()
}
