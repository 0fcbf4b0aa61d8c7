package session

import (
	"io"
	"time"

	"github.com/icos-go/icos/rapid/internal/flow"
	"github.com/icos-go/icos/rapid/internal/wire"
)

// Events are news of a stream.
type Events uint8

// News of a stream.
const (
	Readable Events = 1 << iota // Read has something: bytes, the end or an error
	Writable                    // Write takes a good deal, or fails
	Gone                        // both ways are over and acknowledged; the last event
)

// Stream is a byte stream each way. Its methods belong under the same lock as
// its session's.
type Stream struct {
	// Owner is the session owner's, to find its own part of the stream.
	Owner any

	s    *Session
	id   uint64
	dest string

	out       flow.SendBuffer
	covered   uint64        // up to where parity was sent, or what was not acknowledged sent twice
	dryAt     time.Duration // when it had sent all, if isDry
	isDry     bool          // it is in the session's parity
	outLimit  uint64        // the peer's
	fin       finState
	needFin   bool      // the end has to be sent, again perhaps
	sendOver  bool      // nothing is sent any more, and the peer knows
	sendErr   error     // of Write
	wantWrite bool      // Write had to refuse something
	starved   bool      // it is in the session's starved
	sentSize  uint64    // after a reset, how much was sent
	code      wire.Code // of RESET and STOP
	reason    string    // of RESET

	in       flow.ReceiveBuffer
	repairs  []*repair
	cameAt   time.Duration // when something came last
	credit   flow.Credit
	final    uint64 // how long the stream is, if finalKnown
	readErr  error  // of Read, at once
	peerErr  error  // why the peer broke off
	recvOver bool   // nothing is to come, or to be read, any more

	finalKnown, discard, announced, gone bool

	pending streamPending
	events  Events

	isControl bool // it is in the session's control
	slot      slot
}

// finState is how far the end of what is written has come.
type finState uint8

const (
	finOpen   finState = iota // more may be written
	finClosed                 // CloseWrite was called
	finAcked                  // the peer has it
	finReset                  // Reset was called, or the peer wants no more
)

// streamPending are frames of a stream that are to be sent.
type streamPending uint8

const (
	pendOpen streamPending = 1 << iota
	pendReset
	pendStop
	pendCredit // MAX_STREAM_DATA
	pendRepaired
)

func (s *Session) newStream(id uint64) *Stream {
	st := &Stream{
		s: s, id: id, outLimit: s.outLimit,
		credit: flow.NewCredit(s.streamWindow(), uint64(s.cfg.Limits.StreamWindow)),
	}
	s.streams[id] = st
	return st
}

// ID returns the stream's number, unique in its session.
func (st *Stream) ID() uint64 { return st.id }

// Destination returns what the stream was opened for.
func (st *Stream) Destination() string { return st.dest }

// Session returns the stream's session.
func (st *Stream) Session() *Session { return st.s }

// Buffered returns how many bytes Read would return now, and how many written ones
// are not acknowledged yet.
func (st *Stream) Buffered() (read, unacked int) { return st.in.Ready(), st.out.Unacked() }

// Read reads what is there. 0 and nil mean that it would have to wait. It
// returns io.EOF at the end, *ResetError if the peer broke off, ErrReadClosed
// after StopReading, or the session's error.
func (st *Stream) Read(p []byte) (int, error) {
	if st.readErr != nil {
		return 0, st.readErr
	}
	s := st.s
	kept := st.in.Kept()
	n := st.in.Read(p, s.keep(st), &s.pool)
	if n > 0 {
		s.repairs.kept += st.in.Kept() - kept
		s.unread -= n
		st.credit.Consume(uint64(n))
		s.consume(uint64(n))
		st.tellCredit()
	}
	switch {
	case st.finalKnown && st.in.Consumed() == st.final:
		st.recvOver = true
		st.retire()
		if n == 0 {
			return 0, io.EOF
		}
	case n == 0 && s.err != nil:
		return 0, s.err
	}
	return n, nil
}

// Write takes as much of p as there is room for, which may be nothing; Woken
// tells when there is more. It returns ErrWriteClosed after CloseWrite,
// *ResetError if the peer does not want more, or the session's error.
func (st *Stream) Write(p []byte) (int, error) {
	s := st.s
	switch {
	case st.sendErr != nil:
		return 0, st.sendErr
	case s.err != nil:
		return 0, s.err
	}
	n := min(len(p), s.room(st))
	if n > 0 {
		if st.out.Done() {
			s.bursts++
			st.slot.since = s.bursts
		}
		st.out.Write(p[:n], &s.pool)
		s.sendHeld += n
		s.unsent += n
		s.activate(st)
	}
	if n < len(p) {
		st.wantWrite = true
		s.wakeWriter(st)
	}
	return n, nil
}

// CloseWrite ends what is written; what has been written still arrives.
func (st *Stream) CloseWrite() error {
	switch {
	case st.sendErr != nil:
		return st.sendErr
	case st.s.err != nil:
		return st.s.err
	}
	st.sendErr = ErrWriteClosed
	st.fin, st.needFin = finClosed, true
	st.s.activate(st)
	return nil
}

// Reset breaks the stream off in both directions: what the peer has not read is
// lost to it, and it gets code and reason.
func (st *Stream) Reset(code wire.Code, reason string) {
	st.resetSend(code, reason, ErrWriteClosed)
	st.StopReading(code)
}

// StopReading gives up what is still to be read, and has the peer stop sending.
func (st *Stream) StopReading(code wire.Code) {
	if st.recvOver || st.discard {
		return
	}
	st.readErr = ErrReadClosed
	st.giveUp()
	if st.finalKnown {
		st.recvOver = true
		st.retire()
		return
	}
	if st.fin != finReset {
		st.code = code
	}
	st.pend(pendStop)
}

// resetSend ends what is sent, whatever of it has arrived.
func (st *Stream) resetSend(code wire.Code, reason string, err error) {
	if st.sendOver || st.fin == finReset {
		return
	}
	st.fin, st.needFin = finReset, false
	st.code, st.reason, st.sendErr = code, reason, err
	s := st.s
	held := st.out.Held()
	s.unsent -= st.out.Unsent()
	st.sentSize = st.out.Next()
	st.out.Drop(&s.pool)
	s.sched.remove(st)
	st.pend(pendReset)
	s.freed(held)
}

// giveUp throws away what has come, and from now on what comes.
func (st *Stream) giveUp() {
	s := st.s
	s.unread -= st.in.Ready()
	s.consume(st.credit.Arrived() - st.in.Consumed())
	st.discard = true
	s.gaps -= st.in.Gaps()
	st.dropAll()
	st.in.Drop(&s.pool)
	st.pending &^= pendCredit
}

// tellCredit has the peer told how much it may send, if that is worth it.
func (st *Stream) tellCredit() {
	if _, worth := st.credit.Update(); worth && !st.finalKnown {
		st.pend(pendCredit)
	}
}

// pend queues frames of the stream.
func (st *Stream) pend(p streamPending) {
	st.pending |= p
	if !st.isControl {
		st.isControl = true
		st.s.control.push(st)
	}
}
