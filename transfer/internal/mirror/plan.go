package mirror

import (
	"context"
	"errors"
	"iter"
)

// An Op is what is to be done about a key.
type Op int

// The operations. There is none for a removal: see [Deletes].
const (
	Copy   Op = iota // Src is to be copied; Dst.Key is "" if the target has no such key
	Skip             // Dst is as Src already
	Refuse           // Src cannot be transferred, or cannot exist in the target. Err says why
	Fail             // Src could not be compared, or a directory, Src or Dst, could not be read. Err says why
)

// String returns "copy", "skip", "refuse" or "fail".
func (o Op) String() string {
	switch o {
	case Copy:
		return "copy"
	case Skip:
		return "skip"
	case Refuse:
		return "refuse"
	case Fail:
		return "fail"
	}
	return "unknown"
}

// An Action is the decision about one key.
type Action struct {
	Op     Op
	Src    Entry
	Dst    Entry  // zero if the target has no such key
	Reason string // in words: "size differs: 10 and 12 bytes"
	Unsure bool   // contents were to be compared, but there was nothing to compare: size and time decided
	Err    error  // of Refuse and Fail
}

// Options say how [Plan] decides.
type Options struct {
	From, To  Side // the trees, of which at least To must say whether it is local
	Compare   Compare
	NoClobber bool // skip what the target has, whatever it is

	// Done, if not nil, is asked about each entry of the source before anything else:
	// one that is done already is passed over without an Action, and what the target
	// has under its key is kept.
	Done func(src *Entry) bool

	// Delete takes what the target has and the source has not. If nil, nothing is
	// deleted.
	Delete *Deletes

	// Comparisons bounds the entries whose contents are compared at once. As many
	// files as there are processors are read at once, with a buffer of 256 KiB each. If zero, 16.
	Comparisons int

	// Admit, if not nil, is called before each request of a comparison, waits until it
	// may begin, and returns what to call when it has ended.
	Admit func(ctx context.Context) (done func(), err error)
}

// Plan compares two lists, each in byte order of keys, and yields an Action for each
// key of src, in that order. If dst is nil, the target is not looked at and all is
// copied.
//
// An error ends the plan and comes last: a list that broke off, or one that is not
// in order ([OrderError]). What was yielded before stands. A directory that cannot
// be read is no such error but an Action, and the plan goes on. In either case
// o.Delete gives nothing away.
//
// Contents are compared by goroutines that end before the loop does.
func Plan(ctx context.Context, src, dst iter.Seq2[Entry, error], o Options) iter.Seq2[Action, error] {
	return func(yield func(Action, error) bool) {
		ctx, cancel := context.WithCancel(ctx)
		w := newWindow(ctx, &o, yield)
		defer w.wait()
		defer cancel()
		j := &join{o: &o, yield: w.add}
		empty, err := j.run(ctx, src, dst)
		switch {
		case errors.Is(err, errStopped) || !w.drain():
			return
		case err != nil:
			o.block(err)
			yield(Action{}, err)
		case o.Delete != nil:
			o.Delete.finish(empty)
		}
	}
}

func (o *Options) block(err error) {
	if o.Delete != nil {
		o.Delete.Block(err)
	}
}
