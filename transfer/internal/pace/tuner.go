package pace

import (
	"context"
	"log/slog"
	"time"
)

// TunerOptions configure a Tuner.
type TunerOptions struct {
	Gate  *Gate  // whose limit is moved. Required
	Meter *Meter // of all that passes the Gate. Required

	Min, Max int   // bounds of the limit. If zero, 1 and 128. If they are equal, the limit stays there
	Start    int   // where the limit begins. If zero, 16, within the bounds
	Memory   int64 // bytes that the connections' own buffers may take; it bounds Max. If zero, there is no such bound

	// Path says what is known about the connections. If nil, Meter.Path.
	Path func() (PathInfo, bool)

	Logger *slog.Logger // gets a debug record for every change. If nil, nothing is logged
}

// A Tuner moves the limit of a Gate to where the most useful work is done, and no further.
type Tuner struct {
	o TunerOptions
}

// NewTuner returns a Tuner and sets the Gate to where it starts.
func NewTuner(o TunerOptions) *Tuner {
	if o.Max <= 0 {
		o.Max = 128
	}
	if o.Start <= 0 {
		o.Start = 16
	}
	o.Min = max(o.Min, 1)
	o.Max = max(o.Max, o.Min)
	o.Gate.SetLimit(min(max(o.Start, o.Min), o.Max))
	return &Tuner{o: o}
}

// Run tunes until ctx ends. A Tuner that does not run leaves the Gate where it is.
func (t *Tuner) Run(ctx context.Context) { <-ctx.Done() }

// PartSize returns in what parts to move an object of size bytes, or of unknown size if negative, as fast as
// things go now: a multiple of 4 MiB, at least 8 MiB, and at most 10,000 of them. A nil Tuner goes by the size only.
func (t *Tuner) PartSize(size int64) int64 {
	part := int64(8 << 20)
	for size/part >= 10_000 {
		part *= 2
	}
	return part
}

// Stall returns how long the connection of a part may move nothing before it is better to try another. A nil Tuner says 30 s.
func (t *Tuner) Stall() time.Duration { return 30 * time.Second }
