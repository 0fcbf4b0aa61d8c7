// Package control lets one process of a user look at the transfers that
// another one runs, and pause, resume, cancel and throttle them.
//
// A process that moves data calls [Serve], which makes a socket in a directory
// that only its user can enter. [List] asks all sockets of that directory what
// they run, and [Do] sends one of them a request. A message is one JSON object
// on a line, with the version of the protocol in it; a connection carries one
// request and its answer. Lengths are bounded in both directions.
package control

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// Version is the version of the protocol. Fields are added under one version,
// never taken away.
const Version = 1

// Bounds of what travels, in bytes.
const (
	maxRequest = 4 << 10
	maxAnswer  = 1 << 20
	maxName    = 1 << 10 // one name; keys of objects are no longer
)

// Bounds of what is told, in number.
const (
	maxJobs   = 256 // of one process
	maxActive = 64  // objects on their way of one job
)

// A Job is one transfer as it stands, of a file or of a whole tree.
type Job struct {
	ID      string    `json:"id"`
	PID     int       `json:"pid"`
	Command string    `json:"command"` // what was typed, without secrets
	Work    string    `json:"work"`    // what of that this job is: "upload a.iso to cos://images/a.iso"
	State   string    `json:"state"`   // queued, running, paused or done
	Started time.Time `json:"started"`

	Bytes        int64 `json:"bytes"`
	Total        int64 `json:"total"`         // bytes; -1 if unknown
	Objects      int64 `json:"objects"`       // done
	ObjectsTotal int64 `json:"objects_total"` // -1 if unknown
	Listing      bool  `json:"listing"`       // the totals still grow
	Skipped      int64 `json:"skipped"`
	Failed       int64 `json:"failed"`
	Deleted      int64 `json:"deleted"`

	Seconds float64 `json:"seconds"` // run so far, without pauses
	Rate    float64 `json:"rate"`    // bytes a second, lately
	ETA     float64 `json:"eta"`     // seconds; -1 if unknown
	Limit   int64   `json:"limit"`   // bytes a second that its process may use for all its jobs; 0: no limit

	Bound  string `json:"bound,omitempty"`  // what holds it back, such as "path"
	Detail string `json:"detail,omitempty"` // the same in a sentence

	Active []Active `json:"active,omitempty"` // objects on their way, at most 64
}

// Active is one object on its way.
type Active struct {
	Name  string `json:"name"`
	Bytes int64  `json:"bytes"`
	Total int64  `json:"total"` // -1 if unknown
}

// An Action is what can be done to a job.
type Action string

// The actions. Cancel is for good: what was kept to go on from is removed.
// SetRate is for all jobs of the process together, as its --bwlimit is.
const (
	Pause   Action = "pause"
	Resume  Action = "resume"
	Cancel  Action = "cancel"
	SetRate Action = "rate"
)

// A Request asks for one action.
type Request struct {
	Do   Action
	Rate int64 // bytes a second, for SetRate; 0: no limit
}

// check reports what is wrong with r before it is sent, or once it has come.
func (r Request) check() error {
	switch r.Do {
	case Pause, Resume, Cancel:
		return nil
	case SetRate:
		if r.Rate < 0 {
			return fmt.Errorf("rate %d: it cannot be negative; 0 means no limit", r.Rate)
		}
		return nil
	}
	return fmt.Errorf("unknown request %q", r.Do)
}

// A Handler is what a process lets others see and do. Its methods are called
// from several goroutines at once. The context ends when the Server closes.
type Handler interface {
	// Jobs returns what runs now.
	Jobs() []Job

	// Do carries out r on the job called id, and returns when it is done. If
	// there is no such job, the error is [ErrNoJob].
	Do(ctx context.Context, id string, r Request) error
}

// ErrNoJob is in the chain of an error when no running process has a job of
// that name.
var ErrNoJob = errors.New("no such job is running")

// list is the request for all jobs, which needs no job's name.
const list Action = "list"

// request and answer are what travels.
type request struct {
	V    int    `json:"v"`
	Do   Action `json:"do"`
	ID   string `json:"id,omitempty"`
	Rate int64  `json:"rate,omitempty"`
}

type answer struct {
	V     int    `json:"v"`
	Jobs  []Job  `json:"jobs,omitempty"`
	Error string `json:"error,omitempty"`
	NoJob bool   `json:"no_job,omitempty"` // the error is ErrNoJob
}
