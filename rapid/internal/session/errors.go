package session

import (
	"errors"
	"fmt"

	"github.com/icos-go/icos/rapid/internal/wire"
)

// Errors of sessions and streams, besides io.EOF.
var (
	ErrClosed      = errors.New("session closed")                // Close was called here
	ErrSilent      = errors.New("peer has not answered")         // for DeadTimeout
	ErrIdle        = errors.New("session idle for too long")     // for IdleTimeout
	ErrStreamLimit = errors.New("too many streams open")         // that the peer allows now
	ErrWriteClosed = errors.New("write side of stream closed")   // CloseWrite or Reset was called here
	ErrReadClosed  = errors.New("read side of stream closed")    // StopReading or Reset was called here
	ErrDestination = errors.New("destination empty or too long") // of Open; 1 to wire.MaxDestination bytes
)

// PeerError is the peer's reason to close the session.
type PeerError struct {
	Code   wire.Code
	Reason string // the peer's own words; may be hostile
}

// Error implements error.
func (e *PeerError) Error() string {
	return fmt.Sprintf("peer closed the session: %v: %q", e.Code, e.Reason)
}

// ResetError is the peer's reason to break a stream off.
type ResetError struct {
	Code   wire.Code
	Reason string // the peer's own words; may be hostile
}

// Error implements error.
func (e *ResetError) Error() string {
	return fmt.Sprintf("stream reset by peer: %v: %q", e.Code, e.Reason)
}

// ProtocolError is a rule of the protocol that the peer has broken. The session
// ends by it.
type ProtocolError struct{ Reason string }

// Error implements error.
func (e *ProtocolError) Error() string { return "peer broke the protocol: " + e.Reason }
