package cli_test

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
)

// fails runs a command, which must end with a code, and returns what it said.
func (c *localCOS) fails(t *testing.T, code int, args ...string) string {
	t.Helper()
	var errs bytes.Buffer
	cmd := exec.Command("icos", args...)
	cmd.Dir, cmd.Env, cmd.Stderr = c.scratch, c.env, &errs
	if cmd.Run() == nil || cmd.ProcessState.ExitCode() != code {
		t.Errorf("icos %s ended with %d, want %d: %s", strings.Join(args, " "), cmd.ProcessState.ExitCode(), code, errs.String())
	}
	return errs.String()
}

// data is the server's data directory.
func (c *localCOS) data() string {
	for _, v := range c.env {
		if file, found := strings.CutPrefix(v, "COS_CREDENTIALS_FILE="); found {
			return filepath.Dir(file)
		}
	}
	return ""
}

func TestAdmin(t *testing.T) {
	c := serveCOS(t, "--admin", "127.0.0.1:0")
	c.icos(t, "mb", "cos://steered")
	if err := os.WriteFile(filepath.Join(c.scratch, "file"), []byte("hello"), 0o600); err != nil {
		t.Fatal(err)
	}
	if info, err := os.Stat(filepath.Join(c.data(), "admin_token")); err != nil || runtime.GOOS != "windows" && info.Mode().Perm() != 0o600 {
		t.Errorf("admin_token: %v, %v", info, err)
	}

	if out, _ := c.icos(t, "admin", "fault", "add", "--operation", "PutObject", "--first", "1", "--status", "503", "--delay", "1ms"); out != "1\n" {
		t.Errorf("the first rule is %q", out)
	}
	c.icos(t, "cp", "file", "cos://steered/file")
	if out, _ := c.icos(t, "admin", "fault", "ls"); out != "1    --operation PutObject --first 1 --status 503 --code SlowDown --delay 1ms; struck 1 of 2 requests\n" {
		t.Errorf("rules: %s", out)
	}
	if out, _ := c.icos(t, "--json", "admin", "fault", "ls"); out != `{"v":1,"type":"fault","id":"1","rule":{"operation":"PutObject","first":1,"status":503,"code":"SlowDown","delay":"1ms"},"seen":2,"struck":1}`+"\n" {
		t.Errorf("rules: %s", out)
	}
	c.icos(t, "admin", "fault", "rm", "1")
	if says := c.fails(t, 4, "admin", "fault", "rm", "1"); !strings.Contains(says, "no such rule") {
		t.Errorf("removing a rule twice: %s", says)
	}
	if says := c.fails(t, 2, "admin", "fault", "add", "--rate", "2", "--status", "500"); !strings.Contains(says, "between 0 and 1") {
		t.Errorf("a rate of 2: %s", says)
	}
	c.icos(t, "admin", "fault", "add", "--operation", "Get*", "--delay", "1ms")
	if out, _ := c.icos(t, "admin", "fault", "ls"); !strings.Contains(out, "--operation 'Get*' --delay 1ms;") {
		t.Errorf("a rule for the shell: %s", out)
	}
	c.icos(t, "admin", "fault", "clear", "--seed", "9")

	out, _ := c.icos(t, "admin", "log")
	if !strings.Contains(out, "PutObject steered/file  503 SlowDown (rule 1)") || !strings.Contains(out, "PutObject steered/file  200  in 5 out 0") {
		t.Errorf("log:\n%s", out)
	}
	if out, _ = c.icos(t, "--json", "admin", "log"); !strings.Contains(out, "REDACTED") || strings.Contains(out, "Signature=") {
		t.Errorf("log:\n%s", out)
	}
	c.icos(t, "admin", "log", "--clear")
	if out, _ = c.icos(t, "admin", "log"); out != "" {
		t.Errorf("log after it was cleared: %s", out)
	}

	if out, _ = c.icos(t, "admin", "clock", "set", "2040-01-01T00:00:00Z"); !strings.HasPrefix(out, "2040-01-01T00:00:0") {
		t.Errorf("clock: %s", out)
	}
	if out, _ = c.icos(t, "admin", "clock", "advance", "366d"); !strings.HasPrefix(out, "2041-01-01T00:00:") {
		t.Errorf("clock: %s", out)
	}
	if !strings.Contains(out, " days ") || !strings.HasSuffix(out, " ahead of the real time\n") {
		t.Errorf("clock: %s", out)
	}
	c.icos(t, "cp", "file", "cos://steered/later")
	if out, _ = c.icos(t, "stat", "cos://steered/later"); !strings.Contains(out, "2041") {
		t.Errorf("an object of 2041:\n%s", out)
	}
	if says := c.fails(t, 2, "admin", "clock", "advance", "soon"); !strings.Contains(says, "soon") {
		t.Errorf("advance soon: %s", says)
	}
	c.end(t)
}

func TestAdminSnapshot(t *testing.T) {
	c := serveCOS(t, "--admin", "127.0.0.1:0")
	c.icos(t, "mb", "cos://kept")
	if err := os.WriteFile(filepath.Join(c.scratch, "file"), []byte("before"), 0o600); err != nil {
		t.Fatal(err)
	}
	c.icos(t, "cp", "file", "cos://kept/file")
	c.icos(t, "admin", "snapshot", "copy")
	if says := c.fails(t, 7, "admin", "snapshot", "copy"); !strings.Contains(says, "not empty") {
		t.Errorf("a snapshot over another: %s", says)
	}
	c.icos(t, "rm", "cos://kept/file")
	c.icos(t, "mb", "cos://passing")
	if says := c.fails(t, 7, "admin", "restore", "file"); !strings.Contains(says, "not a complete snapshot") {
		t.Errorf("restoring what is no snapshot: %s", says)
	}
	c.icos(t, "admin", "restore", "copy")
	if out, _ := c.icos(t, "cat", "cos://kept/file"); out != "before" {
		t.Errorf("restored, the object holds %q", out)
	}
	if out, _ := c.icos(t, "ls"); strings.Contains(out, "passing") {
		t.Errorf("a bucket made after the snapshot is still there:\n%s", out)
	}
	c.icos(t, "rm", "cos://kept/file")
	if out, _ := c.icos(t, "--json", "admin", "restore", "copy"); !strings.HasPrefix(out, `{"v":1,"type":"restore_snapshot","directory":`) {
		t.Errorf("restored again: %s", out)
	}
	c.icos(t, "rm", "cos://kept/file")
	c.end(t)

	// The identities are in it, too: the same keys open it.
	again := serveCOS(t, "--dir", filepath.Join(c.scratch, "copy"))
	again.env = append(again.env, "COS_CREDENTIALS_FILE="+filepath.Join(c.scratch, "copy", "cos_credentials"))
	if out, _ := again.icos(t, "cat", "cos://kept/file"); out != "before" {
		t.Errorf("the snapshot holds %q", out)
	}
	again.end(t)
}

func TestAdminIsOffUnlessAsked(t *testing.T) {
	c := serveCOS(t)
	if says := c.fails(t, 4, "admin", "clock"); !strings.Contains(says, "--admin") {
		t.Errorf("icos admin without an API: %s", says)
	}
	c.end(t)
	if says := c.fails(t, 2, "serve", "--dir", t.TempDir(), "--addr", "127.0.0.1:0", "--admin", ":0"); !strings.Contains(says, "--tls") {
		t.Errorf("an admin API for everybody: %s", says)
	}
}
