package mirror

import (
	"context"
	"iter"
)

// A Compare is a way to find out whether an entry that both sides have has to be copied.
type Compare int

// The ways to compare.
const (
	// Always copies everything.
	Always Compare = iota

	// Auto copies what differs in size, skips what is not newer in the source, and
	// of the rest reads the content: a newer source of the same content is skipped.
	Auto

	// Size copies what differs in size.
	Size

	// ModTime copies what differs in size or is newer in the source. No content is read.
	ModTime

	// Checksum copies what differs in content, whatever the times say.
	Checksum
)

// An Op is what is to be done about a key.
type Op int

// The operations. There is none for a removal: see [Deletes].
const (
	Copy   Op = iota // Src is to be copied; Dst.Key is "" if the target has no such key
	Skip             // Dst is as Src already
	Refuse           // Src cannot exist in the target; nothing is to be done. Err says why
	Fail             // Src could not be read or compared, or a directory could not be read. Err says why
)

// An Action is the decision about one key.
type Action struct {
	Op     Op
	Src    Entry
	Dst    Entry  // zero if the target has no such key
	Reason string // in words: "size differs: 10 and 12 bytes"
	Err    error  // of Refuse and Fail
}

// Options say how [Plan] decides.
type Options struct {
	From, To  Side // where contents are, for Auto, ModTime and Checksum
	Compare   Compare
	NoClobber bool // skip what the target has, whatever it is

	// Done, if not nil, is asked about each entry of the source before anything else:
	// one that is done already is passed over without an Action, and what the target
	// has under its key is kept.
	Done func(src *Entry) bool

	// Delete takes what the target has and the source has not. Nil: nothing is deleted.
	Delete *Deletes

	// Comparisons bounds the contents that are compared at once, each with at most
	// three requests and a buffer of 256 KiB. If zero, 16.
	Comparisons int

	// Admit, if not nil, is called before each request and says when it may begin;
	// done is called after it.
	Admit func(ctx context.Context) (done func(), err error)
}

// Plan compares two lists, each in byte order of keys, and yields an Action for each key
// of src, in that order. A nil dst stands for an empty target of which nothing is known: everything is copied.
//
// An error ends the plan and comes last: a list that broke off ([Bucket]), or one
// that is not in order ([OrderError]). What was yielded before stands. A
// directory that cannot be read is no such error but an Action Fail; the plan goes on.
// After either, o.Delete gives nothing away.
func Plan(ctx context.Context, src, dst iter.Seq2[Entry, error], o Options) iter.Seq2[Action, error] {
	return func(yield func(Action, error) bool) {
	}
}
