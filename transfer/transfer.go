package transfer

import "context"

// A Transfer is work in progress. It is made by a [Manager]. Its methods may be
// called by any goroutine, in any state.
type Transfer struct {
	id   string
	name string
	done chan struct{}
}

// ID returns a name of the Transfer that is unique in its Manager and, for work
// that can be resumed, the same in every process: that of [JobInfo].
func (t *Transfer) ID() string { return t.id }

// String says what is moved where: "upload a.iso to cos://images/a.iso".
func (t *Transfer) String() string { return t.name }

// Work returns what the Transfer was started with.
func (t *Transfer) Work() Work { return nil }

// Wait returns when the Transfer is over, with its error, or when ctx ends. A
// paused Transfer is not over.
func (t *Transfer) Wait(ctx context.Context) error { return nil }

// Done returns a channel that is closed when the Transfer is over.
func (t *Transfer) Done() <-chan struct{} { return t.done }

// Progress says how far it is.
func (t *Transfer) Progress() Progress { return Progress{} }

// Active returns the objects on their way, those that began first in front.
func (t *Transfer) Active() []Active { return nil }

// Pause stops the Transfer and returns when no byte is in flight. It keeps what
// has arrived. Pausing what is paused does nothing; what is over is an error.
func (t *Transfer) Pause() error { return nil }

// Resume puts a paused Transfer back in the queue. It does nothing if it is not
// paused; what is over is an error.
func (t *Transfer) Resume() error { return nil }

// Cancel stops the Transfer and discards what it kept: checkpoint, partial
// file, parts in the service. It does not wait; its error is [ErrCanceled].
func (t *Transfer) Cancel() {}

// SetRate bounds the bytes per second of this Transfer, beside the bound of the
// Manager. Zero means no limit. It takes effect at once.
func (t *Transfer) SetRate(bytesPerSecond int64) {}

// Report says what has been done so far; after the end, in all.
func (t *Transfer) Report() Report { return Report{} }

// Rate returns the bound that SetRate set, in bytes per second; 0 if there is
// none.
func (t *Transfer) Rate() int64 { return 0 }
