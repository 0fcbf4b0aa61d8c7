package aspera_test

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/icos-go/icos"
	"github.com/icos-go/icos/aspera"
	"github.com/icos-go/icos/auth"
	"github.com/icos-go/icos/icostest"
)

// TestOtherClient moves a file to a bucket of another Client than the Manager's, of a
// service that names a transfer service of its own. What the identity of the Manager
// may do is not delegated to that.
func TestOtherClient(t *testing.T) {
	w := newWorld(t)
	var mu sync.Mutex
	var got []string // storage credentials
	other := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		switch {
		case r.URL.RawQuery == "faspConnectionInfo":
			fmt.Fprintf(rw, `<FASPConnectionInfo><AccessKey><Id>a</Id><Secret>b</Secret></AccessKey><ATSEndpoint>http://%s</ATSEndpoint></FASPConnectionInfo>`, r.Host)
		case strings.HasPrefix(r.URL.Path, "/files/"):
			mu.Lock()
			defer mu.Unlock()
			got = append(got, r.Header.Get("X-Aspera-Storage-Credentials"))
			rw.Header().Set("Content-Type", "application/json")
			io.WriteString(rw, `{"error": {"code": 403, "reason": "no"}}`)
		default:
			if r.Method == http.MethodHead {
				rw.WriteHeader(http.StatusNotFound)
				return
			}
			if _, err := io.Copy(io.Discard, r.Body); err != nil {
				t.Error(err)
			}
			rw.Header().Set("ETag", `"x"`)
		}
	}))
	t.Cleanup(other.Close)
	for name, credentials := range map[string]auth.Credentials{"keys": auth.HMAC("id", "secret"), "nobody": auth.Anonymous} {
		var sent roundTrips
		c, err := icos.NewClient(icos.Config{Endpoint: other.URL, Credentials: credentials, HTTPClient: &http.Client{Transport: &sent}})
		if err != nil {
			t.Fatal(err)
		}
		m := w.manager(aspera.Config{Ascp: "/nowhere"})
		if err := m.Upload(t.Context(), w.file([]byte("x")), c.Bucket("theirs").Object("k")).Wait(t.Context()); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if sent.n.Load() == 0 {
			t.Errorf("%s: no request was sent by the http.Client of the bucket's own Client", name)
		}
		if text := w.noticed(); !strings.Contains(text, "credentials are of no use") {
			t.Errorf("%s: notices are %q", name, text)
		}
		mu.Lock()
		if len(got) > 0 {
			t.Errorf("%s: another service was sent %.60s", name, got)
		}
		mu.Unlock()
		m = w.manager(withAscp())
		if err := m.Upload(t.Context(), w.file([]byte("x")), c.Bucket("theirs").Object("k")).Wait(t.Context()); !errors.Is(err, aspera.ErrCredentials) {
			t.Errorf("%s by ascp: error is %v", name, err)
		}
	}
}

// roundTrips counts requests.
type roundTrips struct{ n atomic.Int64 }

func (c *roundTrips) RoundTrip(r *http.Request) (*http.Response, error) {
	c.n.Add(1)
	return http.DefaultTransport.RoundTrip(r)
}

// TestSameClient moves files with Clients that are made alike, as a program does that
// has one for each of its tasks. They share a session.
func TestSameClient(t *testing.T) {
	w := newFastWorld(t, &icostest.Options{Rapid: true})
	m := w.manager(aspera.Config{})
	path := filepath.Join(t.TempDir(), "f")
	if err := os.WriteFile(path, []byte("x"), 0o600); err != nil {
		t.Fatal(err)
	}
	for i := range 5 {
		c, err := icos.NewClient(w.client.Config())
		if err != nil {
			t.Fatal(err)
		}
		if err := m.Upload(t.Context(), path, c.Bucket("fast").Object(fmt.Sprint(i))).Wait(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	if n := w.cos.Rapid().Totals().Sessions; n != 1 {
		t.Errorf("%d sessions, want 1", n)
	}
}

// TestStartWhileClosing begins transfers of ever other buckets while the Manager is
// closed.
func TestStartWhileClosing(t *testing.T) {
	w := newWorld(t)
	path := w.file([]byte("x"))
	for range 5 {
		m, err := aspera.NewManager(w.cos.Client(), aspera.Config{Ascp: "/nowhere"})
		if err != nil {
			t.Fatal(err)
		}
		for i := range 200 {
			m.Upload(t.Context(), path, w.cos.Client().Bucket(fmt.Sprintf("b%d", i)).Object("k")).Cancel()
		}
		begun := make(chan struct{})
		var all sync.WaitGroup
		all.Go(func() {
			close(begun)
			for i := range 300 {
				m.Upload(t.Context(), path, w.cos.Client().Bucket(fmt.Sprintf("c%d", i)).Object("k")).Cancel()
			}
		})
		<-begun
		if err := m.Close(); err != nil {
			t.Error(err)
		}
		all.Wait()
	}
}
