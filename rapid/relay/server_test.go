package relay_test

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/icos-go/icos/rapid"
	"github.com/icos-go/icos/rapid/relay"
)

// A running relay, on loopback over plain http.
type running struct {
	addr   string // of the TCP and of the UDP port
	client *relay.Client
	log    *syncBuffer

	server *relay.Server
	stop   func()
	ended  chan error
}

// A syncBuffer is a bytes.Buffer for several goroutines.
type syncBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (b *syncBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.Write(p)
}

func (b *syncBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.String()
}

// start runs a relay at addr, or any free port for "", until the test ends.
func start(t *testing.T, addr string, o *rapid.ListenOptions, change func(*relay.Config)) *running {
	t.Helper()
	ln, sessions := open(t, addr, o)
	tok, err := relay.NewToken("test", secret)
	if err != nil {
		t.Fatal(err)
	}
	r := &running{addr: ln.Addr().String(), log: new(syncBuffer), ended: make(chan error, 1)}
	cfg := relay.Config{
		Listener: sessions, Tokens: []relay.Token{tok},
		Logger: slog.New(slog.NewTextHandler(r.log, &slog.HandlerOptions{Level: slog.LevelDebug})),
	}
	change(&cfg)
	if r.server, err = relay.NewServer(cfg); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	r.stop = cancel
	go func() { r.ended <- r.server.Serve(ctx, ln) }()
	r.client = &relay.Client{URL: "http://" + r.addr, Token: secret, HTTPClient: newHTTPClient(t)}
	t.Cleanup(func() { r.end(t) })
	return r
}

func newHTTPClient(t *testing.T) *http.Client {
	tr := &http.Transport{}
	t.Cleanup(tr.CloseIdleConnections)
	return &http.Client{Transport: tr}
}

// open opens one port number for both.
func open(t *testing.T, addr string, o *rapid.ListenOptions) (net.Listener, *rapid.Listener) {
	t.Helper()
	for try := 0; ; try++ {
		at := addr
		if at == "" {
			at = "127.0.0.1:0"
		}
		ln, err := net.Listen("tcp", at)
		if err == nil {
			var sessions *rapid.Listener
			if sessions, err = rapid.Listen("udp", ln.Addr().String(), o); err == nil {
				return ln, sessions
			}
			ln.Close()
		}
		if try == 20 || addr != "" {
			t.Fatal(err)
		}
	}
}

// end stops the relay if it runs still, which must go well, and looks for secrets in its log.
func (r *running) end(t *testing.T) {
	t.Helper()
	r.stop()
	if r.ended == nil {
		return
	}
	select {
	case err := <-r.ended:
		if err != nil {
			t.Errorf("the relay ended with %v", err)
		}
	case <-time.After(time.Minute):
		t.Fatal("the relay does not end")
	}
	r.ended = nil
	if strings.Contains(r.log.String(), secret) {
		t.Errorf("the log holds the token:\n%s", r.log)
	}
}

func (r *running) dialer(t *testing.T) *rapid.Dialer {
	d := &rapid.Dialer{Grants: r.client}
	t.Cleanup(func() { d.Close() })
	return d
}

// An upstream is an https server that keeps what is put and gives it back.
type upstream struct {
	*httptest.Server
	addr string
	mu   sync.Mutex
	body []byte
}

func newUpstream(t *testing.T) *upstream {
	u := new(upstream)
	u.Server = httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		u.mu.Lock()
		defer u.mu.Unlock()
		if r.Method == http.MethodPut {
			body, err := io.ReadAll(r.Body)
			if err != nil {
				return // the relay or the test broke it
			}
			u.body = body
			return
		}
		w.Header().Set("Content-Length", fmt.Sprint(len(u.body)))
		_, _ = w.Write(u.body)
	}))
	u.addr = u.Listener.Addr().String()
	t.Cleanup(u.Close)
	return u
}

// through is an http.Client whose connections d makes.
func (u *upstream) through(t *testing.T, d *rapid.Dialer) *http.Client {
	roots := x509.NewCertPool()
	roots.AddCert(u.Certificate())
	tr := &http.Transport{DialContext: d.DialContext, TLSClientConfig: &tls.Config{RootCAs: roots}, DisableCompression: true}
	t.Cleanup(tr.CloseIdleConnections)
	return &http.Client{Transport: tr}
}

func put(t *testing.T, c *http.Client, url string, body []byte) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPut, url, bytes.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	resp, err := c.Do(r)
	if err != nil {
		t.Fatalf("PUT: %v", err)
	}
	resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		t.Fatalf("PUT: %s", resp.Status)
	}
}

func get(t *testing.T, c *http.Client, url string) []byte {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	resp, err := c.Do(r)
	if err != nil {
		t.Fatalf("GET: %v", err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatalf("GET: %v", err)
	}
	return body
}

func random(n int) []byte {
	b := make([]byte, n)
	_, _ = rand.Read(b)
	return b
}

func TestRelay(t *testing.T) {
	u := newUpstream(t)
	r := start(t, "", nil, func(c *relay.Config) { c.Upstreams = []string{u.addr} })
	if err := r.client.Reachable(t.Context()); err != nil {
		t.Fatal(err)
	}
	d := r.dialer(t)
	c := u.through(t, d)
	body := random(5 << 20)
	put(t, c, u.URL, body)
	if got := get(t, c, u.URL); !bytes.Equal(got, body) {
		t.Errorf("%d other bytes came back than the %d that were sent", len(got), len(body))
	}
	m := metrics(t, r, "")
	for _, want := range []string{"icos_relay_grants_total 1\n", "icos_relay_sessions 1\n", "icos_relay_streams 1\n", "# TYPE icos_relay_sessions gauge\n", `icos_relay_refusals_total{code="denied"} 0`} {
		if !strings.Contains(m, want) {
			t.Errorf("the metrics lack %q:\n%s", want, m)
		}
	}
	c.CloseIdleConnections()
	d.Close()
	r.end(t)
	for _, want := range []string{"msg=grant caller=token:test", "msg=\"session ended\"", "streams=1"} {
		if !strings.Contains(r.log.String(), want) {
			t.Errorf("the log lacks %q:\n%s", want, r.log)
		}
	}
}

func metrics(t *testing.T, r *running, forwardedFor string) string {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, r.client.URL+"/metrics", nil)
	if err != nil {
		t.Fatal(err)
	}
	if forwardedFor != "" {
		req.Header.Set("X-Forwarded-For", forwardedFor)
	}
	resp, err := r.client.HTTPClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp.Status + "\n" + string(body)
}

func TestMetricsAreForThisMachine(t *testing.T) {
	r := start(t, "", nil, func(c *relay.Config) { c.Upstreams = []string{"cos.example:443"} })
	if m := metrics(t, r, ""); !strings.HasPrefix(m, "200 ") {
		t.Errorf("from here: %.50s", m)
	}
	if m := metrics(t, r, "203.0.113.7"); !strings.HasPrefix(m, "401 ") {
		t.Errorf("by way of a proxy: %.50s", m)
	}
}

func TestGrantsAreRefused(t *testing.T) {
	r := start(t, "", nil, func(c *relay.Config) { c.Upstreams = []string{"cos.example:443"}; c.GrantsPerMinute = 5 })
	wrong := *r.client
	wrong.Token = secret + "x"
	if _, err := wrong.Grant(t.Context(), "tcp", "cos.example:443"); !errors.Is(err, relay.ErrDenied) || strings.Contains(fmt.Sprint(err), wrong.Token) {
		t.Errorf("with a wrong token: %v", err)
	}
	for range 30 {
		_, _ = wrong.Grant(t.Context(), "tcp", "cos.example:443")
	}
	if _, err := wrong.Grant(t.Context(), "tcp", "cos.example:443"); !errors.Is(err, relay.ErrBusy) {
		t.Errorf("after many wrong tokens: %v", err)
	}
	// Who has a right one, from the same address, does not suffer from that.
	for _, destination := range []string{"evil.example:443", "cos.example:444", "169.254.169.254:80", "user@cos.example:443"} {
		if _, err := r.client.Grant(t.Context(), "tcp", destination); !errors.Is(err, relay.ErrDestination) {
			t.Errorf("to %s: %v", destination, err)
		}
	}
	if _, err := r.client.Grant(t.Context(), "tcp", "COS.example.:443"); err != nil {
		t.Errorf("to what is on the list: %v", err)
	}
	_, err := r.client.Grant(t.Context(), "tcp", "cos.example:443")
	e, ok := errors.AsType[*relay.Error](err)
	if !errors.Is(err, relay.ErrBusy) || !ok || e.StatusCode != http.StatusTooManyRequests || e.RetryAfter <= 0 {
		t.Errorf("the sixth in a minute: %v", err)
	}
	// Tokens can be replaced while it runs.
	fresh, err := relay.NewToken("fresh", wrong.Token)
	if err != nil {
		t.Fatal(err)
	}
	r.server.SetTokens([]relay.Token{fresh})
	if _, err := wrong.Grant(t.Context(), "tcp", "cos.example:443"); err != nil {
		t.Errorf("with the new token: %v", err)
	}
}

func TestRequestsThatAreWrong(t *testing.T) {
	r := start(t, "", nil, func(c *relay.Config) { c.Upstreams = []string{"cos.example:443"} })
	for _, c := range []struct {
		name, method, path, body string
		auth                     []string
		want                     int
	}{
		{"no token", "POST", "/v1/grants", `{"destination":"cos.example:443"}`, nil, 401},
		{"two tokens", "POST", "/v1/grants", `{"destination":"cos.example:443"}`, []string{"Bearer " + secret, "Bearer " + secret}, 401},
		{"another scheme", "POST", "/v1/grants", `{"destination":"cos.example:443"}`, []string{"Basic " + secret}, 401},
		{"a long token", "POST", "/v1/grants", `{"destination":"cos.example:443"}`, []string{"Bearer " + strings.Repeat("x", 10<<10)}, 401},
		{"no JSON", "POST", "/v1/grants", "destination=cos.example:443", []string{"Bearer " + secret}, 400},
		{"no destination", "POST", "/v1/grants", "{}", []string{"Bearer " + secret}, 400},
		{"a long body", "POST", "/v1/grants", `{"destination":"` + strings.Repeat("x", 10<<10) + `"}`, []string{"Bearer " + secret}, 400},
		{"another method", "GET", "/v1/grants", "", []string{"Bearer " + secret}, 405},
		{"another path", "POST", "/", "", nil, 404},
		{"in lower case", "POST", "/v1/grants", `{"destination":"cos.example:443"}`, []string{"bearer " + secret}, 200},
	} {
		req, err := http.NewRequestWithContext(t.Context(), c.method, r.client.URL+c.path, strings.NewReader(c.body))
		if err != nil {
			t.Fatal(err)
		}
		req.Header["Authorization"] = c.auth
		resp, err := r.client.HTTPClient.Do(req)
		if err != nil {
			t.Fatalf("%s: %v", c.name, err)
		}
		resp.Body.Close()
		if resp.StatusCode != c.want {
			t.Errorf("%s: %s, want %d", c.name, resp.Status, c.want)
		}
	}
}

// A stream of a session that was granted for one place cannot go to another that
// is not on the list.
func TestStreamsAreChecked(t *testing.T) {
	u := newUpstream(t)
	r := start(t, "", nil, func(c *relay.Config) { c.Upstreams = []string{u.addr} })
	s, err := r.dialer(t).Session(t.Context(), u.addr)
	if err != nil {
		t.Fatal(err)
	}
	for _, to := range []string{"127.0.0.1:1", "localhost:" + u.addr[strings.LastIndex(u.addr, ":")+1:], "169.254.169.254:80", "x"} {
		c, err := s.OpenStream(t.Context(), to)
		if err != nil {
			t.Fatalf("%s: %v", to, err)
		}
		_, err = c.Read(make([]byte, 1))
		if reset, ok := errors.AsType[*rapid.ResetError](err); !ok || reset.Code != rapid.CodeDenied {
			t.Errorf("%s: read: %v", to, err)
		}
		c.Close()
	}
	c, err := s.OpenStream(t.Context(), strings.ToUpper(u.addr))
	if err != nil {
		t.Fatal(err)
	}
	c.Close()
}

func TestUpstreamGone(t *testing.T) {
	u := newUpstream(t)
	r := start(t, "", nil, func(c *relay.Config) { c.Upstreams = []string{u.addr} })
	u.Close()
	_, err := u.through(t, r.dialer(t)).Get(u.URL)
	reset, ok := errors.AsType[*rapid.ResetError](err)
	if !ok || reset.Code != rapid.CodeUnreachable || !strings.Contains(reset.Reason, "refused") {
		t.Errorf("the request ends with %v", err)
	}
}

// No more grants are out at a time than the Listener has room for.
func TestGrantFlood(t *testing.T) {
	r := start(t, "", &rapid.ListenOptions{MaxSessions: 8}, func(c *relay.Config) {
		c.Upstreams = []string{"cos.example:443"}
		c.GrantsPerMinute = 1000
	})
	var wg sync.WaitGroup
	var mu sync.Mutex
	given, busy := 0, 0
	for range 16 {
		wg.Go(func() {
			for range 10 {
				_, err := r.client.Grant(t.Context(), "tcp", "cos.example:443")
				mu.Lock()
				switch {
				case err == nil:
					given++
				case errors.Is(err, relay.ErrBusy):
					busy++
				default:
					t.Error(err)
				}
				mu.Unlock()
			}
		})
	}
	wg.Wait()
	if given != 8 || busy != 152 {
		t.Errorf("%d grants and %d refusals, want 8 and 152", given, busy)
	}
	if err := r.client.Reachable(t.Context()); err != nil {
		t.Errorf("after the flood: %v", err)
	}
}

// One caller cannot take all the room there is.
func TestSessionsPerCaller(t *testing.T) {
	other := relay.NewSecret()
	u := newUpstream(t)
	r := start(t, "", nil, func(c *relay.Config) {
		c.Upstreams = []string{u.addr}
		c.SessionsPerCaller = 2
		tok, err := relay.NewToken("other", other)
		if err != nil {
			t.Fatal(err)
		}
		c.Tokens = append(c.Tokens, tok)
	})
	d := r.dialer(t)
	put(t, u.through(t, d), u.URL, []byte("x")) // a session
	if _, err := r.client.Grant(t.Context(), "tcp", u.addr); err != nil {
		t.Fatal(err) // a grant that waits
	}
	if _, err := r.client.Grant(t.Context(), "tcp", u.addr); !errors.Is(err, relay.ErrBusy) {
		t.Errorf("the third: %v", err)
	}
	second := *r.client
	second.Token = other
	if _, err := second.Grant(t.Context(), "tcp", u.addr); err != nil {
		t.Errorf("of another caller: %v", err)
	}
	d.Close()
	for try := 0; ; try++ { // the relay hears of it in a moment
		_, err := r.client.Grant(t.Context(), "tcp", u.addr)
		if err == nil {
			break
		}
		if !errors.Is(err, relay.ErrBusy) || try == 6000 {
			t.Fatalf("after a session has ended: %v", err)
		}
		time.Sleep(10 * time.Millisecond)
	}
}

// The caps hold in both directions. Time is real, so there is only a least one.
func TestRateCaps(t *testing.T) {
	for name, change := range map[string]func(*relay.Config){
		"of a grant":   func(c *relay.Config) { c.GrantRate = 16e6 },
		"of the relay": func(c *relay.Config) { c.Rate = 16e6 },
	} {
		t.Run(name, func(t *testing.T) {
			u := newUpstream(t)
			r := start(t, "", nil, func(c *relay.Config) { c.Upstreams = []string{u.addr}; change(c) })
			c := u.through(t, r.dialer(t))
			body := random(1 << 20) // half a second, less the burst of a tenth
			for _, direction := range []string{"up", "down"} {
				began := time.Now()
				if direction == "up" {
					put(t, c, u.URL, body)
				} else {
					get(t, c, u.URL)
				}
				if took := time.Since(began); took < 350*time.Millisecond {
					t.Errorf("1 MiB %s at 2 MB/s took %v", direction, took)
				}
			}
		})
	}
}

// A transfer that the relay's end cuts off goes on over the next one, with a new
// grant, when the request is made again.
func TestRelayRestarts(t *testing.T) {
	u := newUpstream(t)
	first := start(t, "", nil, func(c *relay.Config) { c.Upstreams = []string{u.addr}; c.Drain = -1; c.GrantRate = 80e6 })
	d := first.dialer(t)
	c := u.through(t, d)
	body := random(8 << 20)
	sent := make(chan struct{})
	failed := make(chan error, 1)
	go func() {
		r, err := http.NewRequest(http.MethodPut, u.URL, io.MultiReader(bytes.NewReader(body[:1<<20]), signalling{sent}, forever{}))
		if err == nil {
			_, err = c.Do(r)
		}
		failed <- err
	}()
	<-sent
	first.end(t)
	if err := <-failed; err == nil {
		t.Error("a request without end has ended well")
	}
	second := start(t, first.addr, nil, func(c *relay.Config) { c.Upstreams = []string{u.addr}; c.Drain = -1 })
	put(t, c, u.URL, body)
	if got := get(t, c, u.URL); !bytes.Equal(got, body) {
		t.Errorf("%d other bytes came back", len(got))
	}
	if !strings.Contains(second.log.String(), "msg=grant") {
		t.Error("the second relay gave no grant")
	}
}

// signalling is an empty reader that says when it is reached.
type signalling struct{ reached chan struct{} }

func (s signalling) Read([]byte) (int, error) { close(s.reached); return 0, io.EOF }

// forever is a reader without end.
type forever struct{}

func (forever) Read(b []byte) (int, error) { return len(b), nil }

// A relay that is told to end gives no more grants, lets streams in use finish, and
// does not wait for those that are only kept open.
func TestDrain(t *testing.T) {
	u := newUpstream(t)
	r := start(t, "", nil, func(c *relay.Config) { c.Upstreams = []string{u.addr}; c.Drain = 30 * time.Second })
	d := r.dialer(t)
	busy, kept := u.through(t, d), u.through(t, d)
	put(t, kept, u.URL, []byte("x")) // its connection is kept
	body := random(4 << 20)
	half, rest := make(chan struct{}), make(chan struct{})
	done := make(chan error, 1)
	go func() {
		req, err := http.NewRequest(http.MethodPut, u.URL, io.MultiReader(bytes.NewReader(body[:2<<20]), signalling{half}, waiting{rest}, bytes.NewReader(body[2<<20:])))
		if err == nil {
			var resp *http.Response
			if resp, err = busy.Do(req); err == nil {
				err = resp.Body.Close()
			}
		}
		done <- err
	}()
	<-half
	r.stop()
	for r.client.Reachable(t.Context()) == nil { // until it has heard
		time.Sleep(time.Millisecond)
	}
	if _, err := r.client.Grant(t.Context(), "tcp", u.addr); !errors.Is(err, relay.ErrBusy) {
		t.Errorf("a grant of a relay that is about to end: %v", err)
	}
	close(rest)
	if err := <-done; err != nil {
		t.Errorf("the request that was running: %v", err)
	}
	busy.CloseIdleConnections()
	began := time.Now()
	r.end(t)
	if took := time.Since(began); took > 20*time.Second {
		t.Errorf("it took %v to end with a connection that is only kept", took)
	}
	u.mu.Lock()
	defer u.mu.Unlock()
	if !bytes.Equal(u.body, body) {
		t.Errorf("%d bytes arrived of %d", len(u.body), len(body))
	}
}

// waiting is an empty reader that ends when it may.
type waiting struct{ may chan struct{} }

func (w waiting) Read([]byte) (int, error) { <-w.may; return 0, io.EOF }

// Plain http is for this machine only: elsewhere it would show tokens.
func TestServeRefusesPlaintext(t *testing.T) {
	ln, err := net.Listen("tcp", ":0")
	if err != nil {
		t.Fatal(err)
	}
	sessions, err := rapid.Listen("udp", "127.0.0.1:0", nil)
	if err != nil {
		t.Fatal(err)
	}
	tok, err := relay.NewToken("test", secret)
	if err != nil {
		t.Fatal(err)
	}
	s, err := relay.NewServer(relay.Config{Listener: sessions, Tokens: []relay.Token{tok}, Upstreams: []string{"a.example:1"}})
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Serve(t.Context(), ln); !errors.Is(err, relay.ErrPlaintext) {
		t.Errorf("Serve: %v, want %v", err, relay.ErrPlaintext)
	}
}
