package cli_test

import (
	"bytes"
	"encoding/json"
	"math"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"strings"
	"sync"
	"syscall"
	"testing"

	"github.com/icos-go/icos/icostest"
	"github.com/icos-go/icos/internal/cli"
)

// stuckAfter is a COS that answers so many parts of uploads and then lets
// requests hang until it is freed.
type stuckAfter struct {
	cos   http.Handler
	stuck chan struct{} // closed when a part hangs
	free  chan struct{} // closed to give up what hangs

	mu    sync.Mutex
	limit int
	parts map[string]int // requests answered, by part number
}

func (s *stuckAfter) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	number := r.URL.Query().Get("partNumber")
	if r.Method != http.MethodPut || number == "" {
		s.cos.ServeHTTP(w, r)
		return
	}
	s.mu.Lock()
	hang := s.limit <= 0
	if s.limit == 0 {
		close(s.stuck)
	}
	s.limit--
	s.mu.Unlock()
	if hang {
		<-s.free
		panic(http.ErrAbortHandler) // whoever asked is gone
	}
	s.cos.ServeHTTP(w, r)
	s.mu.Lock()
	s.parts[number]++
	s.mu.Unlock()
}

// release gives up the requests that hang, and answers all others from now on.
func (s *stuckAfter) release() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.limit = math.MaxInt
	close(s.free)
}

// TestInterruptedCommandGoesOn stops an upload in the middle, by either signal,
// and goes on with it: by the same command, and by its job from another
// directory. No part that had been acknowledged is sent again.
func TestInterruptedCommandGoesOn(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("a process cannot send another one an interrupt")
	}
	for _, c := range []struct {
		name   string
		signal os.Signal
		exit   int
		word   string
		flags  []string
		resume func(id string) []string
	}{
		{"interrupt, same command", os.Interrupt, 130, "icos: interrupted\n", nil, nil},
		{"termination, resumed job", syscall.SIGTERM, 143, "icos: terminated\n", nil, resumeJob},
		{"interrupt, in a rapid session", os.Interrupt, 130, "icos: interrupted\n", []string{"--accelerate=rapid"}, nil},
		{"termination, resumed in a rapid session", syscall.SIGTERM, 143, "icos: terminated\n", []string{"--accelerate=rapid"}, resumeJob},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := &stuckAfter{stuck: make(chan struct{}), free: make(chan struct{}), limit: 2, parts: map[string]int{}}
			srv := icostest.NewServer(t, &icostest.Options{Rapid: len(c.flags) > 0, Wrap: func(cos http.Handler) http.Handler {
				s.cos = cos
				return s
			}})
			if err := srv.Client().Bucket("jobs").Create(t.Context(), nil); err != nil {
				t.Fatal(err)
			}
			home := t.TempDir()
			content := cli.Pattern("26000000") // five parts of 5 MiB
			if err := os.WriteFile(filepath.Join(home, "big.bin"), content, 0o666); err != nil {
				t.Fatal(err)
			}
			args := append([]string{"cp", "--part-size", "5MiB", "--threshold", "5MiB", "--connections", "1", "big.bin", "cos://jobs/big.bin"}, c.flags...)

			cmd := command(t, srv, home, home, args...)
			var stderr bytes.Buffer
			cmd.Stderr = &stderr
			if err := cmd.Start(); err != nil {
				t.Fatal(err)
			}
			<-s.stuck
			if err := cmd.Process.Signal(c.signal); err != nil {
				t.Fatal(err)
			}
			_ = cmd.Wait() // its code is looked at below
			if got := cmd.ProcessState.ExitCode(); got != c.exit {
				t.Fatalf("exit code %d, want %d\n%s", got, c.exit, &stderr)
			}
			id := regexp.MustCompile(`hint: icos jobs resume ([0-9a-f]+) goes on`).FindStringSubmatch(stderr.String())
			if id == nil || !strings.Contains(stderr.String(), c.word) {
				t.Fatalf("standard error does not say how to go on:\n%s", &stderr)
			}
			if out := output(t, command(t, srv, home, t.TempDir(), "jobs")); !strings.Contains(out, id[1]) || !strings.Contains(out, "stopped") {
				t.Errorf("icos jobs does not list %s:\n%s", id[1], out)
			}

			s.release()
			dir := home
			if c.resume != nil {
				args, dir = c.resume(id[1]), t.TempDir()
			}
			if out := output(t, command(t, srv, home, dir, args...)); !strings.Contains(out, "going on with job "+id[1]) {
				t.Errorf("the second run does not say that it goes on:\n%s", out)
			}
			got, err := readAll(t.Context(), srv.Client().Bucket("jobs").Object("big.bin"))
			if err != nil || !bytes.Equal(got, content) {
				t.Errorf("the object has other bytes than the file, or cannot be read: %v", err)
			}
			for number, n := range s.parts {
				if n > 1 {
					t.Errorf("part %s arrived %d times", number, n)
				}
			}
			if out := output(t, command(t, srv, home, home, "jobs")); !strings.Contains(out, "no unfinished transfers") {
				t.Errorf("icos jobs still lists something:\n%s", out)
			}
		})
	}
}

func resumeJob(id string) []string { return []string{"jobs", "resume", id} }

// TestJobsRmLeavesNothing forgets an interrupted upload.
func TestJobsRmLeavesNothing(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("a process cannot send another one an interrupt")
	}
	s := &stuckAfter{stuck: make(chan struct{}), free: make(chan struct{}), limit: 2, parts: map[string]int{}}
	srv := icostest.NewServer(t, &icostest.Options{Wrap: func(cos http.Handler) http.Handler {
		s.cos = cos
		return s
	}})
	bucket := srv.Client().Bucket("jobs")
	if err := bucket.Create(t.Context(), nil); err != nil {
		t.Fatal(err)
	}
	home := t.TempDir()
	if err := os.WriteFile(filepath.Join(home, "big.bin"), cli.Pattern("26000000"), 0o666); err != nil {
		t.Fatal(err)
	}
	cmd := command(t, srv, home, home, "cp", "--part-size", "5MiB", "--threshold", "5MiB", "--connections", "1", "big.bin", "cos://jobs/")
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	<-s.stuck
	if err := cmd.Process.Signal(os.Interrupt); err != nil {
		t.Fatal(err)
	}
	_ = cmd.Wait() // it was interrupted
	s.release()

	// An upload that a job can go on with is no orphan.
	if out := output(t, command(t, srv, home, home, "rm", "-r", "--incomplete", "cos://jobs")); !strings.Contains(out, "kept cos://jobs/big.bin") {
		t.Errorf("icos rm --incomplete does not keep the upload of a job:\n%s", out)
	}
	if out := output(t, command(t, srv, home, home, "jobs", "rm", "--all", "--older-than", "1h")); !strings.Contains(out, "removed 0 jobs") {
		t.Errorf("icos jobs rm --older-than removed what is new:\n%s", out)
	}
	if out := output(t, command(t, srv, home, home, "jobs", "rm", "--all")); !strings.Contains(out, "removed 1 job") {
		t.Errorf("icos jobs rm says:\n%s", out)
	}
	for up, err := range bucket.Uploads(t.Context(), nil) {
		t.Errorf("upload of %s is still there (%v)", up.Key, err)
	}
	if out := output(t, command(t, srv, home, home, "jobs")); !strings.Contains(out, "no unfinished transfers") {
		t.Errorf("icos jobs still lists something:\n%s", out)
	}
}

// command is icos for a user of srv whose home directory is home.
func command(t *testing.T, srv *icostest.Server, home, dir string, args ...string) *exec.Cmd {
	t.Helper()
	doc, err := json.Marshal(srv.Credential)
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(home, "cos_credentials")
	if err := os.WriteFile(file, doc, 0o600); err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), "icos", args...)
	cmd.Dir = dir
	cmd.Env = []string{"PATH=" + os.Getenv("PATH"), "HOME=" + home, "COS_CREDENTIALS_FILE=" + file, "ICOS_ENDPOINT=" + srv.URL}
	return cmd
}

// output runs cmd, which must do what it is told, and returns all it says.
func output(t *testing.T, cmd *exec.Cmd) string {
	t.Helper()
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%v: %v\n%s", cmd.Args, err, out)
	}
	return string(out)
}
