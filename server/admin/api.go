package admin

import (
	"time"

	"github.com/icos-go/icos/server/fault"
	"github.com/icos-go/icos/server/journal"
)

// Faults is the rules in force.
type Faults struct {
	Seed  uint64         `json:"seed"`
	Rules []fault.Status `json:"rules"`
}

// newFaults is the body of PUT /v1/faults.
type newFaults struct {
	Seed  uint64       `json:"seed"`
	Rules []fault.Rule `json:"rules"`
}

// added is the answer to POST /v1/faults.
type added struct {
	ID string `json:"id"`
}

// Clock is the clock of objects.
type Clock struct {
	Now    time.Time `json:"now"`
	Offset string    `json:"offset"` // from the real time, as in "36h0m0s"
}

// moveClock is the body of POST /v1/clock.
type moveClock struct {
	Advance string     `json:"advance,omitempty"`
	Set     *time.Time `json:"set,omitempty"`
}

// Requests is a piece of the journal.
type Requests struct {
	Requests []journal.Entry `json:"requests"`
}

// snapshot is the body of POST /v1/snapshot and of POST /v1/restore.
type snapshot struct {
	Directory string `json:"directory"`
}

type failure struct {
	Error string `json:"error"`
}
