package cli

import (
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/icos-go/icos/internal/control"
)

// topState is what icos top shows and what its keys mean at the moment. It does
// no input or output.
type topState struct {
	jobs     []control.Job
	looked   bool // jobs are known
	selected int  // index in jobs
	top      int  // first job that is seen

	asking  asking
	about   string // what the question is about, by name
	target  string // PID:ID of the job that the question is about
	input   string // what was typed so far
	message string // in place of the keys; "" for none
}

// asking is the question on the last line.
type asking int

const (
	askNothing asking = iota
	askCancel
	askRate
)

// order is what a key asks for: a request about a job, or to leave.
type order struct {
	quit   bool
	target string // PID:ID; "" for none
	what   string // for people: what will have been done
	control.Request
}

// jobName tells jobs of all processes apart.
func jobName(j control.Job) string { return strconv.Itoa(j.PID) + ":" + j.ID }

// shownID is of a job's name what a person knows it by.
func shownID(name string) string {
	_, id, _ := strings.Cut(name, ":")
	return id
}

// update shows other jobs, and keeps the selected one selected.
func (t *topState) update(jobs []control.Job) {
	was := ""
	if len(t.jobs) > 0 {
		was = jobName(t.jobs[t.selected])
	}
	t.jobs, t.looked = jobs, true
	t.selected = max(min(t.selected, len(jobs)-1), 0)
	found := was == ""
	for i, j := range jobs {
		if jobName(j) == was {
			t.selected, found = i, true
		}
	}
	if !found && t.asking == askNothing && t.message == "" {
		t.message = shownID(was) + " has ended"
	}
}

// key takes one key and says what it asks for.
func (t *topState) key(k key) order {
	t.message = ""
	switch {
	case k == keyInterrupt:
		return order{quit: true}
	case t.asking == askCancel:
		return t.answerCancel(k)
	case t.asking == askRate:
		return t.answerRate(k)
	}
	last := len(t.jobs) - 1
	switch k {
	case 'q', 'Q':
		return order{quit: true}
	case 'j', keyDown:
		t.selected = max(min(t.selected+1, last), 0)
	case 'k', keyUp:
		t.selected = max(t.selected-1, 0)
	case 'g', keyHome:
		t.selected = 0
	case 'G', keyEnd:
		t.selected = max(last, 0)
	case 'p', ' ':
		return t.pause()
	case 'c':
		t.ask(askCancel)
	case 'r':
		t.ask(askRate)
	}
	return order{}
}

// ask begins a question about the selected job.
func (t *topState) ask(q asking) {
	if len(t.jobs) == 0 {
		return
	}
	j := t.jobs[t.selected]
	t.asking, t.about, t.target, t.input = q, printable(j.Work), jobName(j), ""
}

func (t *topState) pause() order {
	if len(t.jobs) == 0 {
		return order{}
	}
	j := t.jobs[t.selected]
	o := order{target: jobName(j), what: "paused", Request: control.Request{Do: control.Pause}}
	if j.State == "paused" {
		o.what, o.Do = "resumed", control.Resume
	} else {
		t.message = "pausing " + j.ID + " …"
	}
	return o
}

// answerCancel takes yes for yes, and every other key for no.
func (t *topState) answerCancel(k key) order {
	t.asking = askNothing
	if k != 'y' && k != 'Y' {
		t.message = "not canceled"
		return order{}
	}
	return order{target: t.target, what: "canceled", Request: control.Request{Do: control.Cancel}}
}

// maxInput is how many characters a rate may have.
const maxInput = 32

func (t *topState) answerRate(k key) order {
	switch {
	case k == keyEscape:
		t.asking = askNothing
	case k == keyBackspace:
		_, n := utf8.DecodeLastRuneInString(t.input)
		t.input = t.input[:len(t.input)-n]
	case k >= ' ' && k < 0x7f && len(t.input) < maxInput:
		t.input += string(rune(k))
	case k == keyEnter:
		t.asking = askNothing
		if t.input == "" {
			return order{}
		}
		var rate rateFlag
		if err := rate.Set(t.input); err != nil {
			t.message = err.Error()
			return order{}
		}
		what := "limited to " + rate.String()
		if rate == 0 {
			what = "no longer limited"
		}
		return order{target: t.target, what: what, Request: control.Request{Do: control.SetRate, Rate: int64(rate)}}
	}
	return order{}
}

// told is told how a request ended.
func (t *topState) told(o order, err error) {
	t.message = o.what + ": " + shownID(o.target)
	if err != nil {
		t.message = printable(err.Error())
	}
}
