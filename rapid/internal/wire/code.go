package wire

import "fmt"

// Code says why a stream or a session ended, in RESET, STOP and CLOSE
// (docs/rapid.md §7.3).
type Code uint64

// The codes.
const (
	NoError     Code = 0 // ended in order
	Internal    Code = 1 // a fault of the sender of the code
	Denied      Code = 2 // the destination is not allowed
	Unreachable Code = 3 // the destination could not be reached, or was lost
	Busy        Code = 4 // a limit is reached
	Canceled    Code = 5 // the application wants no more
	Violation   Code = 6 // the peer broke the protocol
	GoingAway   Code = 7 // the sender of the code shuts down
)

// String says in words what the code means.
func (c Code) String() string {
	switch c {
	case NoError:
		return "no error"
	case Internal:
		return "internal error"
	case Denied:
		return "destination not allowed"
	case Unreachable:
		return "destination unreachable"
	case Busy:
		return "limit reached"
	case Canceled:
		return "canceled"
	case Violation:
		return "protocol violation"
	case GoingAway:
		return "shutting down"
	}
	return fmt.Sprintf("code %d", uint64(c))
}
