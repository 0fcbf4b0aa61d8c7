package transfer

// An Observer is told what becomes of a [Transfer]. Nil funcs are skipped.
//
// Calls for one Transfer never overlap, whatever the number of observers. They
// are made by a goroutine of their own, so that a slow observer does not hold up
// the bytes: it misses some Progress, but no Item. A panic in an observer is
// logged, and ends neither the Transfer nor the calls.
//
// An observer may steer its Transfer, but must not wait for its end: Done comes
// with the error, and [Transfer.Wait] returns after that.
type Observer struct {
	// Queued is called first, once.
	Queued func(*Transfer)

	// Progress is called at most ten times a second, and once before Done with the
	// final numbers. They never go back.
	Progress func(*Transfer, Progress)

	// Item is called for each object of a tree, and for a single object at its
	// end. 4,096 items wait for a slow Item; after that the transfer waits.
	Item func(*Transfer, Item)

	// Done is called last, exactly once, with what [Transfer.Wait] returns.
	Done func(*Transfer, error)
}

// An Op is what was done with an object.
type Op string

const (
	Copied  Op = "copied"  // uploaded, downloaded or copied
	Moved   Op = "moved"   // the same, and the source removed
	Skipped Op = "skipped" // need not be copied
	Deleted Op = "deleted" // removed from the target because the source lacks it
	Failed  Op = "failed"  // Err says why
	Refused Op = "refused" // cannot be stored on the other side; Reason says why

	// What a dry run reports.
	WouldCopy   Op = "would copy"   // the target lacks it or has it differently
	WouldMove   Op = "would move"   // the same, and the source would be removed
	WouldDelete Op = "would delete" // the source lacks it
)

// An Item says what became of one object.
type Item struct {
	Op     Op
	Key    string // relative to the tree; of a single object its key
	From   string // path, or cos://bucket/key; "" if Deleted
	To     string // path, or cos://bucket/key; "" of a link or special file that was skipped
	Bytes  int64  // size of the object
	Reason string // why, in words: why it was copied, skipped or refused, or why it started over; may be empty
	Err    error  // of Failed
	New    bool   // the target has nothing under the key
	Unsure bool   // contents were to be compared, but the store has nothing to compare with
}
