package cli_test

import (
	"bufio"
	"bytes"
	"encoding/json"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/icos-go/icos/internal/cli"
)

// localCOS is an icos serve in a process of its own, and the environment in which
// icos finds it.
type localCOS struct {
	cmd     *exec.Cmd
	udp     string // where it takes rapid sessions
	env     []string
	stderr  bytes.Buffer
	scratch string
}

func serveCOS(t *testing.T, flags ...string) *localCOS {
	t.Helper()
	dir, home := t.TempDir(), t.TempDir()
	c := &localCOS{scratch: t.TempDir(), env: append(os.Environ(), "HOME="+home, "XDG_STATE_HOME=", "COS_CREDENTIALS_FILE="+filepath.Join(dir, "cos_credentials"))}
	c.cmd = exec.Command("icos", append([]string{"serve", "--json", "--dir", dir, "--addr", "127.0.0.1:0"}, flags...)...)
	c.cmd.Env, c.cmd.Stderr = c.env, &c.stderr
	out, err := c.cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := c.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if c.cmd.ProcessState == nil {
			c.cmd.Process.Kill()
			c.cmd.Wait()
		}
	})
	line, err := bufio.NewReader(out).ReadBytes('\n')
	var serving struct{ Type, URL, UDP string }
	if err != nil || json.Unmarshal(line, &serving) != nil || serving.Type != "serving" {
		c.cmd.Process.Kill()
		c.cmd.Wait()
		t.Fatalf("icos serve announced %q, and said %s", line, c.stderr.String())
	}
	c.udp = serving.UDP
	if strings.HasPrefix(serving.URL, "https:") {
		c.env = append(c.env, "SSL_CERT_FILE="+filepath.Join(dir, "tls", "ca.pem"))
	}
	return c
}

// icos runs a command, which must succeed, and returns what it wrote.
func (c *localCOS) icos(t *testing.T, args ...string) (stdout, stderr string) {
	t.Helper()
	var out, errs bytes.Buffer
	cmd := exec.Command("icos", args...)
	cmd.Dir, cmd.Env, cmd.Stdout, cmd.Stderr = c.scratch, c.env, &out, &errs
	if err := cmd.Run(); err != nil {
		t.Fatalf("icos %s: %v\n%s", strings.Join(args, " "), err, errs.String())
	}
	return out.String(), errs.String()
}

// end interrupts the server, which must end in peace.
func (c *localCOS) end(t *testing.T) {
	t.Helper()
	if err := c.cmd.Process.Signal(os.Interrupt); err != nil {
		t.Fatal(err)
	}
	if err := c.cmd.Wait(); err != nil || c.stderr.Len() > 0 {
		t.Errorf("icos serve after an interrupt: %v, %s", err, c.stderr.String())
	}
}

func TestServeTakesRapidSessions(t *testing.T) {
	for name, flags := range map[string][]string{"plain": nil, "TLS": {"--tls"}} {
		t.Run(name, func(t *testing.T) {
			c := serveCOS(t, flags...)
			if c.udp == "" {
				t.Fatal("icos serve takes no sessions")
			}
			want := cli.Pattern("20000000")
			if err := os.WriteFile(filepath.Join(c.scratch, "big"), want, 0o600); err != nil {
				t.Fatal(err)
			}
			c.icos(t, "mb", "cos://fast")
			c.icos(t, "cp", "--accelerate=rapid", "big", "cos://fast/big")
			c.icos(t, "cp", "--accelerate=rapid", "--sessions=2", "--policy=high", "cos://fast/big", "back")
			if got, err := os.ReadFile(filepath.Join(c.scratch, "back")); err != nil || !bytes.Equal(got, want) {
				t.Errorf("what came back differs: %d bytes, %v", len(got), err)
			}
			c.end(t)
		})
	}
}

func TestServeWithoutRapid(t *testing.T) {
	c := serveCOS(t, "--no-rapid")
	if c.udp != "" {
		t.Errorf("icos serve --no-rapid listens at %s", c.udp)
	}
	c.end(t)
}

func TestServeSaysThatUDPIsTaken(t *testing.T) {
	dir := t.TempDir()
	for range 20 {
		udp, err := net.ListenPacket("udp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		cmd := exec.Command("icos", "serve", "--dir", dir, "--addr", udp.LocalAddr().String())
		cmd.Env = append(os.Environ(), "HOME="+dir)
		out, err := cmd.CombinedOutput()
		udp.Close()
		if bytes.Contains(out, []byte("listen tcp")) {
			continue // somebody has the TCP port of that number
		}
		if err == nil || !bytes.Contains(out, []byte("--no-rapid")) {
			t.Errorf("icos serve where UDP is taken: %v, %s", err, out)
		}
		return
	}
	t.Error("no number of which the TCP port is free")
}
