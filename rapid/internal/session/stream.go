package session

import "github.com/icos-go/icos/rapid/internal/wire"

// Events are news of a stream.
type Events uint8

// News of a stream.
const (
	Readable Events = 1 << iota // Read has something: bytes, the end or an error
	Writable                    // Write takes a good deal, or fails
	Gone                        // both ways are over and acknowledged; the last event
)

// Stream is a byte stream each way. Its methods belong under the same lock as its
// session's.
type Stream struct {
	// Owner is the session owner's, to find its own part of the stream.
	Owner any
}

// ID returns the stream's number, unique in its session.
func (st *Stream) ID() uint64 { return 0 }

// Destination returns what the stream was opened for.
func (st *Stream) Destination() string { return "" }

// Session returns the stream's session.
func (st *Stream) Session() *Session { return nil }

// Read reads what is there. 0 and nil mean that it would have to wait.
// It returns io.EOF at the end, *ResetError if the peer broke off, ErrReadClosed
// after StopReading, or the session's error.
func (st *Stream) Read(p []byte) (int, error) { return 0, nil }

// Write takes as much of p as there is room for, which may be nothing; Woken tells
// when there is more. It returns ErrWriteClosed after CloseWrite, *ResetError
// if the peer does not want more, or the session's error.
func (st *Stream) Write(p []byte) (int, error) { return 0, nil }

// CloseWrite ends what is written; what has been written still arrives.
func (st *Stream) CloseWrite() error { return nil }

// Reset breaks the stream off in both directions: what the peer has not read
// is lost to it, and it gets code and reason.
func (st *Stream) Reset(code wire.Code, reason string) {}

// StopReading gives up what is still to be read, and has the peer stop sending.
func (st *Stream) StopReading(code wire.Code) {}

// Buffered returns how many bytes Read would return now, and how many written ones are not acknowledged yet.
func (st *Stream) Buffered() (read, unacked int) { return 0, 0 }
