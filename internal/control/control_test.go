package control_test

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/icos-go/icos/internal/control"
)

// fake is a process with jobs that do nothing.
type fake struct {
	mu   sync.Mutex
	jobs []control.Job
	did  []string
	do   func(ctx context.Context) error // nil: at once
}

func (f *fake) Jobs() []control.Job {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.jobs
}

func (f *fake) Do(ctx context.Context, id string, r control.Request) error {
	f.mu.Lock()
	f.did = append(f.did, fmt.Sprintf("%s %s %d", r.Do, id, r.Rate))
	do := f.do
	f.mu.Unlock()
	if do != nil {
		return do(ctx)
	}
	for _, j := range f.Jobs() {
		if j.ID == id {
			return nil
		}
	}
	return control.ErrNoJob
}

func serve(t *testing.T, dir string, f *fake) *control.Server {
	t.Helper()
	s, err := control.Serve(dir, f)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() }) // again, after tests that close it: that is an error nobody minds
	return s
}

func job(pid int, id string, started int) control.Job {
	return control.Job{ID: id, PID: pid, State: "running", Started: time.Unix(int64(started), 0).UTC(), Total: -1}
}

func TestListShowsAllProcessesOldestFirst(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "run")
	a := job(1, "aaa", 2)
	a.Active = []control.Active{{Name: "one.txt", Bytes: 3, Total: 10}}
	serve(t, dir, &fake{jobs: []control.Job{a}})
	serve(t, dir, &fake{jobs: []control.Job{job(2, "bbb", 1), job(2, "ccc", 1)}})
	got, err := control.List(t.Context(), dir)
	if err != nil {
		t.Fatal(err)
	}
	want := []control.Job{job(2, "bbb", 1), job(2, "ccc", 1), a}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("List (-want +got):\n%s", diff)
	}
}

func TestNothingRuns(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "none")
	jobs, err := control.List(t.Context(), dir)
	if len(jobs) != 0 || err != nil {
		t.Errorf("List = %v, %v; want nothing", jobs, err)
	}
	err = control.Do(t.Context(), dir, "abc", control.Request{Do: control.Pause})
	if !errors.Is(err, control.ErrNoJob) {
		t.Errorf("Do = %v, want ErrNoJob", err)
	}
}

func TestDoFindsTheJob(t *testing.T) {
	for _, tt := range []struct {
		id, want string // "" if refused
	}{
		{"abc123", "pause abc123 0"},
		{"abc1", "pause abc123 0"},
		{"abc", ""},                  // abc123 and abc456
		{"same", ""},                 // two processes have it
		{"2:same", "pause same 0"},   // not here, but there
		{"1:abc4", "pause abc456 0"}, //
		{"exact", "pause exact 0"},   // and not exactly
		{"2:abc123", ""},
		{"zzz", ""},
		{"", ""},
		{"1:", ""},
	} {
		t.Run(tt.id, func(t *testing.T) {
			dir := t.TempDir()
			one := &fake{jobs: []control.Job{job(1, "abc123", 1), job(1, "abc456", 1), job(1, "same", 1), job(1, "exactly", 1)}}
			two := &fake{jobs: []control.Job{job(2, "same", 1), job(2, "exact", 1)}}
			serve(t, dir, one)
			serve(t, dir, two)
			err := control.Do(t.Context(), dir, tt.id, control.Request{Do: control.Pause})
			did := strings.Join(append(one.did, two.did...), ", ")
			if did != tt.want || (err == nil) != (tt.want != "") {
				t.Errorf("Do(%q) did %q (%v), want %q", tt.id, did, err, tt.want)
			}
		})
	}
}

func TestDoSendsTheRate(t *testing.T) {
	dir := t.TempDir()
	f := &fake{jobs: []control.Job{job(1, "x", 1)}}
	serve(t, dir, f)
	if err := control.Do(t.Context(), dir, "x", control.Request{Do: control.SetRate, Rate: 5 << 20}); err != nil {
		t.Fatal(err)
	}
	if err := control.Do(t.Context(), dir, "x", control.Request{Do: control.SetRate, Rate: -1}); err == nil {
		t.Error("a negative rate was accepted")
	}
	if err := control.Do(t.Context(), dir, "x", control.Request{Do: "explode"}); err == nil {
		t.Error("an unknown action was accepted")
	}
	if want := []string{"rate x 5242880"}; !cmp.Equal(f.did, want) {
		t.Errorf("did %q, want %q", f.did, want)
	}
}

func TestErrorsTravel(t *testing.T) {
	dir := t.TempDir()
	serve(t, dir, &fake{jobs: []control.Job{job(1, "x", 1)}, do: func(context.Context) error { return errors.New("no, \xff\x1b[31m") }})
	err := control.Do(t.Context(), dir, "x", control.Request{Do: control.Cancel})
	if want := "cancel x: no, \uFFFD\x1b[31m"; err == nil || err.Error() != want {
		t.Errorf("Do = %q, want %q", err, want)
	}
}

func TestOnlyTheUserGetsIn(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("files have no modes here")
	}
	dir := filepath.Join(t.TempDir(), "run")
	if err := os.Mkdir(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	if _, err := control.List(t.Context(), dir); err == nil {
		t.Error("List trusts a directory that others can enter")
	}
	serve(t, dir, &fake{})
	info, err := os.Stat(dir)
	if err != nil {
		t.Fatal(err)
	}
	if info.Mode().Perm() != 0o700 {
		t.Errorf("the directory has mode %v, want 0700", info.Mode().Perm())
	}
	for _, s := range socketsIn(t, dir) {
		info, err := os.Lstat(s)
		if err != nil {
			t.Fatal(err)
		}
		if info.Mode().Perm() != 0o600 || info.Mode()&fs.ModeSocket == 0 {
			t.Errorf("the socket has mode %v, want srw-------", info.Mode())
		}
	}
	link := filepath.Join(t.TempDir(), "link")
	if err := os.Symlink(dir, link); err != nil {
		t.Fatal(err)
	}
	if _, err := control.Serve(link, &fake{}); err == nil {
		t.Error("Serve follows a link that somebody put in place of the directory")
	}
}

func TestDirPrefersTheRuntimeDirectory(t *testing.T) {
	own := t.TempDir()
	for _, tt := range []struct{ runtime, state, want string }{
		{own, "/s", filepath.Join(own, "icos")},
		{filepath.Join(own, "none"), "/s", filepath.Join("/s", "run")},
		{"relative", "/s", filepath.Join("/s", "run")},
		{"", "", ""},
	} {
		if got := control.Dir(tt.runtime, tt.state); got != tt.want {
			t.Errorf("Dir(%q, %q) = %q, want %q", tt.runtime, tt.state, got, tt.want)
		}
	}
}

func TestLongDirectory(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("links need a privilege here")
	}
	dir := filepath.Join(t.TempDir(), strings.Repeat("long", 30), "run")
	s := serve(t, dir, &fake{jobs: []control.Job{job(1, "x", 1)}})
	jobs, err := control.List(t.Context(), dir)
	if err != nil || len(jobs) != 1 {
		t.Errorf("List = %v, %v; want one job", jobs, err)
	}
	if err := s.Close(); err != nil {
		t.Error(err)
	}
	if left := socketsIn(t, dir); len(left) != 0 {
		t.Errorf("left behind: %v", left)
	}
}

func TestDeadSocketsAreRemoved(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "run")
	if err := os.Mkdir(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	old, young := filepath.Join(dir, "12-old.sock"), filepath.Join(dir, "13-young.sock")
	for _, path := range []string{old, young} {
		ln, err := net.ListenUnix("unix", &net.UnixAddr{Name: path, Net: "unix"})
		if err != nil {
			t.Fatal(err)
		}
		ln.SetUnlinkOnClose(false)
		if err := ln.Close(); err != nil {
			t.Fatal(err)
		}
	}
	other := filepath.Join(dir, "notes.txt")
	if err := os.WriteFile(other, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	hour := time.Now().Add(-time.Hour)
	for _, path := range []string{old, other} {
		if err := os.Chtimes(path, hour, hour); err != nil {
			t.Fatal(err)
		}
	}
	jobs, err := control.List(t.Context(), dir)
	if len(jobs) != 0 || err != nil {
		t.Errorf("List = %v, %v; want nothing", jobs, err)
	}
	for path, want := range map[string]bool{old: false, young: true, other: true} {
		if _, err := os.Lstat(path); (err == nil) != want {
			t.Errorf("%s is there: %v, want %v", filepath.Base(path), err == nil, want)
		}
	}
}

func TestAnswersAreBounded(t *testing.T) {
	dir := t.TempDir()
	f := &fake{}
	work := strings.Repeat("ä", 1000)
	active := slices.Repeat([]control.Active{{Name: strings.Repeat("\xff\x00n", 500)}}, 100)
	for i := range 300 {
		j := job(1, fmt.Sprint("id", i), i)
		j.Work, j.Active = work, active
		f.jobs = append(f.jobs, j)
	}
	serve(t, dir, f)
	jobs, err := control.List(t.Context(), dir)
	if err != nil {
		t.Fatal(err)
	}
	if len(jobs) != 256 {
		t.Errorf("%d jobs came through, want 256", len(jobs))
	}
	if n := len(jobs[0].Work); n > 1100 {
		t.Errorf("a text of %d bytes came through", n)
	}
	if len(f.jobs[0].Active) != 100 || f.jobs[0].Work != work {
		t.Error("the handler's own jobs were changed")
	}
}

// exchange sends raw bytes to the only socket of dir, and returns the answer.
func exchange(t *testing.T, dir, send string) map[string]any {
	t.Helper()
	conn, err := net.Dial("unix", socketsIn(t, dir)[0])
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if _, err := conn.Write([]byte(send)); err != nil {
		t.Fatal(err)
	}
	line, err := bufio.NewReader(conn).ReadBytes('\n')
	if err != nil {
		t.Fatal(err)
	}
	var got map[string]any
	if err := json.Unmarshal(line, &got); err != nil {
		t.Fatal(err)
	}
	return got
}

func TestBadRequestsAreAnswered(t *testing.T) {
	dir := t.TempDir()
	f := &fake{jobs: []control.Job{job(1, "x", 1)}}
	serve(t, dir, f)
	for name, tt := range map[string]struct{ send, want string }{
		"another version": {`{"v":2,"do":"list"}`, "this icos speaks version 1 of the protocol, not 2"},
		"no JSON":         {"GET / HTTP/1.1\r\n\r\n", "a request is one JSON object of at most 4096 bytes"},
		"too long":        {`{"v":1,"do":"pause","id":"` + strings.Repeat("x", 4096), "a request is one JSON object of at most 4096 bytes"},
		"unknown":         {`{"v":1,"do":"explode","id":"x"}`, `unknown request "explode"`},
		"negative rate":   {`{"v":1,"do":"rate","id":"x","rate":-1}`, "rate -1: it cannot be negative; 0 means no limit"},
		"no such job":     {`{"v":1,"do":"pause","id":"y"}`, "no such job is running"},
	} {
		t.Run(name, func(t *testing.T) {
			got := exchange(t, dir, tt.send)
			if got["error"] != tt.want || got["v"] != 1.0 {
				t.Errorf("answer %v, want the error %q", got, tt.want)
			}
		})
	}
}

func TestSilentProcessIsNamed(t *testing.T) {
	dir := t.TempDir()
	serve(t, dir, &fake{jobs: []control.Job{job(1, "x", 1)}})
	ln, err := net.Listen("unix", filepath.Join(dir, "4711-abc.sock"))
	if err != nil {
		t.Fatal(err)
	}
	defer ln.Close()
	// It takes connections, since the system does that for it, and is silent.
	ctx, cancel := context.WithCancelCause(t.Context())
	defer cancel(nil)
	stopped := make(chan struct{})
	go func() {
		defer close(stopped)
		conn, err := ln.Accept()
		if err != nil {
			return
		}
		defer conn.Close()
		if _, err := bufio.NewReader(conn).ReadString('\n'); err == nil {
			cancel(errors.New("enough"))
		}
		<-ctx.Done()
	}()
	_, err = control.List(ctx, dir)
	if err == nil || !strings.Contains(err.Error(), "process 4711 does not answer: enough") {
		t.Errorf("List = %v, want it to name process 4711", err)
	}
	<-stopped
}

func TestCloseEndsWhatIsBeingDone(t *testing.T) {
	dir := t.TempDir()
	began := make(chan struct{})
	f := &fake{jobs: []control.Job{job(1, "x", 1)}, do: func(ctx context.Context) error {
		close(began)
		<-ctx.Done()
		return ctx.Err()
	}}
	s := serve(t, dir, f)
	result := make(chan error, 1)
	go func() { result <- control.Do(t.Context(), dir, "x", control.Request{Do: control.Pause}) }()
	<-began
	if err := s.Close(); err != nil {
		t.Error(err)
	}
	if err := <-result; err == nil || !strings.Contains(err.Error(), "context canceled") {
		t.Errorf("Do = %v, want that it was canceled", err)
	}
	if left := socketsIn(t, dir); len(left) != 0 {
		t.Errorf("left behind: %v", left)
	}
}

func socketsIn(t *testing.T, dir string) []string {
	t.Helper()
	list, err := filepath.Glob(filepath.Join(dir, "*.sock"))
	if err != nil {
		t.Fatal(err)
	}
	return list
}
