package session

import (
	"math"
	"time"

	"github.com/icos-go/icos/rapid/internal/fec"
	"github.com/icos-go/icos/rapid/internal/flow"
	"github.com/icos-go/icos/rapid/internal/wire"
)

// maxParity is the longest group of parity that this end takes and sends, and minGroup the shortest one that a
// longer tail is divided into.
const (
	maxParity = wire.MaxGroup
	minGroup  = 128 << 10
)

// firstParity is how much parity may be sent however little else is.
const firstParity = 256 << 10

// rowsInPacket is how many rows a full packet has: a lost packet spoils a quarter more than its size, as its ends lie within pieces.
const rowsInPacket = 4

// moreRows are sent beyond what is expected to be missing, as a few equations of random ones are of no use.
const moreRows = 8

// parity is what is sent of docs/rapid.md §9.5: sums of the last bytes of streams that have nothing more to
// send, so that what is lost of them need not be asked for.
type parity struct {
	most  int   // longest group that the peer takes; 0: none
	dry   queue // streams that have sent all that was written
	group *group
	bytes uint64 // of all groups
	loss  lossRate
}

// group is one of whose rows some are to be sent.
type group struct {
	*fec.Encoder
	st  *Stream
	off uint64
	fin bool
	row int // the next
}

// lossRate is the part of the last packets that were lost.
type lossRate struct{ acked, lost int }

// lossMemory is over how many packets it is averaged, and twice as many.
const lossMemory = 4096

func (l *lossRate) add(acked, lost int) {
	l.acked, l.lost = max(l.acked+acked, 0), max(l.lost+lost, 0)
	if l.acked+l.lost >= 2*lossMemory {
		l.acked, l.lost = l.acked/2, l.lost/2
	}
}

func (l *lossRate) rate() float64 {
	if l.lost == 0 {
		return 0
	}
	return float64(l.lost) / float64(l.acked+l.lost)
}

// dry notes that st has sent all that was written.
func (s *Session) dry(st *Stream) {
	if s.parity.most == 0 || s.parity.loss.lost == 0 {
		return
	}
	st.dryAt = s.now
	if !st.isDry {
		st.isDry = true
		s.parity.dry.push(st)
	}
}

// driest returns the stream that has had nothing to send for longest, and from when on parity of it may be sent.
// Those that have something again, or whose bytes have all come, are forgotten.
func (s *Session) driest() (st *Stream, at time.Duration) {
	for q := &s.parity.dry; !q.empty(); {
		st = q.front()
		if st.out.Unsent() == 0 && !st.wantWrite && !st.sendOver && st.fin != finReset && st.out.Next() > max(st.covered, st.out.Tail()) {
			if st.fin == finOpen {
				return st, st.dryAt + max(s.rtt.Smoothed/32, time.Millisecond)
			}
			return st, st.dryAt
		}
		q.pop()
		st.isDry = false
	}
	return nil, Never
}

// parityAt returns from when on there is parity to send.
func (s *Session) parityAt() time.Duration {
	p := &s.parity
	if g := p.group; g != nil {
		if !g.st.sendOver && g.st.fin != finReset && g.st.out.Tail() < g.off+uint64(g.Length) {
			return s.now
		}
		p.group = nil
	}
	if p.dry.empty() {
		return Never
	}
	_, at := s.driest()
	return at
}

// putParity adds rows of a group, in a packet of nothing else that is to be acknowledged.
func (s *Session) putParity(p *packet) {
	if p.eliciting || s.sched.next() != nil || s.parityAt() > p.now {
		return
	}
	if !s.startGroup() {
		s.putStreams(p)
		return
	}
	g := s.parity.group
	frame := func(rows []byte) []byte {
		return wire.AppendParity(p.b, g.st.id, g.off, g.Length, g.Rows, g.row, g.Size, rows, g.fin)
	}
	room := p.room() - (len(frame(nil)) - len(p.b))
	n := min(room/g.Size, g.Rows-g.row)
	if n <= 0 {
		return
	}
	if g.row+n < g.Rows { // the next packet has to be of the same size, and the rows end this one
		p.b = wire.AppendPadding(p.b, room-n*g.Size)
	}
	p.b = frame(g.Sums(g.row, n))
	p.full, p.eliciting = true, true
	s.count.ParityBytes += uint64(n * g.Size)
	if g.row += n; g.row == g.Rows {
		s.parity.group = nil
	}
}

// startGroup sums up the next group of the driest stream, if none is under way, and reports whether there is one. What
// was not acknowledged before the tail of a stream begins was lost once: it is sent twice, and first.
func (s *Session) startGroup() bool {
	for s.parity.group == nil {
		st, at := s.driest()
		if at > s.now {
			return false
		}
		if tail := st.out.Tail(); st.covered < tail {
			st.out.CopyGaps(st.covered, s.mayCopy)
			st.covered = tail
			if st.out.HasLost() {
				s.activate(st)
				return false
			}
		}
		l := s.layout(int(min(st.out.Next()-st.covered, 1<<30)))
		if !l.Valid() || !s.mayCover(l.Rows*l.Size) {
			st.covered = st.out.Next()
			continue
		}
		s.parity.group = newGroup(st, l)
	}
	return true
}

// mayCover reports whether n bytes of parity may be sent, and counts them: beside all that is sent, no more than one in 100, apart from a beginning.
func (s *Session) mayCover(n int) bool {
	if s.parity.bytes+uint64(n) > s.count.Sent/100+firstParity {
		return false
	}
	s.parity.bytes += uint64(n)
	return true
}

// newGroup sums up what of st is not covered yet.
func newGroup(st *Stream, l fec.Layout) *group {
	g := &group{Encoder: fec.NewEncoder(l), st: st, off: st.covered}
	scratch := make([]byte, l.Size)
	for j := range l.Pieces() {
		start, end := l.Piece(j)
		g.Add(j, st.out.Bytes(flow.Range{Start: g.off + uint64(start), End: g.off + uint64(end)}, scratch))
	}
	st.covered += uint64(l.Length)
	g.fin = st.fin == finClosed && st.covered == st.out.End()
	return g
}

// layout returns how the first group of a tail of n bytes is cut and summed up (R9.19).
func (s *Session) layout(n int) fec.Layout {
	most := min(max(s.cc.Window()/4, minGroup), s.parity.most)
	groups := (n + most - 1) / most
	payload := s.mtu.size - wire.HeaderLen - wire.TagLen
	l := fec.Layout{
		Length: (n + groups - 1) / groups,
		Size:   (payload - wire.ParityOverhead(wire.MaxStreamID, wire.MaxVarint)) / rowsInPacket / fec.Step * fec.Step,
	}
	for {
		lost := float64(l.Length) / float64(payload) * s.parity.loss.rate()
		spoilt := float64(payload)/float64(l.Size) + 1 // pieces by one lost packet
		l.Rows = int(math.Ceil((lost+4*math.Sqrt(lost)+1)*spoilt)) + moreRows
		if l.Rows <= fec.MaxRows {
			return l
		}
		l.Length /= 2
	}
}

// onRepaired takes all of a stream before an offset for acknowledged.
func (s *Session) onRepaired(f *wire.Frame) {
	st := s.find(f.Stream)
	if st == nil || st.sendOver || st.fin == finReset {
		return
	}
	if f.Offset > st.out.Next() || f.Fin && (st.fin == finOpen || f.Offset != st.out.End()) {
		s.violate("repaired what was not sent")
		return
	}
	st.has(0, f.Offset, f.Fin)
}
