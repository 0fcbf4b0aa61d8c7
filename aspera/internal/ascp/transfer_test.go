//go:build unix

package ascp_test

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/icos-go/icos/aspera/internal/ascp"
	"github.com/icos-go/icos/aspera/internal/ascptest"
)

func TestMain(m *testing.M) { ascptest.Main(m) }

// A store is objects in memory.
type store struct {
	mu      sync.Mutex
	objects map[string][]byte
}

func (s *store) Get(_ context.Context, key string) ([]byte, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	b, ok := s.objects[key]
	if !ok {
		return nil, fs.ErrNotExist
	}
	return b, nil
}

func (s *store) Put(_ context.Context, key string, b []byte) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.objects[key] = b
	return nil
}

// quick is for tests: failures come soon, and nothing that works is that slow.
var quick = ascp.Timing{
	Connect: 20 * time.Second, Silence: 20 * time.Second, Grace: 300 * time.Millisecond,
	Backoff: time.Millisecond, Stagger: 20 * time.Second, Rates: 10 * time.Millisecond,
}

// A rig is an upload of a file of two and a half pieces.
type rig struct {
	*ascp.Transfer
	store  *store
	script *ascptest.Script
	size   int64

	mu             sync.Mutex
	moved, resumed int64 // as told last
	retries        int
	newTokens      int
}

func newRig(t *testing.T, faults ...ascptest.Fault) *rig {
	t.Helper()
	r := &rig{store: &store{objects: map[string][]byte{}}, script: ascptest.New(t, faults...), size: 5 << 17}
	g := ascptest.NewGateway(t, r.store)
	g.Admit("good")
	path := filepath.Join(t.TempDir(), "file")
	list := filepath.Join(t.TempDir(), "list")
	if err := os.WriteFile(path, make([]byte, r.size), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(list, []byte(path+"\nkey\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	tags := base64.StdEncoding.EncodeToString([]byte(`{"aspera":{"xfer_id":"` + t.Name() + `"}}`))
	r.Transfer = &ascp.Transfer{
		Sessions: 1,
		Timing:   quick,
		Command: func(_ context.Context, at ascp.Attempt) (*ascp.Command, error) {
			if at.NewToken {
				r.newTokens++
			}
			args := []string{"--mode", "send", "--host", g.Host, "-P", strconv.Itoa(g.Port), "-k", "1", "--tags64", tags}
			if r.Sessions > 1 {
				args = append(args, "-C", fmt.Sprintf("%d:%d", at.Session+1, r.Sessions))
			}
			args = append(args, "--dest64", "--file-pair-list="+list, base64.StdEncoding.EncodeToString([]byte("/")))
			return &ascp.Command{Path: ascptest.Path(), Args: args, Env: append(ascp.Environ(), "ASPERA_SCP_TOKEN=good")}, nil
		},
		Moved: func(moved, resumed int64) {
			r.mu.Lock()
			defer r.mu.Unlock()
			r.moved, r.resumed = moved, resumed
		},
		Retry: func(int, error) {
			r.mu.Lock()
			defer r.mu.Unlock()
			r.retries++
		},
	}
	return r
}

// alive reports whether a process is there.
func alive(pid int) bool { return syscall.Kill(pid, 0) == nil }

// TestOutcomes has the program end in all the ways that there are.
func TestOutcomes(t *testing.T) {
	for _, tt := range []struct {
		name    string
		faults  []ascptest.Fault
		ok      bool
		code    int
		text    string // in the error
		retries int
	}{
		{"success", nil, true, 0, "", 0},
		{"noise on the port", []ascptest.Fault{ascptest.Garbage}, true, 0, "", 0},
		{"a second connection", []ascptest.Fault{ascptest.Twice}, true, 0, "", 0},
		{"an error before the fallback that worked", []ascptest.Fault{ascptest.Late}, true, 0, "", 0},
		{"DONE with a code", []ascptest.Fault{ascptest.Refuses.With(5)}, false, 5, "refused (code 5)", 0},
		{"failure of one file", []ascptest.Fault{ascptest.OneFile.With(5)}, false, 5, "this file failed", 0},
		{"exit without a word", []ascptest.Fault{ascptest.Vanishes}, false, 0, "without saying how: exit status 1", 0},
		{"exit after INIT", []ascptest.Fault{ascptest.Leaves}, false, 0, "without saying how", 0},
		{"DONE and another exit status", []ascptest.Fault{ascptest.Status}, false, 0, "exit status 3", 0},
		{"another program on the port", []ascptest.Fault{ascptest.Foreign}, false, 0, "another program", 0},
		{"a flood", []ascptest.Fault{ascptest.Flood}, false, 0, "without a message", 0},
		{"a line without end", []ascptest.Fault{ascptest.LongLine}, false, 0, "a line of more than", 0},
		{"UDP that comes back", []ascptest.Fault{ascptest.Refuses.With(14)}, true, 0, "", 1},
		{"no address", []ascptest.Fault{ascptest.NoAddress}, false, 14, "not available", 0},
		{"a lost connection half way", []ascptest.Fault{ascptest.Fails.With(16), ascptest.Fails.With(16)}, true, 0, "", 2},
		{"an old token", []ascptest.Fault{ascptest.BadToken}, true, 0, "", 1},
		{"a failure that stays", []ascptest.Fault{
			ascptest.Refuses.With(18), ascptest.Refuses.With(18), ascptest.Refuses.With(18), ascptest.Refuses.With(18),
			ascptest.Refuses.With(18), ascptest.Refuses.With(18), ascptest.Refuses.With(18), ascptest.Refuses.With(69),
		}, false, 69, "code 69", 7},
	} {
		t.Run(tt.name, func(t *testing.T) {
			r := newRig(t, tt.faults...)
			err := r.Run(t.Context())
			if tt.ok != (err == nil) {
				t.Fatalf("error is %v", err)
			}
			calls := r.script.Calls()
			if len(calls) != tt.retries+1 || r.retries != tt.retries {
				t.Errorf("%d starts and %d retries, want %d retries", len(calls), r.retries, tt.retries)
			}
			for _, c := range calls {
				if alive(c.PID) {
					t.Errorf("process %d is left", c.PID)
				}
			}
			if tt.ok {
				if got := int64(len(r.store.objects["key"])); got != r.size {
					t.Errorf("%d bytes were stored of %d", got, r.size)
				}
				if r.moved+r.resumed != r.size {
					t.Errorf("told of %d and %d bytes, of %d", r.moved, r.resumed, r.size)
				}
				return
			}
			f, ok := errors.AsType[*ascp.Failure](err)
			if !ok || f.Code != tt.code || !strings.Contains(err.Error(), tt.text) {
				t.Errorf("error is %#v: %v; want code %d and %q", err, err, tt.code, tt.text)
			}
		})
	}
}

// TestOutputIsKept finds in the error what the program wrote before it vanished.
func TestOutputIsKept(t *testing.T) {
	r := newRig(t, ascptest.Vanishes)
	f, ok := errors.AsType[*ascp.Failure](r.Run(t.Context()))
	if !ok || !strings.Contains(f.Output, "something is wrong here") {
		t.Errorf("error is %#v", f)
	}
}

// TestSecondConnectionIsRefused looks at what came of one.
func TestSecondConnectionIsRefused(t *testing.T) {
	r := newRig(t, ascptest.Twice)
	if err := r.Run(t.Context()); err != nil {
		t.Fatal(err)
	}
	if got := r.script.Calls()[0].Second; got != "refused" {
		t.Errorf("a second connection was %s", got)
	}
}

// TestNewTokenAfterRefusal asks for one only when that was the reason.
func TestNewTokenAfterRefusal(t *testing.T) {
	r := newRig(t, ascptest.Refuses.With(14), ascptest.BadToken, ascptest.Refuses.With(14))
	if err := r.Run(t.Context()); err != nil {
		t.Fatal(err)
	}
	if r.newTokens != 1 {
		t.Errorf("%d new tokens, want 1", r.newTokens)
	}
}

// TestGoesOn sends no byte twice that arrived before a failure.
func TestGoesOn(t *testing.T) {
	r := newRig(t, ascptest.Fails.With(16))
	if err := r.Run(t.Context()); err != nil {
		t.Fatal(err)
	}
	calls := r.script.Calls()
	if len(calls) != 2 || calls[0].Sent == 0 || calls[1].Resumed != calls[0].Sent || calls[0].Sent+calls[1].Sent != r.size {
		t.Errorf("%+v", calls)
	}
	if r.resumed != calls[1].Resumed {
		t.Errorf("told of %d resumed bytes, want %d", r.resumed, calls[1].Resumed)
	}
}

// TestSessions moves a file by four processes, one of which has to be started again.
func TestSessions(t *testing.T) {
	r := newRig(t, ascptest.OK, ascptest.Refuses.With(15))
	r.Sessions = 4
	if err := r.Run(t.Context()); err != nil {
		t.Fatal(err)
	}
	shares := map[string]bool{}
	for _, c := range r.script.Calls() {
		shares[c.Option("-C")] = true
	}
	if len(shares) != 4 || r.moved != r.size || int64(len(r.store.objects["key"])) != r.size {
		t.Errorf("shares %v, %d bytes told of %d", shares, r.moved, r.size)
	}
}

// TestSessionFails has one of several processes fail for good: all end, and the
// error is its own.
func TestSessionFails(t *testing.T) {
	r := newRig(t, ascptest.Silent, ascptest.Refuses.With(34), ascptest.Silent)
	r.Sessions = 3
	f, ok := errors.AsType[*ascp.Failure](r.Run(t.Context()))
	if !ok || f.Code != 34 {
		t.Errorf("error is %v", f)
	}
	for _, c := range r.script.Calls() {
		if alive(c.PID) {
			t.Errorf("process %d is left", c.PID)
		}
	}
}

// TestCancel stops programs that listen, that do not, and that cannot.
func TestCancel(t *testing.T) {
	why := errors.New("had enough")
	for _, tt := range []struct {
		fault ascptest.Fault
		told  bool // it could say what it was told
	}{
		{ascptest.Silent, true},
		{ascptest.Slow, true},
		{ascptest.Stubborn, true},
		{ascptest.Deaf, false},
		{ascptest.NoConnect, false},
	} {
		t.Run(string(tt.fault), func(t *testing.T) {
			r := newRig(t, tt.fault)
			ctx, cancel := context.WithCancelCause(t.Context())
			up := make(chan struct{})
			var once sync.Once
			r.Hear = func(int, *ascp.Message) { once.Do(func() { close(up) }) }
			if tt.fault == ascptest.NoConnect {
				close(up)
			}
			go func() {
				<-up
				cancel(why)
			}()
			if err := r.Run(ctx); !errors.Is(err, why) {
				t.Errorf("error is %v", err)
			}
			calls := r.script.Calls()
			for _, c := range calls {
				if alive(c.PID) {
					t.Errorf("process %d is left", c.PID)
				}
			}
			if tt.told && (len(calls) != 1 || !strings.Contains(strings.Join(calls[0].Told, "\n"), "Type: CANCEL")) {
				t.Errorf("it was told %q", calls[0].Told)
			}
		})
	}
}

// TestSilence gives up a program that says nothing any more, and one that never
// connects.
func TestSilence(t *testing.T) {
	for _, tt := range []struct {
		fault  ascptest.Fault
		timing ascp.Timing
		text   string
	}{
		{ascptest.Deaf, ascp.Timing{Silence: 300 * time.Millisecond, Grace: 100 * time.Millisecond}, "said nothing for 300ms"},
		{ascptest.NoConnect, ascp.Timing{Connect: 300 * time.Millisecond, Grace: 100 * time.Millisecond}, "did not connect"},
	} {
		r := newRig(t, tt.fault)
		r.Timing = tt.timing
		if err := r.Run(t.Context()); err == nil || !strings.Contains(err.Error(), tt.text) {
			t.Errorf("%s: error is %v", tt.fault, err)
		}
		for _, c := range r.script.Calls() {
			if alive(c.PID) {
				t.Errorf("%s: process %d is left", tt.fault, c.PID)
			}
		}
	}
}

// TestRates changes the rates of a running process.
func TestRates(t *testing.T) {
	r := newRig(t, ascptest.Slow) // goes on when it is told a rate
	var mu sync.Mutex
	rates := ascp.Rates{Target: 1000, Policy: "fair"}
	r.Rates = func() ascp.Rates {
		mu.Lock()
		defer mu.Unlock()
		return rates
	}
	r.Hear = func(_ int, m *ascp.Message) {
		if m.Type == ascp.Stats {
			mu.Lock()
			defer mu.Unlock()
			rates.Target++
		}
	}
	if err := r.Run(t.Context()); err != nil {
		t.Fatal(err)
	}
	told := r.script.Calls()[0].Told
	if len(told) == 0 || told[0] != "FASPMGR 2; Type: RATE; Rate: 1001; MinRate: 0; Adaptive: Adaptive; Priority: 2" {
		t.Errorf("it was told %q", told)
	}
}

func TestRateMessages(t *testing.T) {
	for policy, want := range map[string]string{
		"":      "Rate: 7\nMinRate: 3\n\n",
		"fixed": "Rate: 7\nMinRate: 3\nAdaptive: Fixed\n\n",
		"high":  "Rate: 7\nMinRate: 3\nAdaptive: Adaptive\nPriority: 1\n\n",
		"low":   "Rate: 7\nMinRate: 3\nAdaptive: Trickle\n\n",
	} {
		b, err := ascp.Rates{Target: 7, Min: 3, Policy: policy}.Message().Append(nil)
		if want = "FASPMGR 2\nType: RATE\n" + want; err != nil || string(b) != want {
			t.Errorf("%q: %q, %v", policy, b, err)
		}
	}
}
