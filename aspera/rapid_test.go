package aspera_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/icos-go/icos"
	"github.com/icos-go/icos/aspera"
	"github.com/icos-go/icos/icostest"
	"github.com/icos-go/icos/rapid"
	"github.com/icos-go/icos/transfer"
	"github.com/icos-go/icos/transfer/transfertest"
)

// A fastWorld is a COS that accepts rapid sessions, and counts the requests that
// come over TCP.
type fastWorld struct {
	*testing.T
	cos    *icostest.Server
	client *icos.Client
	bucket *icos.Bucket
	tcp    atomic.Int64 // requests that did not come through a session

	notices notices
}

// A tcpCounter counts what is sent over TCP.
type tcpCounter struct {
	w *fastWorld
	http.RoundTripper
}

func (c tcpCounter) RoundTrip(r *http.Request) (*http.Response, error) {
	c.w.tcp.Add(1)
	return c.RoundTripper.RoundTrip(r)
}

func newFastWorld(t *testing.T, o *icostest.Options) *fastWorld {
	t.Helper()
	w := &fastWorld{T: t, cos: icostest.NewServer(t, o)}
	cfg := w.cos.Config()
	cfg.HTTPClient = &http.Client{Transport: tcpCounter{w, http.DefaultTransport}}
	var err error
	if w.client, err = icos.NewClient(cfg); err != nil {
		t.Fatal(err)
	}
	w.bucket = w.client.Bucket("fast")
	if err := w.bucket.Create(t.Context(), nil); err != nil {
		t.Fatal(err)
	}
	return w
}

func (w *fastWorld) manager(cfg aspera.Config) *transfer.Manager {
	w.Helper()
	return w.notices.manager(w.T, w.client, cfg)
}

func (w *fastWorld) noticed() string { return w.notices.all() }

// thereAndBack moves a file and a tree up and down, and compares.
func (w *fastWorld) thereAndBack(m *transfer.Manager) {
	w.Helper()
	dir, back := w.TempDir(), w.TempDir()
	for i := range 50 {
		name := filepath.Join(dir, fmt.Sprintf("d%d/f%d", i%5, i))
		if err := os.MkdirAll(filepath.Dir(name), 0o700); err != nil {
			w.Fatal(err)
		}
		if err := os.WriteFile(name, content(byte(i), 1000*i), 0o600); err != nil {
			w.Fatal(err)
		}
	}
	big := filepath.Join(dir, "big")
	if err := os.WriteFile(big, content(99, 20<<20), 0o600); err != nil {
		w.Fatal(err)
	}
	if err := m.UploadDir(w.Context(), dir, w.bucket, "tree/").Wait(w.Context()); err != nil {
		w.Fatal(err)
	}
	if err := m.DownloadDir(w.Context(), w.bucket, "tree/", back).Wait(w.Context()); err != nil {
		w.Fatal(err)
	}
	err := filepath.WalkDir(dir, func(path string, d os.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		rel, err := filepath.Rel(dir, path)
		if err != nil {
			return err
		}
		want, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		got, err := os.ReadFile(filepath.Join(back, rel))
		if err == nil && !bytes.Equal(got, want) {
			err = fmt.Errorf("%s differs", rel)
		}
		return err
	})
	if err != nil {
		w.Error(err)
	}
}

// TestRapid moves things through rapid sessions that the service of the bucket
// grants: no other request goes over TCP than those that ask for a grant.
func TestRapid(t *testing.T) {
	for name, cfg := range map[string]aspera.Config{
		"auto":         {},
		"rapid":        {Engine: aspera.Rapid},
		"two sessions": {MultiSession: 2},
		"with rates":   {TargetRate: 2_000_000_000, MinRate: 1_000_000, RatePolicy: "high"},
	} {
		t.Run(name, func(t *testing.T) {
			w := newFastWorld(t, &icostest.Options{Rapid: true})
			m := w.manager(cfg)
			before := w.tcp.Load()
			w.thereAndBack(m)
			// Connection info, and a setup for each session, which may be tried twice.
			if n := w.tcp.Load() - before; n < 2 || n > 8 {
				t.Errorf("%d requests over TCP", n)
			}
			if text := w.noticed(); text != "" {
				t.Errorf("notices: %s", text)
			}
		})
	}
}

// TestRapidRelay takes grants from the configuration, with HMAC keys, and asks no
// transfer service.
func TestRapidRelay(t *testing.T) {
	w := newFastWorld(t, &icostest.Options{Rapid: true})
	keys := w.cos.HMACConfig()
	keys.HTTPClient = w.client.Config().HTTPClient
	var err error
	if w.client, err = icos.NewClient(keys); err != nil {
		t.Fatal(err)
	}
	w.bucket = w.client.Bucket("fast")
	relay := rapid.GranterFunc(func(context.Context, string, string) (*rapid.Grant, error) {
		return w.cos.Rapid().Grant(rapid.GrantOptions{})
	})
	m := w.manager(aspera.Config{Relay: relay})
	before := w.tcp.Load()
	w.thereAndBack(m)
	if n := w.tcp.Load() - before; n != 0 {
		t.Errorf("%d requests over TCP", n)
	}
}

// TestRapidRefused has nobody who grants a session.
func TestRapidRefused(t *testing.T) {
	w := newFastWorld(t, nil)
	path := filepath.Join(t.TempDir(), "f")
	if err := os.WriteFile(path, content(1, 1000), 0o600); err != nil {
		t.Fatal(err)
	}
	err := w.manager(aspera.Config{Engine: aspera.Rapid}).Upload(t.Context(), path, w.bucket.Object("k")).Wait(t.Context())
	if !errors.Is(err, aspera.ErrNoEngine) {
		t.Errorf("error is %v", err)
	}
	m := w.manager(aspera.Config{Ascp: filepath.Join(t.TempDir(), "none")})
	w.thereAndBack(m)
	if text := w.noticed(); strings.Count(text, "bytes travel over HTTPS") != 1 || strings.Contains(text, "\n") {
		t.Errorf("notices: %q", text)
	}
}

// TestRapidBlocked has no UDP pass: bytes travel over HTTPS, with a notice.
func TestRapidBlocked(t *testing.T) {
	w := newFastWorld(t, &icostest.Options{RapidConn: deaf(t)})
	m := w.manager(aspera.Config{})
	w.thereAndBack(m)
	if text := w.noticed(); strings.Count(text, "bytes travel over HTTPS: ") != 1 {
		t.Errorf("notices: %q", text)
	}
}

// deaf returns a socket that nothing is heard on.
func deaf(t *testing.T) net.PacketConn {
	t.Helper()
	pc, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	return deafConn{pc}
}

type deafConn struct{ net.PacketConn }

// ReadFrom reads nothing of what comes, until the socket is closed.
func (d deafConn) ReadFrom(b []byte) (int, net.Addr, error) {
	for {
		if _, _, err := d.PacketConn.ReadFrom(b); err != nil {
			return 0, nil, err
		}
	}
}

// TestRapidManager runs the suite of transports through rapid sessions.
func TestRapidManager(t *testing.T) {
	if testing.Short() {
		t.Skip("moves a gigabyte")
	}
	transfertest.RunManager(t, &icostest.Options{Rapid: true}, func(_ *testing.T, c *icos.Client, o transfer.Options) (*transfer.Manager, error) {
		return aspera.NewManager(c, aspera.Config{Engine: aspera.Rapid, Transfer: o})
	})
}

// TestRapidBlockedByProxy has no UDP pass either, and HTTP only by a proxy.
func TestRapidBlockedByProxy(t *testing.T) {
	w := newFastWorld(t, &icostest.Options{RapidConn: deaf(t)})
	var asked atomic.Int64
	target, err := url.Parse(w.cos.URL)
	if err != nil {
		t.Fatal(err)
	}
	forward := httputil.NewSingleHostReverseProxy(target)
	proxy := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		asked.Add(1)
		forward.ServeHTTP(rw, r)
	}))
	defer proxy.Close()
	via, err := url.Parse(proxy.URL)
	if err != nil {
		t.Fatal(err)
	}
	transport := &http.Transport{
		MaxIdleConnsPerHost: 64,
		Proxy: func(r *http.Request) (*url.URL, error) {
			return via, nil
		},
	}
	defer transport.CloseIdleConnections()
	cfg := w.cos.Config()
	cfg.HTTPClient = &http.Client{Transport: transport}
	if w.client, err = icos.NewClient(cfg); err != nil {
		t.Fatal(err)
	}
	w.bucket = w.client.Bucket("fast")
	before := asked.Load()
	w.thereAndBack(w.manager(aspera.Config{}))
	if n := asked.Load() - before; n < 100 {
		t.Errorf("%d requests came by the proxy", n)
	}
	if text := w.noticed(); strings.Count(text, "bytes travel over HTTPS: ") != 1 {
		t.Errorf("notices: %q", text)
	}
}

// TestNoBucket says of a bucket that is not there just that.
func TestNoBucket(t *testing.T) {
	w := newFastWorld(t, &icostest.Options{Rapid: true})
	m := w.manager(aspera.Config{})
	none := w.client.Bucket("none")
	back := filepath.Join(t.TempDir(), "back")
	err := m.Download(t.Context(), none.Object("k"), back).Wait(t.Context())
	if !errors.Is(err, fs.ErrNotExist) || strings.Contains(err.Error(), "connection info") {
		t.Errorf("error is %v", err)
	}
	if text := w.noticed(); text != "" {
		t.Errorf("notices: %s", text)
	}
	// It is asked again when there is one.
	if err := none.Create(t.Context(), nil); err != nil {
		t.Fatal(err)
	}
	before := w.tcp.Load()
	if err := m.Upload(t.Context(), w.file(content(1, 10)), none.Object("k")).Wait(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := m.Download(t.Context(), none.Object("k"), back).Wait(t.Context()); err != nil {
		t.Fatal(err)
	}
	if n := w.tcp.Load() - before; n > 6 {
		t.Errorf("%d requests over TCP", n)
	}
}

// file makes a file.
func (w *fastWorld) file(b []byte) string {
	w.Helper()
	path := filepath.Join(w.TempDir(), "file")
	if err := os.WriteFile(path, b, 0o600); err != nil {
		w.Fatal(err)
	}
	return path
}
