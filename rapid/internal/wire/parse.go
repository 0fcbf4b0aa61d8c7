package wire

import (
	"errors"
	"time"
)

// What Parse finds wrong with a payload. The peer is at fault: its packet
// authenticated.
var (
	ErrType  = errors.New("unknown frame type")
	ErrShort = errors.New("frame is cut short")
	ErrRange = errors.New("frame holds a number out of range")
	ErrTwice = errors.New("HELLO holds a parameter twice")
)

// A Parser walks the frames of a payload. Nothing is copied and nothing is
// allocated.
type Parser struct {
	Frame Frame // the frame that Next found

	rest []byte
	err  error
}

// Parse starts a walk over the frames of a payload.
func Parse(payload []byte) Parser { return Parser{rest: payload} }

// Next moves to the next frame. It returns false at the end of the payload and
// at the first fault, which Err tells apart.
func (p *Parser) Next() bool {
	if p.err != nil || len(p.rest) == 0 {
		return false
	}
	r := reader{b: p.rest[1:]}
	p.parse(&r, FrameType(p.rest[0]))
	if r.err != nil {
		p.err = r.err
		return false
	}
	p.rest = r.b
	return true
}

// Err is what ended the walk: nil at the end of the payload, else one of the
// errors above. Frames before it were handed out.
func (p *Parser) Err() error { return p.err }

func (p *Parser) parse(r *reader, t FrameType) {
	f := &p.Frame
	f.Type = t
	switch t {
	case Padding:
		for len(r.b) > 0 && r.b[0] == byte(Padding) {
			r.b = r.b[1:]
		}
	case Ping:
	case Ack:
		f.Ack.parse(r)
	case Floor:
		f.PN = r.varint()
	case Greeting:
		f.Hello = Hello{}
		f.Hello.parse(r)
	case Open:
		f.Stream = r.stream()
		f.Text = r.text(1, MaxDestination)
	case Stream, Stream | streamFin, Stream | streamLen, Stream | streamFin | streamLen:
		f.Type = Stream
		f.Fin = t&streamFin != 0
		f.Stream = r.stream()
		f.Offset = r.varint()
		n := uint64(len(r.b))
		if t&streamLen != 0 {
			n = r.varint()
		}
		f.Data = r.bytes(n)
		if f.Offset+n > MaxVarint {
			r.fail(ErrRange)
		}
	case Parity, Parity | streamFin:
		f.Type = Parity
		f.Fin = t&streamFin != 0
		f.parseParity(r)
	case Repaired, Repaired | streamFin:
		f.Type = Repaired
		f.Fin = t&streamFin != 0
		f.Stream = r.stream()
		f.Offset = r.varint()
	case Reset:
		f.Stream = r.stream()
		f.Code = Code(r.varint())
		f.Size = r.varint()
		f.Text = r.text(0, MaxReason)
	case Stop:
		f.Stream = r.stream()
		f.Code = Code(r.varint())
	case MaxData:
		f.Max = r.varint()
	case MaxStreamData:
		f.Stream = r.stream()
		f.Max = r.varint()
	case MaxStreams:
		f.Max = r.varint()
		if f.Max > MaxStreamID {
			r.fail(ErrRange)
		}
	case Rates:
		f.Seq = r.varint()
		if b := r.bytes(2); len(b) == 2 {
			f.Policy, f.Among = b[0], b[1]
			if f.Policy > maxPolicy || f.Among == 0 {
				r.fail(ErrRange)
			}
		}
		f.Target = r.varint()
		f.Min = r.varint()
	case PathChallenge, PathResponse:
		copy(f.Token[:], r.bytes(uint64(len(f.Token))))
	case Close:
		f.Code = Code(r.varint())
		f.Text = r.text(0, MaxReason)
	default:
		r.fail(ErrType)
	}
}

// parseParity reads the fields of a PARITY, up to the end of the payload.
func (f *Frame) parseParity(r *reader) {
	f.Stream = r.stream()
	f.Offset = r.varint()
	f.Length, f.Rows, f.Row, f.Piece = r.count(MaxGroup), r.count(MaxRows), r.count(MaxRows), r.count(MaxRow)
	f.Data = r.bytes(uint64(len(r.b)))
	switch {
	case r.err != nil:
	case f.Length == 0, f.Piece < MinRow, f.Piece%RowStep != 0, f.Length > MaxPieces*f.Piece, f.Offset > MaxVarint-uint64(f.Length):
		r.fail(ErrRange)
	case len(f.Data) == 0, len(f.Data)%f.Piece != 0:
		r.fail(ErrShort)
	case f.Row+len(f.Data)/f.Piece > f.Rows:
		r.fail(ErrRange)
	}
}

// parse reads the frame and walks its ranges once, so that none of them can
// reach below packet 0.
func (a *Acks) parse(r *reader) {
	a.Largest = r.varint()
	a.Delay = time.Duration(min(r.varint(), uint64(maxDelay/time.Microsecond))) * time.Microsecond
	a.Dropped = r.varint()
	further := r.varint()
	if further > MaxAckRanges {
		r.fail(ErrRange)
		return
	}
	start := r.b
	low := a.Largest
	if n := r.varint(); n > low {
		r.fail(ErrRange)
	} else {
		low -= n
	}
	for ; further > 0 && r.err == nil; further-- {
		gap, n := r.varint(), r.varint()
		if gap+2+n > low {
			r.fail(ErrRange)
			return
		}
		low -= gap + 2 + n
	}
	a.ranges = start[:len(start)-len(r.b)]
}

// parse reads the parameters; those it does not know are passed over, so that
// later versions may add some.
func (h *Hello) parse(r *reader) {
	count := r.varint()
	if count > MaxParameters {
		r.fail(ErrRange)
		return
	}
	var known uint64 // bit by number
	for ; count > 0 && r.err == nil; count-- {
		id, v := r.varint(), r.varint()
		if id < 64 {
			if known&(1<<id) != 0 {
				r.fail(ErrTwice)
			}
			known |= 1 << id
		}
		switch id {
		case paramMaxDatagram:
			h.MaxDatagram = v
		case paramIdleTimeout:
			h.IdleTimeout = time.Duration(min(v, 1<<32)) * time.Millisecond
		case paramMaxAckDelay:
			h.MaxAckDelay = time.Duration(min(v, 1<<32)) * time.Microsecond
		case paramMaxData:
			h.MaxData = v
		case paramMaxStreamData:
			h.MaxStreamData = v
		case paramMaxStreams:
			h.MaxStreams = v
		case paramMaxRate:
			h.MaxRate = v
		case paramMaxParity:
			h.MaxParity = v
		}
	}
}

// reader takes a frame apart. After a fault all it returns is zero.
type reader struct {
	b   []byte
	err error
}

// fail records the first fault and ends the reading.
func (r *reader) fail(err error) {
	if r.err == nil {
		r.err = err
	}
	r.b = nil
}

func (r *reader) varint() uint64 {
	v, n := varint(r.b)
	if n == 0 {
		r.fail(ErrShort)
		return 0
	}
	r.b = r.b[n:]
	return v
}

func (r *reader) stream() uint64 {
	v := r.varint()
	if v > MaxStreamID {
		r.fail(ErrRange)
		return 0
	}
	return v
}

// count reads a number of at most most.
func (r *reader) count(most uint64) int {
	v := r.varint()
	if v > most {
		r.fail(ErrRange)
		return 0
	}
	return int(v)
}

func (r *reader) bytes(n uint64) []byte {
	if uint64(len(r.b)) < n {
		r.fail(ErrShort)
		return nil
	}
	v := r.b[:n:n]
	r.b = r.b[n:]
	return v
}

func (r *reader) text(least, most uint64) []byte {
	n := r.varint()
	if r.err == nil && (n < least || n > most) {
		r.fail(ErrRange)
		return nil
	}
	return r.bytes(n)
}
