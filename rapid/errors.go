package rapid

import (
	"errors"
	"fmt"
	"net"
	"strings"
	"unicode"
)

var (
	// ErrBlocked means that no UDP passes between us and a server that can
	// be reached otherwise.
	ErrBlocked = errors.New("UDP does not pass; a firewall may block it")
	// ErrBusy means that a limit on sessions, streams or memory is reached.
	ErrBusy = errors.New("too many sessions or streams; try again later")
	// ErrTimeout means that the peer has been silent for too long. It is also
	// a timeout as [net.Error] has it.
	ErrTimeout error = timeoutError{}
)

type timeoutError struct{}

func (timeoutError) Error() string   { return "peer does not answer" }
func (timeoutError) Timeout() bool   { return true }
func (timeoutError) Temporary() bool { return true }

// Code says why a stream or a session was ended.
type Code uint64

// The codes of docs/rapid.md.
const (
	CodeNone        Code = 0 // ended in order
	CodeInternal    Code = 1 // a fault of the sender of the code
	CodeDenied      Code = 2 // the destination is not allowed
	CodeUnreachable Code = 3 // the destination could not be dialled
	CodeBusy        Code = 4 // a limit is reached
	CodeCanceled    Code = 5 // the application gave up
	CodeViolation   Code = 6 // the peer broke the protocol
	CodeGoingAway   Code = 7 // the server goes away
)

// String returns the code in words.
func (c Code) String() string {
	switch c {
	case CodeNone:
		return "closed"
	case CodeInternal:
		return "internal error"
	case CodeDenied:
		return "destination refused"
	case CodeUnreachable:
		return "destination unreachable"
	case CodeBusy:
		return "too busy"
	case CodeCanceled:
		return "canceled"
	case CodeViolation:
		return "protocol violated"
	case CodeGoingAway:
		return "shutting down"
	}
	return fmt.Sprintf("code %d", uint64(c))
}

// ResetError is what the peer gave as the reason for ending a stream. A failed
// dial at the relay comes so, out of the first Read or a Write.
type ResetError struct {
	Code   Code
	Reason string
}

// Error returns the peer's reason, or its code in words.
func (e *ResetError) Error() string {
	if e.Reason == "" {
		return "reset by peer: " + e.Code.String()
	}
	return e.Code.String() + ": " + e.Reason
}

// CloseError is what the peer gave as the reason for ending a session.
type CloseError struct {
	Code   Code
	Reason string
}

// Error returns the peer's reason, or its code in words.
func (e *CloseError) Error() string {
	if e.Reason == "" {
		return "session closed by peer: " + e.Code.String()
	}
	return "session closed by peer: " + e.Code.String() + ": " + e.Reason
}

// Is makes errors.Is(err, net.ErrClosed) true of a session that ended in order.
func (e *CloseError) Is(target error) bool {
	return target == net.ErrClosed && (e.Code == CodeNone || e.Code == CodeGoingAway)
}

// printable makes what a peer wrote fit to be shown: one line of valid UTF-8.
func printable(s string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsPrint(r) {
			return r
		}
		return '\uFFFD'
	}, strings.ToValidUTF8(s, "\uFFFD"))
}
