package cli

import (
	"slices"
	"strings"
	"time"

	"github.com/icos-go/icos/aspera"
	"github.com/icos-go/icos/transfer"
)

// notice implements traveller.
func (h *haul) notice(text string) {
	if h.flags.json {
		h.emitEvent(record{Type: "notice", Message: text})
		return
	}
	h.tell("%s", printable(text))
}

// using implements traveller.
func (h *haul) using(bucket string, engine aspera.Engine) {
	h.mu.Lock()
	h.report.addWays(engine.String())
	h.mu.Unlock()
	switch {
	case h.flags.json:
		h.emitEvent(record{Type: "engine", Bucket: bucket, Engine: engine.String()})
	case h.show.verbose && bucket != "":
		h.tell("cos://%s: by %s", printable(bucket), engine)
	case h.show.verbose:
		h.tell("by %s", engine)
	}
}

// addWays notes by which engines bytes have travelled.
func (s *reports) addWays(names ...string) {
	for _, name := range names {
		if !slices.Contains(s.ways, name) {
			s.ways = append(s.ways, name)
		}
	}
}

// way is by what the bytes have travelled, as the end of a sentence; "" if that
// was not asked for.
func (s *reports) way() string {
	if len(s.ways) == 0 {
		return ""
	}
	return " by " + strings.Join(s.ways, " and ")
}

// targetReached is the share of the target rate from which on it was the limit:
// the rest goes into headers, and into the beginning.
const targetReached = 0.7

// blameTarget names the target rate as the limit if it was, which nobody below
// knows of.
func (s *reports) blameTarget(target linkRateFlag, took time.Duration) {
	if rate := float64(8*(s.Bytes-s.Resumed)) / took.Seconds(); target > 0 && rate >= targetReached*float64(target) {
		s.Limit, s.Detail = transfer.LimitRate, "rate limit: "+target.String()+", as you asked for with --target-rate"
	}
}
