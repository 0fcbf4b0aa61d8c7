package relay

import (
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"time"
)

// Why a relay gives no grant. ErrDestination is one of these too. Ask with
// errors.Is of what [Client.Grant] returns; ErrDenied and ErrDestination are
// also fs.ErrPermission.
var (
	// ErrDenied says that the relay does not know the caller: the token is
	// wrong, has expired, or is of somebody it does not serve.
	ErrDenied = errors.New("the relay denied access")
	// ErrBusy says that the relay gives no grant now; a later attempt may succeed.
	ErrBusy = errors.New("the relay is busy")
	// ErrClock says that the clock of the caller or of the relay is wrong, so
	// that a token seems expired or not yet valid.
	ErrClock = errors.New("the clocks of this machine and of the relay differ")
	// ErrPlaintext says that the token would have been sent over plain http to
	// another machine.
	ErrPlaintext = errors.New("refused over plain http")
)

// An Error is the answer of a relay that gave no grant.
type Error struct {
	StatusCode int
	Code       string        // invalid, denied, clock, destination or busy; "" if something else answered
	Message    string        // of the relay, for people
	RetryAfter time.Duration // when to come again, if Code is busy; 0 if the relay did not say
}

func (e *Error) Error() string {
	if e.Message == "" {
		return fmt.Sprintf("the relay answered %d %s", e.StatusCode, http.StatusText(e.StatusCode))
	}
	return "the relay refused: " + e.Message
}

// Is lets the errors of this package, and fs.ErrPermission, be found in e.
func (e *Error) Is(target error) bool {
	switch e.Code {
	case codeDenied:
		return target == ErrDenied || target == fs.ErrPermission
	case codeClock:
		return target == ErrDenied || target == ErrClock
	case codeDestination:
		return target == ErrDestination || target == fs.ErrPermission
	case codeBusy:
		return target == ErrBusy
	}
	return false
}

// The codes of refusals on the wire.
const (
	codeInvalid     = "invalid"
	codeDenied      = "denied"
	codeClock       = "clock"
	codeDestination = "destination"
	codeBusy        = "busy"
)

// What is sent, in JSON.
type (
	grantRequest struct {
		Destination string `json:"destination"`
	}
	refusal struct {
		Error refusalBody `json:"error"`
	}
	refusalBody struct {
		Code    string `json:"code"`
		Message string `json:"message"`
	}
)

// Bounds of what is read from the other side, in bytes.
const (
	maxRequest = 4 << 10
	maxAnswer  = 64 << 10
)
