package cli_test

import (
	"bufio"
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/icos-go/icos/icostest"
)

// A relayProcess is an `icos relay` in a process of its own.
type relayProcess struct {
	cmd    *exec.Cmd
	url    string
	ca     string // file of its CA, "" over plain http
	token  string
	stderr *bytes.Buffer
	rest   sync.WaitGroup
}

// startRelay runs a relay to srv, with a token of its own.
func startRelay(t *testing.T, srv *icostest.Server, args ...string) *relayProcess {
	t.Helper()
	home := t.TempDir()
	tokens := filepath.Join(home, "tokens")
	out := output(t, exec.Command("icos", "relay", "token", "test", "--token-file", tokens))
	r := &relayProcess{token: strings.TrimSpace(strings.TrimPrefix(out, "export ICOS_RELAY_TOKEN=")), stderr: new(bytes.Buffer)}
	args = append([]string{"relay", "--json", "--listen", "127.0.0.1:0", "--token-file", tokens, "--upstream", strings.TrimPrefix(srv.URL, "http://")}, args...)
	r.cmd = exec.Command("icos", args...)
	r.cmd.Env = []string{"PATH=" + os.Getenv("PATH"), "HOME=" + home}
	r.cmd.Stderr = r.stderr
	stdout, err := r.cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := r.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if r.cmd.ProcessState == nil {
			r.cmd.Process.Kill()
			r.cmd.Wait()
		}
	})
	lines := bufio.NewReader(stdout)
	line, err := lines.ReadString('\n')
	var rec struct{ Type, URL, Value string }
	if err == nil {
		err = json.Unmarshal([]byte(line), &rec)
	}
	if err != nil || rec.Type != "relaying" {
		r.cmd.Process.Kill()
		r.cmd.Wait()
		t.Fatalf("icos relay announced %q: %v\n%s", line, err, r.stderr)
	}
	r.url, r.ca = rec.URL, rec.Value
	r.rest.Go(func() { _, _ = io.Copy(io.Discard, lines) })
	return r
}

// env is what to set at a client of the relay.
func (r *relayProcess) env() []string {
	env := []string{"ICOS_RELAY=" + r.url, "ICOS_RELAY_TOKEN=" + r.token}
	if r.ca != "" {
		env = append(env, "SSL_CERT_FILE="+r.ca)
	}
	return env
}

// end terminates the relay, which must go well.
func (r *relayProcess) end(t *testing.T) {
	t.Helper()
	if err := r.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	r.rest.Wait()
	if err := r.cmd.Wait(); err != nil {
		t.Errorf("icos relay after SIGTERM: %v\n%s", err, r.stderr)
	}
	if strings.Contains(r.stderr.String(), r.token) {
		t.Errorf("the token is in the log:\n%s", r.stderr)
	}
}

// TestRelayCommand measures the path to a COS through a relay, both of them as a
// user runs them.
func TestRelayCommand(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("a process cannot send another one a termination signal")
	}
	for _, c := range []struct {
		name, scheme string
		args         []string
	}{
		{"http", "http://", nil},
		{"https", "https://", []string{"--tls", "--session-rate", "400Mbit"}},
		{"IAM", "http://", nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			if c.scheme == "https://" && runtime.GOOS == "darwin" {
				t.Skip("SSL_CERT_FILE is not read here")
			}
			srv := icostest.NewServer(t)
			if err := srv.Client().Bucket("path").Create(t.Context(), nil); err != nil {
				t.Fatal(err)
			}
			args, caller := c.args, "token:test"
			if c.name == "IAM" {
				in, _ := srv.COS().IAM().Instance(srv.Credential.ResourceInstanceID)
				args, caller = []string{"--iam-account", in.AccountID, "--iam-keys", srv.URL + "/identity/keys"}, "iam:iam-ServiceId-"
			}
			r := startRelay(t, srv, args...)
			if !strings.HasPrefix(r.url, c.scheme) {
				t.Errorf("the relay is at %s", r.url)
			}
			home := t.TempDir()
			cmd := command(t, srv, home, home, "bench", "path", "--duration", "300ms", "--size", "8MiB", "cos://path")
			cmd.Env = append(cmd.Env, r.env()...)
			if c.name == "IAM" {
				cmd.Env = append(cmd.Env, "ICOS_RELAY_TOKEN=")
			}
			out := output(t, cmd)
			for _, want := range []string{`(?m)^https +[\d.]+ ms`, `(?m)^rapid +[\d.]+ ms +[\d.]+ ms +[\d.]+ % .*B/s.*B/s`, `(?m)^rapid goes through http`, `(?m)(times|no difference).*\.$`} {
				if !regexp.MustCompile(want).MatchString(out) {
					t.Errorf("icos bench path does not say %s:\n%s", want, out)
				}
			}
			if strings.Contains(out, r.token) {
				t.Errorf("the token is in the output:\n%s", out)
			}
			nothingLeft(t, srv, "path")

			// With a wrong token the reason is told, and the code is that of permissions.
			cmd = command(t, srv, home, home, "bench", "path", "--duration", "100ms", "--size", "1MiB", "cos://path")
			cmd.Env = append(cmd.Env, r.env()...)
			i := slices.IndexFunc(cmd.Env, func(s string) bool { return strings.HasPrefix(s, "ICOS_RELAY_TOKEN=") })
			cmd.Env[i] += "x"
			text, err := cmd.CombinedOutput()
			if err == nil || cmd.ProcessState.ExitCode() != 6 || !strings.Contains(string(text), "not one of this relay's") || strings.Contains(string(text), r.token) {
				t.Errorf("with a wrong token: %v\n%s", err, text)
			}
			r.end(t)
			if log := r.stderr.String(); !strings.Contains(log, `"msg":"session ended"`) || !strings.Contains(log, `"caller":"`+caller) {
				t.Errorf("the log does not tell of the session:\n%s", log)
			}
		})
	}
}

// nothingLeft fails if a bucket has objects, versions or uploads.
func nothingLeft(t *testing.T, srv *icostest.Server, bucket string) {
	t.Helper()
	b := srv.Client().Bucket(bucket)
	for v, err := range b.Versions(t.Context(), nil) {
		t.Errorf("%s is left (%v)", v.Key, err)
	}
	for u, err := range b.Uploads(t.Context(), nil) {
		t.Errorf("an upload of %s is left (%v)", u.Key, err)
	}
}

// An interrupt ends the measurement at once, and leaves nothing in the bucket.
func TestBenchPathInterrupted(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("a process cannot send another one an interrupt")
	}
	for _, c := range []struct{ name, at string }{
		{"while uploading", http.MethodPut},
		{"while downloading", http.MethodGet},
	} {
		t.Run(c.name, func(t *testing.T) {
			reached := make(chan struct{})
			var once sync.Once
			srv := icostest.NewServer(t, &icostest.Options{Wrap: func(cos http.Handler) http.Handler {
				return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
					data := r.Method == c.at && (r.URL.Query().Has("partNumber") || r.Header.Get("Range") != "")
					cos.ServeHTTP(w, r)
					if data {
						once.Do(func() { close(reached) })
					}
				})
			}})
			if err := srv.Client().Bucket("path").Create(t.Context(), nil); err != nil {
				t.Fatal(err)
			}
			home := t.TempDir()
			cmd := command(t, srv, home, home, "bench", "path", "--duration", map[string]string{http.MethodPut: "1m", http.MethodGet: "2s"}[c.at], "--size", "100GiB", "cos://path")
			var stderr bytes.Buffer
			cmd.Stderr = &stderr
			if err := cmd.Start(); err != nil {
				t.Fatal(err)
			}
			<-reached
			began := time.Now()
			if err := cmd.Process.Signal(os.Interrupt); err != nil {
				t.Fatal(err)
			}
			_ = cmd.Wait() // its code is looked at below
			if got := cmd.ProcessState.ExitCode(); got != 130 {
				t.Errorf("exit code %d, want 130\n%s", got, &stderr)
			}
			if took := time.Since(began); took > 30*time.Second {
				t.Errorf("it took %v to end", took)
			}
			nothingLeft(t, srv, "path")
		})
	}
}
