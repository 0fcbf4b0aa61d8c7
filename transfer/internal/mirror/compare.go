package mirror

import (
	"fmt"
	"time"

	"github.com/icos-go/icos/transfer/internal/tree"
)

// A Compare is a way to find out whether what both sides have has to be copied.
type Compare int

// The ways to compare.
const (
	// Always copies everything.
	Always Compare = iota

	// Auto copies what differs in size and skips what is not newer in the source. If
	// the source is newer, content decides.
	Auto

	// Size copies what differs in size.
	Size

	// ModTime copies what differs in size or is newer in the source.
	ModTime

	// Checksum copies what differs in content, whatever the times say. Where a store has
	// nothing to compare content with, size and time decide.
	Checksum
)

// Reasons in words. Constants, because a plan gives millions of them.
const (
	becauseAlways  = "replaces what is there"
	becauseDir     = "the directory exists"
	becauseSize    = "same size"
	becauseOlder   = "same size, and not newer"
	becauseNewer   = "newer"
	becauseTime    = "same size and time"
	becauseEmpty   = "both are empty"
	becauseChanged = "changed while it was compared"
)

// decide says what is to be done about an entry that both sides have. If compare is set,
// contents decide, and the rest is meaningless.
func (o *Options) decide(src, dst *Entry) (op Op, reason string, compare bool) {
	switch {
	case src.Kind == tree.EmptyDir && dst.Kind == tree.EmptyDir && (o.From.local() || o.To.local()):
		return Skip, becauseDir, false
	case o.Compare == Always:
		return Copy, becauseAlways, false
	case o.From.local() && o.To.local() && src.Kind != dst.Kind:
		return Copy, fmt.Sprintf("a %v and a %v", src.Kind, dst.Kind), false
	case src.Size != dst.Size:
		return Copy, fmt.Sprintf("size differs: %d and %d bytes", src.Size, dst.Size), false
	case o.Compare == Size:
		return Skip, becauseSize, false
	case o.Compare == Checksum:
		return 0, "", true
	case !o.newer(src, dst):
		return Skip, becauseOlder, false
	case o.Compare == ModTime && o.From.remote() == o.To.remote():
		return Copy, becauseNewer, false
	}
	return 0, "", true
}

// newer reports whether src is newer than dst.
//
// A file that was downloaded has the time at which the object was stored, of which a
// service tells only the second. The other way round a file that is newer by a fraction
// may have been changed just after it was stored, and is newer.
func (o *Options) newer(src, dst *Entry) bool {
	if o.From.remote() && o.To.local() {
		return src.ModTime.Truncate(time.Second).After(dst.ModTime)
	}
	return src.ModTime.After(dst.ModTime)
}
