package transfer

import "time"

// A State is what a [Transfer] is doing.
type State int

const (
	Queued  State = iota // waits for its turn
	Running              // moves bytes
	Paused               // stopped by [Transfer.Pause]
	Done                 // over, with or without an error
)

// String returns the name of the state in lower case.
func (s State) String() string {
	switch s {
	case Queued:
		return "queued"
	case Running:
		return "running"
	case Paused:
		return "paused"
	case Done:
		return "done"
	}
	return "unknown"
}

// Progress says how far a [Transfer] is. From one to the next of a Transfer no
// number goes down, except Rate and ETA.
type Progress struct {
	State State

	Bytes int64 // of objects, moved or found to be there from an earlier attempt
	Total int64 // in bytes; -1 if unknown

	Objects      int64 // complete
	ObjectsTotal int64 // -1 if unknown
	Listing      bool  // the source is still being read: the totals grow

	Skipped int64 // objects that need not be copied
	Failed  int64 // objects that could not be copied, or were refused
	Deleted int64 // objects removed from the target of a [Sync]

	Elapsed time.Duration // without the time spent queued or paused
	Rate    float64       // bytes per second over the last seconds
	ETA     time.Duration // -1 if unknown
}

// An Active is an object on its way.
type Active struct {
	Name  string // key relative to the tree; of a single object its key
	Bytes int64  // moved so far
	Total int64  // size in bytes; -1 if unknown
}
