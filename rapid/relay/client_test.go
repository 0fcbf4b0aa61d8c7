package relay_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/icos-go/icos/rapid"
	"github.com/icos-go/icos/rapid/relay"
)

const secret = "correct-horse-battery-staple-42"

// answering is a relay that gives one answer, for a Client with a good token.
func answering(t *testing.T, h http.HandlerFunc) *relay.Client {
	t.Helper()
	srv := httptest.NewServer(h)
	t.Cleanup(srv.Close)
	return &relay.Client{URL: srv.URL, Token: secret, HTTPClient: srv.Client()}
}

func refusal(status int, code, message string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(status)
		fmt.Fprintf(w, `{"error":{"code":%q,"message":%q}}`, code, message)
	}
}

func TestGrant(t *testing.T) {
	want := rapid.Grant{Addrs: []string{":33001", "relay.example:1", "[2001:db8::1]:2"}, ID: 7, Key: rapid.Key{1, 2, 3}, Rate: 1e6, Expires: time.Now().Add(time.Minute)}
	c := answering(t, func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		if got := r.Method + " " + r.URL.Path; got != "POST /v1/grants" {
			t.Errorf("the request is %s", got)
		}
		if got := r.Header.Get("Authorization"); got != "Bearer "+secret {
			t.Errorf("Authorization is %q", got)
		}
		if got := string(body); got != `{"destination":"cos.example:443"}` {
			t.Errorf("the body is %s", got)
		}
		if err := json.NewEncoder(w).Encode(&want); err != nil {
			t.Error(err)
		}
	})
	g, err := c.Grant(t.Context(), "tcp", "cos.example:443")
	if err != nil {
		t.Fatal(err)
	}
	if got, want := strings.Join(g.Addrs, " "), "127.0.0.1:33001 relay.example:1 [2001:db8::1]:2"; got != want {
		t.Errorf("addresses are %s, want %s", got, want)
	}
	if g.ID != want.ID || g.Key != want.Key || g.Rate != want.Rate || !g.Expires.Equal(want.Expires) {
		t.Errorf("the grant is %+v, want %+v", g, want)
	}
}

// A clock that is wrong on either side must not make a good grant an expired one.
func TestGrantExpiresByOurClock(t *testing.T) {
	theirs := time.Now().Add(-3 * time.Hour)
	c := answering(t, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Date", theirs.UTC().Format(http.TimeFormat))
		_ = json.NewEncoder(w).Encode(&rapid.Grant{Addrs: []string{":1"}, ID: 1, Key: rapid.Key{1}, Expires: theirs.Add(30 * time.Second)})
	})
	g, err := c.Grant(t.Context(), "tcp", "cos.example:443")
	if err != nil {
		t.Fatal(err)
	}
	if left := time.Until(g.Expires); left < 20*time.Second || left > 40*time.Second {
		t.Errorf("the grant expires in %v, want about 30 s", left)
	}
}

func TestRefusals(t *testing.T) {
	late := func(next http.HandlerFunc) http.HandlerFunc {
		return func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Date", time.Now().Add(time.Hour).UTC().Format(http.TimeFormat))
			next(w, r)
		}
	}
	for _, c := range []struct {
		name   string
		answer http.HandlerFunc
		is     []error
		isNot  []error
		text   string
	}{
		{"denied", refusal(401, "denied", "unknown token"), []error{relay.ErrDenied, fs.ErrPermission}, []error{relay.ErrClock, relay.ErrBusy}, "unknown token"},
		{"denied while clocks differ", late(refusal(401, "denied", "no")), []error{relay.ErrDenied, relay.ErrClock}, nil, "ahead of that of this machine"},
		{"clock", refusal(401, "clock", "the token is of the future"), []error{relay.ErrClock, relay.ErrDenied}, nil, "of the future"},
		{"destination", refusal(403, "destination", "x:443 is not on this relay's list"), []error{relay.ErrDestination, fs.ErrPermission}, []error{relay.ErrDenied}, "x:443"},
		{"busy", refusal(429, "busy", "too many"), []error{relay.ErrBusy}, []error{relay.ErrDenied, fs.ErrPermission}, "too many"},
		{"invalid", refusal(400, "invalid", "what?"), nil, []error{relay.ErrDenied, relay.ErrBusy}, "what?"},
		{"a gateway", func(w http.ResponseWriter, _ *http.Request) { http.Error(w, "<html>", http.StatusBadGateway) }, []error{relay.ErrBusy}, nil, "502"},
		{"somebody else's 403", func(w http.ResponseWriter, _ *http.Request) { http.Error(w, "<html>", http.StatusForbidden) }, nil, []error{relay.ErrDestination, relay.ErrDenied}, "403"},
		{"no relay", func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, "<html>") }, nil, []error{relay.ErrBusy}, "no grant"},
		{"endless", func(w http.ResponseWriter, _ *http.Request) {
			for range 100 {
				w.Write(bytes.Repeat([]byte(" "), 10<<10))
			}
		}, nil, nil, "longer than"},
		{"bad address", func(w http.ResponseWriter, _ *http.Request) {
			_ = json.NewEncoder(w).Encode(&rapid.Grant{Addrs: []string{"nonsense"}, ID: 1, Key: rapid.Key{1}})
		}, nil, nil, "address"},
		{"redirect", func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, "https://evil.example/", http.StatusTemporaryRedirect)
		}, nil, nil, "307"},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := answering(t, c.answer).Grant(t.Context(), "tcp", "x:443")
			if err == nil {
				t.Fatal("there is a grant")
			}
			for _, want := range c.is {
				if !errors.Is(err, want) {
					t.Errorf("%v is not %v", err, want)
				}
			}
			for _, not := range c.isNot {
				if errors.Is(err, not) {
					t.Errorf("%v is %v", err, not)
				}
			}
			if !strings.Contains(err.Error(), c.text) {
				t.Errorf("%q does not hold %q", err, c.text)
			}
			if strings.Contains(err.Error(), secret) {
				t.Errorf("%q holds the token", err)
			}
		})
	}
}

func TestRetryAfter(t *testing.T) {
	c := answering(t, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Retry-After", "7")
		refusal(503, "busy", "full")(w, r)
	})
	_, err := c.Grant(t.Context(), "tcp", "x:443")
	e, ok := errors.AsType[*relay.Error](err)
	if !ok || e.RetryAfter != 7*time.Second || e.StatusCode != 503 {
		t.Errorf("the error is %#v", err)
	}
}

func TestClientRefusesURLs(t *testing.T) {
	for _, c := range []struct {
		url  string
		is   error
		text string
	}{
		{"", nil, "no URL"},
		{"http://relay.example:33001", relay.ErrPlaintext, "https"},
		{"http://127.0.0.1.evil.example", relay.ErrPlaintext, "https"},
		{"http://localhost.evil.example", relay.ErrPlaintext, "https"},
		{"https://" + secret + "@relay.example", nil, "does not belong in the URL"},
		{"https://x:" + secret + "@relay.example:port", nil, "cannot be read"},
		{"relay.example:33001", nil, "https://HOST:PORT"},
		{"ftp://relay.example", nil, "https://HOST:PORT"},
		{"https://relay.example?token=1", nil, "https://HOST:PORT"},
		{"https://", nil, "https://HOST:PORT"},
	} {
		client := &relay.Client{URL: c.url, Token: secret, HTTPClient: &http.Client{Transport: never{t}}}
		for name, err := range map[string]error{
			"Grant":     func() error { _, err := client.Grant(t.Context(), "tcp", "x:1"); return err }(),
			"Reachable": client.Reachable(t.Context()),
		} {
			if err == nil || !strings.Contains(err.Error(), c.text) || strings.Contains(err.Error(), secret) {
				t.Errorf("%s at %q: %v", name, c.url, err)
			}
			if c.is != nil && !errors.Is(err, c.is) {
				t.Errorf("%s at %q: %v is not %v", name, c.url, err, c.is)
			}
		}
	}
}

// never is a network that must not be used.
type never struct{ t *testing.T }

func (n never) RoundTrip(r *http.Request) (*http.Response, error) {
	n.t.Errorf("a request went to %s", r.URL)
	return nil, errors.New("no network")
}

func TestClientTokens(t *testing.T) {
	boom := errors.New("boom")
	for _, c := range []struct {
		name   string
		client relay.Client
		text   string
	}{
		{"none", relay.Client{}, "ICOS_RELAY_TOKEN"},
		{"line break", relay.Client{Token: secret + "\n"}, "line break"},
		{"not ASCII", relay.Client{Token: secret + "é"}, "cannot carry"},
		{"source fails", relay.Client{Token: secret, TokenSource: func(context.Context) (string, error) { return "", boom }}, "boom"},
		{"source has none", relay.Client{Token: secret, TokenSource: func(context.Context) (string, error) { return "", nil }}, "no token"},
	} {
		c.client.URL, c.client.HTTPClient = "https://relay.example", &http.Client{Transport: never{t}}
		_, err := c.client.Grant(t.Context(), "tcp", "x:1")
		if err == nil || !strings.Contains(err.Error(), c.text) || strings.Contains(err.Error(), secret) {
			t.Errorf("%s: %v", c.name, err)
		}
	}
}

func TestReachable(t *testing.T) {
	ok := answering(t, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/v1/health" || r.Header.Get("Authorization") != "" {
			t.Errorf("%s with %q", r.URL.Path, r.Header.Get("Authorization"))
		}
	})
	if err := ok.Reachable(t.Context()); err != nil {
		t.Error(err)
	}
	if err := answering(t, refusal(503, "busy", "ending")).Reachable(t.Context()); !errors.Is(err, relay.ErrBusy) {
		t.Errorf("a relay that is ending: %v", err)
	}
	gone := httptest.NewServer(nil)
	gone.Close()
	if err := (&relay.Client{URL: gone.URL}).Reachable(t.Context()); err == nil {
		t.Error("a relay that is gone is reachable")
	}
}

func TestSecretsAreNotPrinted(t *testing.T) {
	c := relay.Client{URL: "https://user:" + secret + "@relay.example:33001/x?y=" + secret, Token: secret}
	tok, err := relay.NewToken("laptop", secret)
	if err != nil {
		t.Fatal(err)
	}
	var log bytes.Buffer
	logger := slog.New(slog.NewJSONHandler(&log, nil))
	for _, v := range []any{c, &c, tok, &tok, []relay.Token{tok}} {
		for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%d"} {
			if s := fmt.Sprintf(verb, v); strings.Contains(s, secret) || strings.Contains(s, fmt.Sprintf("%x", secret)) {
				t.Errorf("%s of %T shows %s", verb, v, s)
			}
		}
		logger.Info("x", "v", v)
		doc, err := json.Marshal(v)
		if err != nil {
			t.Error(err)
		}
		log.Write(doc)
	}
	// The URL is the user's own doing, but for JSON, which prints what it holds.
	if s := strings.ReplaceAll(log.String(), c.URL, ""); strings.Contains(s, secret) {
		t.Errorf("slog or JSON shows %s", s)
	}
}
