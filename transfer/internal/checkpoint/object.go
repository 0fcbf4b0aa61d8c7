package checkpoint

// An Object is the open checkpoint of one object's transfer. It is safe for
// concurrent use.
type Object struct{}

// ID returns the name of the checkpoint.
func (o *Object) ID() string { return "" }

// Header returns what the transfer moves; false if it has not begun.
func (o *Object) Header() (Header, bool) { return Header{}, false }

// Begin starts over: it forgets the pieces and keeps h. The upload that an
// earlier Header names is forgotten too; abort it first. An error means that
// nothing can be kept, and the transfer may go on without.
func (o *Object) Begin(h Header) error { return nil }

// Add keeps that a piece has arrived. An error means that it could not be
// written; Pieces returns it all the same, and the next Add may succeed.
func (o *Object) Add(p Piece) error { return nil }

// Pieces returns what has arrived, by Number. The slice is the caller's.
func (o *Object) Pieces() []Piece { return nil }

// Close keeps the checkpoint for another time. One that never began is removed.
func (o *Object) Close() error { return nil }

// Remove removes the checkpoint: its transfer is done, or given up.
func (o *Object) Remove() error { return nil }
