package server_test

import (
	"bufio"
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/icos-go/icos/rapid"
	"github.com/icos-go/icos/server"
)

// world is a server that takes requests over TCP and over rapid sessions.
type world struct {
	cos     *server.Server
	url     string
	auth    string
	rapid   *rapid.Listener
	dialer  *rapid.Dialer
	client  *http.Client // whose requests travel in a session
	trusted *tls.Config
	stop    context.CancelFunc
	done    chan error // what Serve returned
}

func newWorld(t *testing.T, secure bool) *world {
	t.Helper()
	dir := t.TempDir()
	w := &world{cos: newServer(t, dir), done: make(chan error, 1)}
	w.auth = login(t, w.cos)
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	if w.rapid, err = rapid.Listen("udp", "127.0.0.1:0", nil); err != nil {
		t.Fatal(err)
	}
	w.cos.OfferRapid(w.rapid)
	lns := []net.Listener{ln, w.rapid}
	w.url = "http://" + ln.Addr().String()
	if secure {
		cfg, ca, err := server.TLSConfig(dir, nil)
		if err != nil {
			t.Fatal(err)
		}
		pem, err := os.ReadFile(ca)
		if err != nil {
			t.Fatal(err)
		}
		w.trusted = &tls.Config{RootCAs: x509.NewCertPool()}
		w.trusted.RootCAs.AppendCertsFromPEM(pem)
		w.url = "https://" + ln.Addr().String()
		for i := range lns {
			lns[i] = tls.NewListener(lns[i], cfg)
		}
	}
	ctx, stop := context.WithCancel(t.Context())
	w.stop = stop
	go func() { w.done <- w.cos.Serve(ctx, lns...) }()

	w.dialer = w.newDialer(t, rapid.GranterFunc(func(context.Context, string, string) (*rapid.Grant, error) {
		return w.rapid.Grant(rapid.GrantOptions{})
	}))
	w.client = w.newClient(t, w.dialer.DialContext)
	return w
}

func (w *world) newDialer(t *testing.T, g rapid.Granter) *rapid.Dialer {
	d := &rapid.Dialer{Grants: g}
	t.Cleanup(func() {
		if err := d.Close(); err != nil {
			t.Errorf("close dialer: %v", err)
		}
	})
	return d
}

func (w *world) newClient(t *testing.T, dial func(context.Context, string, string) (net.Conn, error)) *http.Client {
	transport := &http.Transport{DialContext: dial, TLSClientConfig: w.trusted}
	t.Cleanup(transport.CloseIdleConnections)
	return &http.Client{Transport: transport, Timeout: time.Minute}
}

// do sends a request with the token, and returns the status and the answer.
func (w *world) do(t *testing.T, client *http.Client, method, path string, body []byte, headers ...string) (int, []byte) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, w.url+path, bytes.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Authorization", w.auth)
	for i := 0; i+1 < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	resp, err := client.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	answer, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatalf("%s %s: %v", method, path, err)
	}
	return resp.StatusCode, answer
}

func (w *world) create(t *testing.T, bucket string) {
	t.Helper()
	if code, answer := w.do(t, w.client, "PUT", "/"+bucket, nil, "ibm-service-instance-id", w.cos.Credential("").InstanceID()); code != 200 {
		t.Fatalf("create = %d %s", code, answer)
	}
}

func TestRapidStreamsAreServed(t *testing.T) {
	for name, secure := range map[string]bool{"plain": false, "TLS": true} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, secure)
			w.create(t, "fast")
			object := bytes.Repeat([]byte("0123456789abcdef"), 1<<19) // 8 MiB
			if code, answer := w.do(t, w.client, "PUT", "/fast/k", object); code != 200 {
				t.Fatalf("put = %d %s", code, answer)
			}
			if code, got := w.do(t, w.client, "GET", "/fast/k", nil); code != 200 || !bytes.Equal(got, object) {
				t.Errorf("get = %d with %d bytes, want the %d that were put", code, len(got), len(object))
			}
			if got := w.rapid.Totals(); got.Sessions != 1 || got.Received < int64(len(object)) || got.Sent < int64(len(object)) {
				t.Errorf("the sessions carried %+v", got)
			}
			// Who may do what does not depend on the way.
			if code, _ := w.do(t, w.client, "GET", "/fast/k", nil, "Authorization", "Bearer x"); code != 403 {
				t.Errorf("with a bad token = %d, want 403", code)
			}
			w.stop()
			if err := <-w.done; err != nil {
				t.Errorf("Serve = %v", err)
			}
		})
	}
}

func TestSpecsOpenSessions(t *testing.T) {
	w := newWorld(t, false)
	w.create(t, "fast")
	w.do(t, w.client, "PUT", "/fast/k", []byte("hello"))
	plain := w.newClient(t, nil)
	_, answer := w.do(t, plain, "GET", "/fast?faspConnectionInfo", nil)
	var info struct {
		ID       string `xml:"AccessKey>Id"`
		Secret   string `xml:"AccessKey>Secret"`
		Endpoint string `xml:"ATSEndpoint"`
	}
	if err := xml.Unmarshal(answer, &info); err != nil || info.Endpoint != w.url {
		t.Fatalf("connection info = %s", answer)
	}
	form := url.Values{
		"grant_type": {"urn:ibm:params:oauth:grant-type:apikey"}, "apikey": {w.cos.Credential("").APIKey},
		"response_type": {"delegated_refresh_token"}, "receiver_client_ids": {"aspera_ats"},
	}
	_, answer = w.do(t, plain, "POST", "/identity/token", []byte(form.Encode()),
		"Content-Type", "application/x-www-form-urlencoded", "Authorization", "Basic Yng6Yng=")
	var token struct {
		Value string `json:"delegated_refresh_token"`
	}
	if err := json.Unmarshal(answer, &token); err != nil {
		t.Fatal(err)
	}
	r, err := http.NewRequestWithContext(t.Context(), "POST", info.Endpoint+"/files/download_setup",
		strings.NewReader(`{"transfer_requests":[{"transfer_request":{"paths":[{"source":"k"}]}}]}`))
	if err != nil {
		t.Fatal(err)
	}
	r.SetBasicAuth(info.ID, info.Secret)
	r.Header.Set("X-Aspera-Storage-Credentials", `{"type":"token","token":{"delegated_refresh_token":"`+token.Value+`"}}`)
	resp, err := plain.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	var setup struct {
		Specs []struct {
			Spec struct {
				Grant *rapid.Grant `json:"icos_rapid"`
			} `json:"transfer_spec"`
		} `json:"transfer_specs"`
	}
	if err := json.NewDecoder(resp.Body).Decode(&setup); err != nil || len(setup.Specs) != 1 || setup.Specs[0].Spec.Grant == nil {
		t.Fatalf("setup = %d %+v, %v", resp.StatusCode, setup, err)
	}
	d := w.newDialer(t, rapid.GranterFunc(func(context.Context, string, string) (*rapid.Grant, error) { return setup.Specs[0].Spec.Grant, nil }))
	if code, got := w.do(t, w.newClient(t, d.DialContext), "GET", "/fast/k", nil); code != 200 || string(got) != "hello" {
		t.Errorf("get through the session of the spec = %d %q", code, got)
	}
}

func TestServeLetsRapidRequestsFinish(t *testing.T) {
	w := newWorld(t, false)
	w.create(t, "drain")
	host := strings.TrimPrefix(w.url, "http://")
	c, err := w.dialer.DialContext(t.Context(), "tcp", host)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	fmt.Fprintf(c, "PUT /drain/k HTTP/1.1\r\nHost: %s\r\nAuthorization: %s\r\nContent-Length: 5\r\nExpect: 100-continue\r\n\r\n", host, w.auth)
	br := bufio.NewReader(c)
	resp, err := http.ReadResponse(br, nil)
	if err != nil || resp.StatusCode != http.StatusContinue {
		t.Fatalf("= %v, %v, want 100", resp, err)
	}
	w.stop() // the request is running now
	if _, err := io.WriteString(c, "hello"); err != nil {
		t.Fatal(err)
	}
	resp, err = http.ReadResponse(br, nil)
	if err != nil || resp.StatusCode != http.StatusOK {
		t.Fatalf("= %v, %v, want 200", resp, err)
	}
	if err := c.Close(); err != nil {
		t.Error(err)
	}
	if err := <-w.done; err != nil {
		t.Errorf("Serve = %v, want nil", err)
	}
	if _, err := w.rapid.Grant(rapid.GrantOptions{}); !errors.Is(err, net.ErrClosed) {
		t.Errorf("a grant after the end: %v, want %v", err, net.ErrClosed)
	}
}

// A session whose streams go on for ever does not keep a server open.
func TestCloseCutsRapidSessions(t *testing.T) {
	w := newWorld(t, false)
	w.create(t, "cut")
	c, err := w.dialer.DialContext(t.Context(), "tcp", strings.TrimPrefix(w.url, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if _, err := io.WriteString(c, "PUT /cut/k HTTP/1.1\r\nHost: h\r\n"); err != nil {
		t.Fatal(err)
	}
	if err := w.cos.Close(); err != nil {
		t.Errorf("Close = %v", err)
	}
	if _, err := c.Read(make([]byte, 1)); err == nil {
		t.Error("the stream goes on after Close")
	}
	if got := w.rapid.Totals().Live; got != 0 {
		t.Errorf("%d sessions live after Close", got)
	}
}
