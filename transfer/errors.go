package transfer

import (
	"errors"
	"fmt"

	"github.com/icos-go/icos/transfer/internal/multipart"
)

// Errors of transfers, in the chains of what [Transfer.Wait] returns.
var (
	// ErrCanceled is the end of a Transfer that was stopped by [Transfer.Cancel].
	ErrCanceled = errors.New("canceled")

	// ErrClosed is the end of a Transfer that was stopped by [Manager.Close], or
	// started after it.
	ErrClosed = errors.New("manager closed")

	// ErrQueueFull is the end of a Transfer that found [Options].MaxQueue others
	// waiting. Nothing was moved.
	ErrQueueFull = errors.New("too many transfers wait already")

	// ErrBusy says that another process, or another Transfer, is at the same
	// work. See [BusyError].
	ErrBusy = errors.New("work is already in progress")

	// ErrCustomerKey says that the upload of an earlier run was begun with a key of the
	// caller that this one does not have. It is left as it is: with the key it goes on,
	// and [RemoveJob] gives it up.
	ErrCustomerKey = multipart.ErrCustomerKey

	// ErrDeleteRefused says that a [Sync] would have deleted more than it may
	// without being told so. Nothing was deleted; everything was copied.
	ErrDeleteRefused = errors.New("refused to delete")
)

// A BusyError says which process is at the same work. It is [ErrBusy].
type BusyError struct {
	PID int // process id; 0 if unknown
}

func (e *BusyError) Error() string {
	if e.PID == 0 {
		return ErrBusy.Error()
	}
	return fmt.Sprintf("%v in process %d", ErrBusy, e.PID)
}

// Is reports whether target is [ErrBusy].
func (e *BusyError) Is(target error) bool { return target == ErrBusy }

// A FailedError is the end of a tree some objects of which failed. The others
// are complete. Starting the same work again with the same state directory tries
// the failed ones again.
type FailedError struct {
	Failed int64 // objects that failed or were refused
	Total  int64 // objects that were to be copied
	First  error // what happened to the first of them
}

func (e *FailedError) Error() string {
	return fmt.Sprintf("%d of %d objects: %v", e.Failed, e.Total, e.First)
}

func (e *FailedError) Unwrap() error { return e.First }
