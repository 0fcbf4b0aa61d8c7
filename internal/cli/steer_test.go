package cli_test

import (
	"bufio"
	"bytes"
	"encoding/json"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/icos-go/icos/icostest"
	"github.com/icos-go/icos/internal/cli"
)

// world is where commands run that find a COS and each other.
type world struct {
	t   *testing.T
	env []string
	dir string
}

func newWorld(t *testing.T) *world {
	t.Helper()
	dir := t.TempDir()
	doc, err := json.Marshal(icostest.NewServer(t).Credential)
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(dir, "cos_credentials")
	if err := os.WriteFile(file, doc, 0o600); err != nil {
		t.Fatal(err)
	}
	w := &world{t: t, dir: dir, env: []string{"PATH=" + os.Getenv("PATH"), "HOME=" + dir, "COS_CREDENTIALS_FILE=" + file}}
	w.run(0, "mb", "cos://bkt")
	if err := os.WriteFile(filepath.Join(dir, "big.bin"), cli.Pattern("20000000"), 0o600); err != nil {
		t.Fatal(err)
	}
	return w
}

func (w *world) command(args ...string) *exec.Cmd {
	cmd := exec.CommandContext(w.t.Context(), "icos", args...)
	cmd.Env, cmd.Dir = w.env, w.dir
	return cmd
}

// run runs icos, which must exit with code, and returns what it printed.
func (w *world) run(code int, args ...string) string {
	w.t.Helper()
	cmd := w.command(args...)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, _ := cmd.Output() // the code says more
	if got := cmd.ProcessState.ExitCode(); got != code {
		w.t.Fatalf("icos %s: exit code %d, want %d\n%s%s", strings.Join(args, " "), got, code, out, &stderr)
	}
	return string(out)
}

// upload begins an upload that would take minutes, and returns its ID.
func (w *world) upload() (cmd *exec.Cmd, id string) {
	w.t.Helper()
	cmd = w.command("cp", "--json", "--bwlimit", "64KiB", "big.bin", "cos://bkt/big.bin")
	out, err := cmd.StdoutPipe()
	if err != nil {
		w.t.Fatal(err)
	}
	cmd.Stderr = io.Discard
	if err := cmd.Start(); err != nil {
		w.t.Fatal(err)
	}
	lines := bufio.NewScanner(out)
	for lines.Scan() {
		var r struct{ Type, ID string }
		if err := json.Unmarshal(lines.Bytes(), &r); err != nil {
			w.t.Fatalf("%s: %v", lines.Text(), err)
		}
		if r.Type == "queued" {
			go io.Copy(io.Discard, out) // until the process ends
			return cmd, r.ID
		}
	}
	w.t.Fatal("the upload did not begin")
	return nil, ""
}

// state is what icos top says of the only job.
func (w *world) state() (id, state string, limit int64) {
	w.t.Helper()
	var j struct {
		Type, ID, State, Command string
		Limit                    int64
	}
	if out := w.run(0, "top", "--json"); out != "" {
		if err := json.Unmarshal([]byte(out), &j); err != nil {
			w.t.Fatalf("%s: %v", out, err)
		}
		if j.Type != "running" || j.Command != "icos cp --json --bwlimit 64KiB big.bin cos://bkt/big.bin" {
			w.t.Errorf("type %q, command %q", j.Type, j.Command)
		}
	}
	return j.ID, j.State, j.Limit
}

func TestTransfersAreSteeredFromAnotherProcess(t *testing.T) {
	w := newWorld(t)
	if id, _, _ := w.state(); id != "" {
		t.Errorf("job %s runs before there is one", id)
	}
	cmd, id := w.upload()
	if got, _, limit := w.state(); got != id || limit != 64<<10 {
		t.Errorf("icos top shows job %q with limit %d, want %q with 65536", got, limit, id)
	}
	if out := w.run(0, "top", "--once"); !strings.Contains(out, "upload big.bin to cos://bkt/big.bin") {
		t.Errorf("icos top --once prints %q", out)
	}
	w.run(0, "jobs", "pause", id)
	if _, state, _ := w.state(); state != "paused" {
		t.Errorf("the job is %s, want paused", state)
	}
	w.run(0, "jobs", "resume", id[:4])
	if _, state, _ := w.state(); state == "paused" {
		t.Errorf("the job is %s still", state)
	}
	if out := w.run(0, "jobs", "rate", id); out != "64.0 KiB/s\n" {
		t.Errorf("the rate is %q, want 64.0 KiB/s", out)
	}
	w.run(2, "jobs", "rate", id, "fast")
	w.run(4, "jobs", "pause", "nosuchjob")
	w.run(0, "jobs", "rate", id, "off")
	if err := cmd.Wait(); err != nil {
		t.Errorf("icos cp: %v", err)
	}
	w.run(0, "stat", "cos://bkt/big.bin")
	if id, _, _ := w.state(); id != "" {
		t.Errorf("job %s runs after all have ended", id)
	}
}

func TestCancelFromAnotherProcess(t *testing.T) {
	w := newWorld(t)
	cmd, id := w.upload()
	w.run(0, "jobs", "cancel", id)
	if err := cmd.Wait(); err == nil {
		t.Error("a canceled icos cp exits with 0")
	}
	w.run(4, "stat", "cos://bkt/big.bin")
	if out := w.run(0, "jobs", "--json"); out != "" {
		t.Errorf("a canceled job is kept: %s", out)
	}
}
