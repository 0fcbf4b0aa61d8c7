package checkpoint

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"slices"
	"time"
)

// An Object is the open checkpoint of one object's transfer. It is safe for
// concurrent use.
type Object struct {
	*entry
	lost error // why the file does not have the current Header; guarded by entry.mu
}

// maxStale is how long, in bytes, a file with forgotten pieces may be before
// Begin makes a new one.
const maxStale = 64 << 10

// Header returns what the transfer moves; false if it has not begun.
func (o *Object) Header() (Header, bool) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.contents.header == nil {
		return Header{}, false
	}
	return *o.contents.header, true
}

// Begin starts over: it forgets the pieces and keeps h. The upload that an
// earlier Header names is forgotten too; abort it first. When Begin returns
// without an error, a Header with an UploadID survives a power loss.
//
// After an error the file has what it had, and Add does not write to it; the
// transfer may go on without.
func (o *Object) Begin(h Header) error {
	if len(h.Label) > MaxLabel {
		return fmt.Errorf("write checkpoint: label of %d bytes is longer than %d", len(h.Label), MaxLabel)
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.closed {
		return fmt.Errorf("write checkpoint: %w", fs.ErrClosed)
	}
	h.Identity = o.contents.identity
	if h.Created.IsZero() {
		h.Created = time.Now()
	}
	o.contents.begin(h)
	o.lost = o.replace(kindHeader, encode(&h), maxStale)
	if o.lost == nil && h.UploadID != "" {
		return o.journal.sync()
	}
	return o.lost
}

// Add keeps that a piece has arrived. After an error it is not in the file, but
// Pieces returns it all the same, and the next Add may succeed.
func (o *Object) Add(p Piece) error {
	if p.Offset < 0 || p.Length < 0 {
		return fmt.Errorf("write checkpoint: piece %d of %d bytes at %d", p.Number, p.Length, p.Offset)
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	switch {
	case o.closed:
		return fmt.Errorf("write checkpoint: %w", fs.ErrClosed)
	case o.contents.header == nil:
		return errors.New("write checkpoint: piece before the header")
	case len(o.contents.pieces) >= maxPieces:
		return fmt.Errorf("write checkpoint: %w", errFull)
	}
	o.contents.add(p)
	if o.lost != nil {
		return o.lost
	}
	return o.journal.append(appendRecord(nil, kindPiece, encode(&p)))
}

// Pieces returns what has arrived, by Number. The slice is the caller's.
func (o *Object) Pieces() []Piece {
	o.mu.Lock()
	defer o.mu.Unlock()
	return slices.SortedFunc(maps.Values(o.contents.pieces), func(a, b Piece) int { return cmp.Compare(a.Number, b.Number) })
}
