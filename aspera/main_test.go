package aspera_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/icos-go/icos"
	"github.com/icos-go/icos/aspera"
	"github.com/icos-go/icos/aspera/internal/ascptest"
	"github.com/icos-go/icos/icostest"
	"github.com/icos-go/icos/transfer"
)

func TestMain(m *testing.M) { ascptest.Main(m) }

// A world is a COS whose transfer service is for ascp, and can be changed.
type world struct {
	*testing.T
	cos     *icostest.Server
	bucket  *icos.Bucket
	gateway *ascptest.Gateway
	notices notices

	mu       sync.Mutex // guards what follows
	info     int        // requests for connection info
	setups   []setup
	noAspera bool                                                        // the bucket is not enabled
	answer   func(s *setup, w http.ResponseWriter, r *http.Request) bool // if it returns true, it has answered
	change   func(spec map[string]any)
}

// A setup is a request that the transfer service got.
type setup struct {
	Path       string
	User, Pass string
	Header     string
	Body       map[string]any
}

// objects is a bucket as a Gateway sees it.
type objects struct{ b *icos.Bucket }

func (o objects) Get(ctx context.Context, key string) ([]byte, error) {
	r, err := o.b.Object(key).Get(ctx, nil)
	if err != nil {
		return nil, err
	}
	defer r.Close()
	return io.ReadAll(r)
}

func (o objects) Put(ctx context.Context, key string, b []byte) error {
	_, err := o.b.Object(key).Put(ctx, bytes.NewReader(b), nil)
	return err
}

func newWorld(t *testing.T) *world {
	t.Helper()
	w := &world{T: t}
	w.cos = icostest.NewServer(t, &icostest.Options{Wrap: w.wrap})
	w.bucket = w.cos.Client().Bucket("fast")
	if err := w.bucket.Create(t.Context(), nil); err != nil {
		t.Fatal(err)
	}
	w.gateway = ascptest.NewGateway(t, objects{w.bucket})
	w.gateway.Admit("transfer-token")
	return w
}

const (
	accessKey = "ats-key"
	secretKey = "ats-secret"
)

// wrap puts a transfer service in front of a COS.
func (w *world) wrap(cos http.Handler) http.Handler {
	return http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		switch {
		case r.URL.RawQuery == "faspConnectionInfo":
			w.mu.Lock()
			defer w.mu.Unlock()
			w.info++
			if w.noAspera {
				rw.WriteHeader(http.StatusForbidden)
				io.WriteString(rw, `<Error><Code>AccessDenied</Code><Message>Access Denied</Message></Error>`)
				return
			}
			fmt.Fprintf(rw, `<FASPConnectionInfo><AccessKey><Id>%s</Id><Secret>%s</Secret></AccessKey><ATSEndpoint>http://%s</ATSEndpoint></FASPConnectionInfo>`,
				accessKey, secretKey, r.Host)
		case strings.HasPrefix(r.URL.Path, "/files/"):
			w.serveSetup(rw, r)
		default:
			cos.ServeHTTP(rw, r)
		}
	})
}

func (w *world) serveSetup(rw http.ResponseWriter, r *http.Request) {
	w.mu.Lock()
	defer w.mu.Unlock()
	s := setup{Path: r.URL.Path, Header: r.Header.Get("X-Aspera-Storage-Credentials")}
	s.User, s.Pass, _ = r.BasicAuth()
	if err := json.NewDecoder(r.Body).Decode(&s.Body); err != nil {
		w.Errorf("setup request: %v", err)
	}
	w.setups = append(w.setups, s)
	if w.answer != nil && w.answer(&s, rw, r) {
		return
	}
	if r.Method != http.MethodPost || s.User != accessKey || s.Pass != secretKey {
		rw.WriteHeader(http.StatusUnauthorized)
		return
	}
	direction := "send"
	if s.Path == "/files/download_setup" {
		direction = "receive"
	}
	spec := map[string]any{
		"direction": direction, "remote_host": w.gateway.Host, "remote_user": "xfer",
		"ssh_port": w.gateway.Port, "fasp_port": 33001, "token": "transfer-token", "cookie": "c00kie", "cipher": "aes-128",
		"target_rate_kbps": 1_000_000, "min_rate_kbps": 0, "rate_policy": "fair", "sshfp": nil,
		"tags": map[string]any{"aspera": map[string]any{"node": map[string]any{"access_key": accessKey}, "nothing": nil}},
	}
	if w.change != nil {
		w.change(spec)
	}
	rw.Header().Set("Content-Type", "application/json")
	json.NewEncoder(rw).Encode(map[string]any{"transfer_specs": []any{map[string]any{"transfer_spec": spec}}})
}

func (w *world) manager(cfg aspera.Config) *transfer.Manager {
	w.Helper()
	return w.notices.manager(w.T, w.cos.Client(), cfg)
}

func (w *world) noticed() string { return w.notices.all() }

// notices is what Managers have to say.
type notices struct {
	mu    sync.Mutex
	texts []string // guarded by mu
}

// manager returns a Manager whose notices are kept. It is closed when the test ends.
func (n *notices) manager(t *testing.T, c *icos.Client, cfg aspera.Config) *transfer.Manager {
	t.Helper()
	cfg.Notice = func(text string) {
		n.mu.Lock()
		defer n.mu.Unlock()
		n.texts = append(n.texts, text)
	}
	m, err := aspera.NewManager(c, cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := m.Close(); err != nil {
			t.Error(err)
		}
	})
	return m
}

func (n *notices) all() string {
	n.mu.Lock()
	defer n.mu.Unlock()
	return strings.Join(n.texts, "\n")
}

// content returns n bytes that follow from a seed.
func content(seed byte, n int) []byte {
	b := make([]byte, n)
	rand.NewChaCha8([32]byte{seed}).Read(b)
	return b
}

// file makes a file.
func (w *world) file(b []byte) string {
	w.Helper()
	path := filepath.Join(w.TempDir(), "file")
	if err := os.WriteFile(path, b, 0o600); err != nil {
		w.Fatal(err)
	}
	return path
}

// stored checks what an object holds.
func (w *world) stored(key string, want []byte) {
	w.Helper()
	got, err := objects{w.bucket}.Get(w.Context(), key)
	if err != nil || !bytes.Equal(got, want) {
		w.Errorf("%s has %d bytes, want %d: %v", key, len(got), len(want), err)
	}
}

// written checks what a file holds, and that nothing else is beside it.
func (w *world) written(path string, want []byte) {
	w.Helper()
	got, err := os.ReadFile(path)
	if err != nil || !bytes.Equal(got, want) {
		w.Errorf("%s has %d bytes, want %d: %v", path, len(got), len(want), err)
	}
	w.alone(filepath.Dir(path), 1)
}

// alone checks how many files a directory has.
func (w *world) alone(dir string, n int) {
	w.Helper()
	list, err := os.ReadDir(dir)
	if err != nil || len(list) != n {
		w.Errorf("%s has %v, want %d entries: %v", dir, list, n, err)
	}
}
