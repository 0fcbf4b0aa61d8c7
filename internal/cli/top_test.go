package cli

import (
	"errors"
	"fmt"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/icos-go/icos/internal/control"
)

func someJobs(n int) []control.Job {
	var jobs []control.Job
	for i := range n {
		jobs = append(jobs, control.Job{
			ID: fmt.Sprintf("%012x", i), PID: 1000 + i, State: "running", Command: "icos cp -r 写真 cos://b/",
			Work: fmt.Sprintf("upload 写真/%d\x1b[2J.jpg to cos://b/%d.jpg", i, i), Bytes: 5 << 20, Total: 20 << 20, ETA: 61, Rate: 3e6,
			ObjectsTotal: 1, Active: make([]control.Active, 20), Detail: "the path: RTT 140 ms",
		})
	}
	return jobs
}

// press presses keys one after the other and returns the last order.
func press(s *topState, keys ...key) (o order) {
	for _, k := range keys {
		o = s.key(k)
	}
	return o
}

func TestTopKeys(t *testing.T) {
	second := "1001:" + fmt.Sprintf("%012x", 1)
	for name, tt := range map[string]struct {
		keys []key
		want order
		foot string // "" for the keys
	}{
		"nothing":           {keys: []key{'x'}},
		"leave":             {keys: []key{'q'}, want: order{quit: true}},
		"interrupt":         {keys: []key{'c', keyInterrupt}, want: order{quit: true}, foot: "cancel "},
		"pause":             {keys: []key{'j', 'p'}, want: order{target: second, what: "paused", Request: control.Request{Do: control.Pause}}, foot: "pausing"},
		"resume":            {keys: []key{keyDown, keyDown, 'p'}, want: order{target: "1002:000000000002", what: "resumed", Request: control.Request{Do: control.Resume}}},
		"back up":           {keys: []key{'G', keyUp, 'p'}, want: order{target: second, what: "paused", Request: control.Request{Do: control.Pause}}, foot: "pausing"},
		"no further up":     {keys: []key{'k', 'k', 'j', 'p'}, want: order{target: second, what: "paused", Request: control.Request{Do: control.Pause}}, foot: "pausing"},
		"cancel asks":       {keys: []key{'j', 'c'}, foot: `cancel "upload 写真/1\x1b[2J.jpg to cos://b/1.jpg" for good? [y/N]`},
		"cancel":            {keys: []key{'j', 'c', 'y'}, want: order{target: second, what: "canceled", Request: control.Request{Do: control.Cancel}}},
		"do not cancel":     {keys: []key{'j', 'c', keyEnter}, foot: "not canceled"},
		"rate":              {keys: []key{'j', 'r', '5', 'M', 'B', keyEnter}, want: order{target: second, what: "limited to 4.8 MiB/s", Request: control.Request{Do: control.SetRate, Rate: 5e6}}},
		"rate corrected":    {keys: []key{'j', 'r', '9', keyBackspace, keyBackspace, '1', 'K', keyEnter}, want: order{target: second, what: "limited to 1.0 KiB/s", Request: control.Request{Do: control.SetRate, Rate: 1024}}},
		"no rate":           {keys: []key{'j', 'r', 'o', 'f', 'f', keyEnter}, want: order{target: second, what: "no longer limited", Request: control.Request{Do: control.SetRate}}},
		"rate not given":    {keys: []key{'r', '5', keyEscape}},
		"rate left empty":   {keys: []key{'r', keyEnter}},
		"rate not a number": {keys: []key{'r', 'q', keyEnter}, foot: `"q" is not a rate`},
	} {
		t.Run(name, func(t *testing.T) {
			var s topState
			jobs := someJobs(3)
			jobs[2].State = "paused"
			s.update(jobs)
			if got := press(&s, tt.keys...); got != tt.want {
				t.Errorf("order %+v, want %+v", got, tt.want)
			}
			if want := tt.foot; want == "" && s.foot() != topKeys || !strings.HasPrefix(s.foot(), want) {
				t.Errorf("last line %q, want %q", s.foot(), want)
			}
		})
	}
}

func TestTopWithoutJobs(t *testing.T) {
	var s topState
	for _, k := range []key{'p', 'c', 'r', 'j', 'k', 'G', 'g', keyEnter} {
		if o := s.key(k); o != (order{}) {
			t.Errorf("key %q: %+v, want nothing", k, o)
		}
	}
	s.update(nil)
	if text := strings.Join(s.view(time.Now(), 80, 24), "\n"); !strings.Contains(text, "nothing is moving") {
		t.Errorf("the screen does not say that nothing is moving:\n%s", text)
	}
}

func TestTopKeepsTheSelection(t *testing.T) {
	var s topState
	jobs := someJobs(5)
	s.update(jobs)
	press(&s, 'j', 'j')
	s.update(jobs[1:])
	if got := s.jobs[s.selected].PID; got != 1002 {
		t.Errorf("process %d is selected, want 1002", got)
	}
	if s.message != "" {
		t.Errorf("message %q about a job that is not selected", s.message)
	}
	s.update(jobs[3:])
	if s.selected != 1 || s.message != "000000000002 has ended" {
		t.Errorf("selected %d, message %q; want the next one, and that the selected one has ended", s.selected, s.message)
	}
	s.update(nil)
	s.update(jobs)
	if s.selected != 0 {
		t.Errorf("selected %d, want 0", s.selected)
	}
}

func TestTopTellsHowARequestEnded(t *testing.T) {
	var s topState
	s.told(order{target: "1:a", what: "paused"}, nil)
	if s.foot() != "paused: a" {
		t.Errorf("last line %q", s.foot())
	}
	s.told(order{target: "1:a", what: "paused"}, errors.New("it \x1b[2J has ended"))
	if s.foot() != `"it \x1b[2J has ended"` {
		t.Errorf("last line %q", s.foot())
	}
}

// sgr are the codes of reverse and bold, which take no columns.
var sgr = regexp.MustCompile("\x1b\\[[0-9]*m")

func TestTopFitsEveryScreen(t *testing.T) {
	for _, n := range []int{0, 1, 7, 300} {
		var s topState
		s.update(someJobs(n))
		press(&s, 'G')
		for rows := 1; rows <= 60; rows += 3 {
			for cols := 1; cols <= 200; cols += 7 {
				lines := s.view(time.Now(), cols, rows)
				if len(lines) != rows {
					t.Fatalf("%d jobs on %d×%d: %d lines", n, cols, rows, len(lines))
				}
				seen := rows < 4 || cols < 20 || n == 0
				for _, line := range lines {
					seen = seen || strings.Contains(line, sgrReverse)
					line = sgr.ReplaceAllString(line, "")
					if w := textWidth(line); w > cols {
						t.Errorf("%d jobs on %d×%d: a line of %d: %q", n, cols, rows, w, line)
					}
					if strings.ContainsAny(line, "\x1b\n\r\t") {
						t.Errorf("%d jobs on %d×%d: a control character in %q", n, cols, rows, line)
					}
				}
				if !seen {
					t.Errorf("%d jobs on %d×%d: the selected one is not to be seen", n, cols, rows)
				}
			}
		}
	}
}

func TestFormatETA(t *testing.T) {
	for seconds, want := range map[float64]string{
		0: "0s", 59.4: "59s", 59.6: "1m00s", 3599: "59m59s", 3600: "1h00m", 172799: "47h59m", 172800: "2d", 1e15: "99999d",
	} {
		if got := formatETA(seconds); got != want {
			t.Errorf("formatETA(%v) = %q, want %q", seconds, got, want)
		}
	}
}

func TestParseKeys(t *testing.T) {
	for in, want := range map[string][]key{
		"q":              {'q'},
		"jk":             {'j', 'k'},
		"\x1b[A\x1b[B":   {keyUp, keyDown},
		"\x1bOA":         {keyUp},
		"\x1b[1;5A":      {keyUp},
		"\x1b[H\x1bOF":   {keyHome, keyEnd},
		"\x1b[200~x":     {keyUnknown, 'x'},
		"\x1b":           {keyEscape},
		"\x1bq":          {keyEscape, 'q'},
		"\x1b[":          {keyEscape, '['},
		"\x1b[1":         {keyUnknown},
		"\x03":           {keyInterrupt},
		"\x04":           {keyInterrupt},
		"\r":             {keyEnter},
		"\x7f\x08":       {keyBackspace, keyBackspace},
		"ä":              {'ä'},
		"\xff\x00":       {keyUnknown, keyUnknown},
		"\x1b[A5\x1b[Bp": {keyUp, '5', keyDown, 'p'},
	} {
		got := parseKeys([]byte(in))
		if fmt.Sprint(got) != fmt.Sprint(want) {
			t.Errorf("parseKeys(%q) = %v, want %v", in, got, want)
		}
	}
}
