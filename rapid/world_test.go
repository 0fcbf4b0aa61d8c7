package rapid_test

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strconv"
	"sync/atomic"
	"testing"
	"time"

	"github.com/icos-go/icos/internal/netsim"
	"github.com/icos-go/icos/rapid"
)

// world is a client and a server with a network between them.
type world struct {
	net      *netsim.Network // nil over loopback
	listener *rapid.Listener
	dialer   *rapid.Dialer
	sockets  chan *netsim.Conn // those of the client

	unreachable atomic.Bool  // nothing but UDP passes, if that
	grants      atomic.Int64 // given
}

// simulated joins both over a link. It is for synctest bubbles.
func simulated(t *testing.T, link netsim.Link, o *rapid.ListenOptions) *world {
	t.Helper()
	w := &world{net: netsim.New(link), sockets: make(chan *netsim.Conn, 64)}
	pc, err := w.net.Listen(netsim.B, ":33001")
	if err != nil {
		t.Fatal(err)
	}
	w.listener, err = rapid.NewListener(pc, o)
	if err != nil {
		t.Fatal(err)
	}
	w.dialer = &rapid.Dialer{
		Grants: w,
		ListenPacket: func(context.Context, string, string) (net.PacketConn, error) {
			pc, err := w.net.Listen(netsim.A, "")
			if err == nil {
				w.sockets <- pc
			}
			return pc, err
		},
	}
	t.Cleanup(func() { w.close(t) })
	return w
}

// looped joins both over the loopback interface.
func looped(t testing.TB, plain bool) *world {
	t.Helper()
	l, err := rapid.Listen("udp", "127.0.0.1:0", &rapid.ListenOptions{DisableOffload: plain})
	if err != nil {
		t.Fatal(err)
	}
	w := &world{listener: l}
	w.dialer = &rapid.Dialer{Grants: w, DisableOffload: plain}
	t.Cleanup(func() { w.close(t) })
	return w
}

// close ends everything and waits for it.
func (w *world) close(t testing.TB) {
	if err := w.dialer.Close(); err != nil {
		t.Errorf("close the dialer: %v", err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if err := w.listener.Shutdown(ctx); err != nil && !errors.Is(err, context.Canceled) {
		t.Errorf("shut the listener down: %v", err)
	}
	if w.net != nil {
		_ = w.net.Close()
		time.Sleep(time.Second) // net/http lets go of connections half a second late
	}
}

// Grant is how the dialer asks the listener, in place of HTTPS.
func (w *world) Grant(ctx context.Context, _, _ string) (*rapid.Grant, error) {
	if err := w.Reachable(ctx); err != nil {
		return nil, err
	}
	w.grants.Add(1)
	return w.listener.Grant(rapid.GrantOptions{})
}

// Reachable reports whether grants can be asked for.
func (w *world) Reachable(context.Context) error {
	if w.unreachable.Load() {
		return errors.New("no route to host")
	}
	return nil
}

// serve serves HTTP on the listener until the test ends: a GET of /N has N
// bytes, a PUT is answered with the CRC of what came.
func (w *world) serve(t testing.TB) {
	t.Helper()
	server := &http.Server{Handler: objects()}
	done := make(chan error, 1)
	go func() { done <- server.Serve(w.listener) }()
	t.Cleanup(func() {
		_ = server.Close()
		if err := <-done; !errors.Is(err, http.ErrServerClosed) {
			t.Errorf("serve: %v", err)
		}
	})
}

func objects() http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodPut {
			h := crc32.NewIEEE()
			n, err := io.Copy(h, r.Body)
			if err != nil {
				http.Error(w, err.Error(), http.StatusBadRequest)
				return
			}
			fmt.Fprintf(w, "%d %08x", n, h.Sum32())
			return
		}
		n, err := strconv.ParseInt(r.URL.Path[1:], 10, 64)
		if err != nil {
			http.NotFound(w, r)
			return
		}
		w.Header().Set("Content-Length", strconv.FormatInt(n, 10))
		_, _ = io.Copy(w, content(n)) // the client sees that it is short
	})
}

// content is n bytes that are not all the same.
func content(n int64) io.Reader { return io.LimitReader(&counter{}, n) }

type counter struct{ n uint32 }

func (c *counter) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = byte(c.n ^ c.n>>8 ^ c.n>>16)
		c.n++
	}
	return len(p), nil
}

// sum returns the CRC of content(n).
func sum(n int64) uint32 {
	h := crc32.NewIEEE()
	_, _ = io.Copy(h, content(n)) // neither fails
	return h.Sum32()
}

// client returns an HTTP client over the dialer.
func (w *world) client(t testing.TB) *http.Client {
	tr := &http.Transport{DialContext: w.dialer.DialContext, MaxIdleConnsPerHost: 100}
	t.Cleanup(tr.CloseIdleConnections)
	return &http.Client{Transport: tr}
}

// get reads /n and checks what came.
func get(ctx context.Context, c *http.Client, base string, n int64) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, fmt.Sprintf("%s/%d", base, n), nil)
	if err != nil {
		return err
	}
	resp, err := c.Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	h := crc32.NewIEEE()
	got, err := io.Copy(h, resp.Body)
	if err != nil {
		return fmt.Errorf("after %d of %d bytes: %w", got, n, err)
	}
	if got != n || h.Sum32() != sum(n) {
		return fmt.Errorf("got %d bytes with CRC %08x, want %d with %08x", got, h.Sum32(), n, sum(n))
	}
	return nil
}

// put writes n bytes and checks what the server has seen.
func put(ctx context.Context, c *http.Client, base string, n int64) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodPut, base+"/", content(n))
	if err != nil {
		return err
	}
	req.ContentLength = n
	resp, err := c.Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	got, err := io.ReadAll(resp.Body)
	if err != nil {
		return err
	}
	if want := fmt.Sprintf("%d %08x", n, sum(n)); string(got) != want {
		return fmt.Errorf("server says %q, want %q", got, want)
	}
	return nil
}

// secure wraps a listener in TLS with a certificate for example.com, and
// returns it with a configuration of a client that trusts it.
func secure(l net.Listener) (net.Listener, *tls.Config) {
	ts := httptest.NewUnstartedServer(nil)
	ts.StartTLS() // only this makes the certificate
	defer ts.Close()
	roots := x509.NewCertPool()
	roots.AddCert(ts.Certificate())
	return tls.NewListener(l, &tls.Config{Certificates: ts.TLS.Certificates}), &tls.Config{RootCAs: roots, ServerName: "example.com"}
}

// within returns a context that ends when a test should long be over.
func within(t testing.TB, d time.Duration) context.Context {
	ctx, cancel := context.WithTimeout(t.Context(), d)
	t.Cleanup(cancel)
	return ctx
}
