package interop

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// A cos is a local COS run by the icos command.
type cos struct {
	url            string
	credential     credential
	credentialFile string // as the server wrote it
	caFile         string // the certificate to trust; "" over plain HTTP
}

// credential is the part of a COS service credential that clients use.
type credential struct {
	APIKey       string `json:"apikey"`
	InstanceID   string `json:"resource_instance_id"`
	AuthEndpoint string `json:"iam_auth_endpoint"`
	KMSInstance  string `json:"kms_instance"`
	HMAC         struct {
		AccessKeyID string `json:"access_key_id"`
		SecretKey   string `json:"secret_access_key"`
	} `json:"cos_hmac_keys"`
}

// startCOS runs icos serve in an empty directory until the test ends.
func startCOS(t *testing.T) *cos {
	t.Helper()
	return startCOSWith(t, "http")
}

// startTLS is startCOS over TLS, where SDKs send what they do not over plain
// HTTP: unsigned bodies with checksums in trailers.
func startTLS(t *testing.T) *cos {
	t.Helper()
	return startCOSWith(t, "https", "--tls")
}

func startCOSWith(t *testing.T, scheme string, flags ...string) *cos {
	t.Helper()
	dir := t.TempDir()
	addr := freeAddr(t)
	args := append([]string{"serve", "--dir", dir, "--addr", addr}, flags...)
	announced := func(_ context.Context, said string) bool { return strings.Contains(said, scheme+"://"+addr) }
	start(t, announced, nil, icosCommand.path(t), args...)
	c := &cos{url: scheme + "://" + addr, credentialFile: filepath.Join(dir, "cos_credentials")}
	if scheme == "https" {
		c.caFile = filepath.Join(dir, "tls", "ca.pem")
	}
	b, err := os.ReadFile(c.credentialFile)
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(b, &c.credential); err != nil {
		t.Fatalf("read %s: %v", c.credentialFile, err)
	}
	if c.credential.APIKey == "" || c.credential.HMAC.SecretKey == "" || c.credential.InstanceID == "" {
		t.Fatalf("%s lacks keys or the instance", c.credentialFile)
	}
	return c
}

// trust returns the variables that make a foreign program trust the server.
func (c *cos) trust() []string {
	if c.caFile == "" {
		return nil
	}
	return []string{"SSL_CERT_FILE=" + c.caFile, "AWS_CA_BUNDLE=" + c.caFile, "REQUESTS_CA_BUNDLE=" + c.caFile, "NODE_EXTRA_CA_CERTS=" + c.caFile}
}

// client returns an HTTP client that trusts the server.
func (c *cos) client(t *testing.T) *http.Client {
	t.Helper()
	if c.caFile == "" {
		return http.DefaultClient
	}
	pem, err := os.ReadFile(c.caFile)
	if err != nil {
		t.Fatal(err)
	}
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(pem) {
		t.Fatalf("%s holds no certificate", c.caFile)
	}
	transport := &http.Transport{TLSClientConfig: &tls.Config{RootCAs: pool}}
	t.Cleanup(transport.CloseIdleConnections)
	return &http.Client{Transport: transport}
}

// freeAddr returns a loopback address on which nobody listens.
func freeAddr(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}

// start runs a server until the test ends, when it must stop in peace, and
// waits until it is ready, by what it said so far or otherwise.
func start(t *testing.T, ready func(ctx context.Context, said string) bool, env []string, name string, args ...string) {
	t.Helper()
	var log output
	cmd := exec.Command(name, args...)
	cmd.Env = append(cleanEnv(t.TempDir()), env...)
	cmd.Stdout, cmd.Stderr = &log, &log
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	gone := make(chan error, 1)
	go func() { gone <- cmd.Wait() }()
	t.Cleanup(func() {
		stop(t, cmd.Process, gone)
		if t.Failed() {
			t.Logf("%s said:\n%s", filepath.Base(name), log.String())
		}
	})
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	for !ready(ctx, log.String()) {
		select {
		case err := <-gone:
			gone <- nil
			t.Fatalf("%s ended before it was ready: %v", cmd, err)
		case <-ctx.Done():
			t.Fatalf("%s was not ready within 30 s", cmd)
		case <-time.After(20 * time.Millisecond):
		}
	}
}

func stop(t *testing.T, p *os.Process, gone <-chan error) {
	if err := p.Signal(syscall.SIGTERM); err != nil {
		return // it ended by itself, which start has told
	}
	select {
	case err := <-gone:
		if err != nil {
			t.Errorf("the server ended with %v after SIGTERM", err)
		}
	case <-time.After(15 * time.Second):
		t.Error("the server did not end within 15 s of SIGTERM")
		p.Kill()
		<-gone
	}
}

// cleanEnv is an environment in which no tool finds settings or credentials of
// whoever runs the tests.
func cleanEnv(home string) []string {
	return []string{
		"PATH=" + os.Getenv("PATH"),
		"HOME=" + home,
		"TMPDIR=" + os.TempDir(),
		"LANG=C.UTF-8",
		"AWS_EC2_METADATA_DISABLED=true",
		"NO_PROXY=127.0.0.1,localhost",
	}
}

// run runs a foreign program to its end and returns what it wrote to its
// standard output.
func run(t *testing.T, env []string, stdin io.Reader, name string, args ...string) ([]byte, error) {
	t.Helper()
	var stdout, stderr bytes.Buffer
	cmd := exec.CommandContext(t.Context(), name, args...)
	cmd.Env = env
	cmd.Stdin = stdin
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	if err := cmd.Run(); err != nil {
		return stdout.Bytes(), &runError{args, strings.TrimSpace(stderr.String()), err}
	}
	return stdout.Bytes(), nil
}

type runError struct {
	args   []string
	stderr string
	cause  error
}

func (e *runError) Error() string {
	return strings.Join(e.args, " ") + ": " + e.cause.Error() + ": " + e.stderr
}

func (e *runError) Unwrap() error { return e.cause }

// output collects what a server says while others may look.
type output struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (o *output) Write(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.b.Write(p)
}

func (o *output) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.b.String()
}
