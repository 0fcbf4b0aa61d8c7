package cli

import (
	"context"
	"fmt"
	"os"
	"time"

	"github.com/icos-go/icos/internal/control"
	"github.com/icos-go/icos/transfer"
)

// controlDir is where running commands have their sockets, "" if there is no
// place for them.
func (a *app) controlDir() string { return control.Dir(a.getenv("XDG_RUNTIME_DIR"), a.stateDir()) }

// steerable lets other processes of this user see and steer the transfers of m,
// until stop is called. command is what was typed, without secrets. That it
// cannot be done is no reason not to move data: only --debug tells.
func (a *app) steerable(m *transfer.Manager, command string) (stop func()) {
	s, err := control.Serve(a.controlDir(), &steering{manager: m, command: command, began: time.Now()})
	if err != nil {
		if a.flags.debug {
			a.notef("icos: icos top will not see this: %v\n", err)
		}
		return func() {}
	}
	return func() {
		if err := s.Close(); err != nil && a.flags.debug {
			a.notef("icos: close control socket: %v\n", err)
		}
	}
}

// steering shows the transfers of one manager to other processes.
type steering struct {
	manager *transfer.Manager
	command string
	began   time.Time
}

// Jobs implements [control.Handler].
func (s *steering) Jobs() []control.Job {
	var jobs []control.Job
	for _, t := range s.manager.Transfers() {
		jobs = append(jobs, s.job(t))
	}
	return jobs
}

func (s *steering) job(t *transfer.Transfer) control.Job {
	p, r := t.Progress(), t.Report()
	j := control.Job{
		ID: t.ID(), PID: os.Getpid(), Command: s.command, Work: t.String(), State: p.State.String(), Started: s.began,
		Bytes: p.Bytes, Total: p.Total, Objects: p.Objects, ObjectsTotal: p.ObjectsTotal, Listing: p.Listing,
		Skipped: p.Skipped, Failed: p.Failed, Deleted: p.Deleted,
		Seconds: p.Elapsed.Seconds(), Rate: p.Rate, ETA: -1, Limit: s.manager.Rate(),
		Bound: string(r.Limit),
	}
	if r.Limit != transfer.LimitUnknown {
		j.Detail = r.Detail
	}
	if p.ETA >= 0 {
		j.ETA = p.ETA.Seconds()
	}
	for _, a := range t.Active() {
		j.Active = append(j.Active, control.Active(a))
	}
	return j
}

// Do implements [control.Handler].
func (s *steering) Do(_ context.Context, id string, r control.Request) error {
	for _, t := range s.manager.Transfers() {
		if t.ID() != id {
			continue
		}
		switch r.Do {
		case control.Pause:
			return t.Pause()
		case control.Resume:
			return t.Resume()
		case control.Cancel:
			t.Cancel()
			return nil
		case control.SetRate:
			s.manager.SetRate(r.Rate)
			return nil
		}
		return fmt.Errorf("unknown request %q", r.Do)
	}
	return control.ErrNoJob
}
