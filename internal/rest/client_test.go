package rest_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"io/fs"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/icos-go/icos/auth"
	"github.com/icos-go/icos/internal/rest"
)

// roundTripper answers requests in order, the last answer for ever.
type roundTripper struct {
	answers []answer
	seen    []*http.Request
	at      []time.Time
}

type answer func(*http.Request) (*http.Response, error)

func (r *roundTripper) RoundTrip(q *http.Request) (*http.Response, error) {
	r.seen, r.at = append(r.seen, q), append(r.at, time.Now())
	return r.answers[min(len(r.seen), len(r.answers))-1](q)
}

func says(status int, header ...string) answer {
	return func(q *http.Request) (*http.Response, error) {
		h := http.Header{}
		for i := 0; i < len(header); i += 2 {
			h.Set(header[i], header[i+1])
		}
		return &http.Response{StatusCode: status, Header: h, Body: io.NopCloser(strings.NewReader("{}")), Request: q}, nil
	}
}

func fails(err error) answer {
	return func(*http.Request) (*http.Response, error) { return nil, err }
}

// hangs never answers.
func hangs(q *http.Request) (*http.Response, error) {
	<-q.Context().Done()
	return nil, q.Context().Err()
}

func newClient(answers ...answer) (*rest.Client, *roundTripper) {
	rt := &roundTripper{answers: answers}
	return &rest.Client{
		Service: "things", Base: "https://things.example", Credentials: auth.StaticToken("s3cr3t"),
		HTTP: rest.NewHTTP(&http.Client{Transport: rt}),
		Refusal: func(r *rest.Request, a *http.Response, body []byte) error {
			return rest.NewError("things", r, a, body)
		},
	}, rt
}

// What may be done twice is tried again after an attempt of unknown outcome, and anything that was not begun.
func TestRetries(t *testing.T) {
	lost, refused := fails(errors.New("connection lost")), fails(&net.OpError{Op: "dial", Err: errors.New("connection refused")})
	for _, tt := range []struct {
		name       string
		method     string
		repeatable bool
		answers    []answer
		requests   int
		fails      bool
		unsure     bool
	}{
		{"get", "GET", false, []answer{lost, says(503), says(200)}, 3, false, true},
		{"get in vain", "GET", false, []answer{says(500)}, 5, true, true},
		{"get what there is not", "GET", false, []answer{says(404)}, 1, true, false},
		{"get what is not offered", "GET", false, []answer{says(501)}, 1, true, false},
		{"post", "POST", false, []answer{lost}, 1, true, false},
		{"post to a broken service", "POST", false, []answer{says(502)}, 1, true, false},
		{"post to a busy service", "POST", false, []answer{says(429), says(201)}, 2, false, false},
		{"post to a closed port", "POST", false, []answer{refused, says(201)}, 2, false, false},
		{"post that may be repeated", "POST", true, []answer{lost, says(200)}, 2, false, true},
		{"delete", "DELETE", true, []answer{hangs, says(404)}, 2, true, true},
		{"no such host", "GET", false, []answer{fails(&net.DNSError{IsNotFound: true})}, 1, true, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				c, rt := newClient(tt.answers...)
				r := &rest.Request{Op: "try", Method: tt.method, Path: "/x", Repeatable: tt.repeatable}
				_, err := c.Do(t.Context(), r, nil)
				if (err != nil) != tt.fails || len(rt.seen) != tt.requests || r.Unsure() != tt.unsure {
					t.Errorf("%v after %d requests, unsure %v; want %d and %v", err, len(rt.seen), r.Unsure(), tt.requests, tt.unsure)
				}
			})
		})
	}
}

// A service says how long to wait, and is obeyed for up to a minute.
func TestRetryAfterIsObeyed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, rt := newClient(says(429, "Retry-After", "20"), says(503, "Retry-After", "3600"), says(200))
		if _, err := c.Do(t.Context(), &rest.Request{Op: "get", Method: "GET", Path: "/x"}, nil); err != nil {
			t.Fatal(err)
		}
		if first, second := rt.at[1].Sub(rt.at[0]), rt.at[2].Sub(rt.at[1]); first != 20*time.Second || second != time.Minute {
			t.Errorf("waited %v and %v, want 20s and 1m", first, second)
		}
	})
}

// A service that accepts connections and says nothing is given up.
func TestSilenceEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		begun := time.Now()
		c, rt := newClient(hangs)
		_, err := c.Do(t.Context(), &rest.Request{Op: "get", Method: "GET", Path: "/x"}, nil)
		if took := time.Since(begun); !errors.Is(err, context.DeadlineExceeded) || len(rt.seen) != 5 || took > 3*time.Minute {
			t.Errorf("%v after %d requests and %v", err, len(rt.seen), took)
		}
	})
}

// The end of a context ends all waiting, and its cause is told.
func TestCancel(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		why := errors.New("enough")
		ctx, cancel := context.WithCancelCause(t.Context())
		c, _ := newClient(says(503, "Retry-After", "30"))
		go func() {
			time.Sleep(time.Second)
			cancel(why)
		}()
		_, err := c.Do(ctx, &rest.Request{Op: "get", Method: "GET", Path: "/x"}, nil)
		if !errors.Is(err, context.Canceled) || !errors.Is(err, why) {
			t.Errorf("%v", err)
		}
	})
}

// refreshing are credentials whose first token is refused.
type refreshing struct{ tokens []string }

func (r *refreshing) Authorize(_ context.Context, q *http.Request) error {
	q.Header.Set("Authorization", "Bearer "+r.tokens[0])
	return nil
}

func (r *refreshing) Invalidate(token string) {
	if token == r.tokens[0] {
		r.tokens = r.tokens[1:]
	}
}

// A token that is refused is replaced, once.
func TestRefusedTokenIsReplaced(t *testing.T) {
	byToken := func(q *http.Request) (*http.Response, error) {
		if q.Header.Get("Authorization") == "Bearer new" {
			return says(200)(q)
		}
		return says(401)(q)
	}
	for name, tokens := range map[string][]string{"expired": {"old", "new"}, "locked out": {"a", "b", "c"}} {
		c, rt := newClient(byToken)
		c.Credentials = &refreshing{tokens}
		_, err := c.Do(t.Context(), &rest.Request{Op: "make", Method: "POST", Path: "/x"}, nil)
		if (err == nil) != (name == "expired") || len(rt.seen) != 2 {
			t.Errorf("%s: %v after %d requests", name, err, len(rt.seen))
		}
	}
}

// Errors say step first and answer to package fs; neither they nor the log hold the query or the token.
func TestErrorsAndLog(t *testing.T) {
	var log bytes.Buffer
	for status, want := range map[int]error{401: fs.ErrPermission, 403: fs.ErrPermission, 404: fs.ErrNotExist, 410: fs.ErrNotExist} {
		c, _ := newClient(says(status, "Transaction-Id", "t-1"))
		c.Logger = slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug}))
		_, err := c.Do(t.Context(), &rest.Request{Op: "get thing", About: "7", Method: "GET", Path: "/x", Query: map[string][]string{"q": {"priv4te"}}}, nil)
		if !errors.Is(err, want) || !strings.HasPrefix(err.Error(), "things: get thing 7: ") || !strings.Contains(err.Error(), "t-1") {
			t.Errorf("%d: %v", status, err)
		}
		log.WriteString(err.Error())
	}
	c, _ := newClient(fails(errors.New("cut")))
	_, err := c.Do(t.Context(), &rest.Request{Op: "make", Method: "POST", Path: "/x", Query: map[string][]string{"q": {"priv4te"}}}, nil)
	if err == nil || err.Error() != "things: make: things.example: cut" {
		t.Errorf("%v", err)
	}
	if s := log.String(); strings.Contains(s, "s3cr3t") || strings.Contains(s, "priv4te") || !strings.Contains(s, "things attempt") {
		t.Errorf("log: %s", s)
	}
}

func TestBase(t *testing.T) {
	for _, tt := range []struct{ endpoint, want string }{
		{"", "https://preset.example/v1"},
		{"things.example", "https://things.example/v1"},
		{"https://things.example/", "https://things.example/v1"},
		{"https://things.example/v2/", "https://things.example/v2"},
		{"localhost:9000", "http://localhost:9000/v1"},
		{"http://127.0.0.1:9000", "http://127.0.0.1:9000/v1"},
		{"http://things.example", ""},
		{"https://key@things.example", ""},
		{"https://things.example?x=1", ""},
		{"ftp://things.example", ""},
		{"https://", ""},
		{"https://s3cr3t@%zz", ""},
	} {
		got, err := rest.Base(tt.endpoint, "https://preset.example", "/v1")
		if got != tt.want || (err == nil) != (tt.want != "") {
			t.Errorf("Base(%q) = %q, %v; want %q", tt.endpoint, got, err, tt.want)
		}
		if err != nil && (strings.Contains(err.Error(), "s3cr3t") || strings.Contains(err.Error(), "key@")) {
			t.Errorf("Base(%q): a secret in %v", tt.endpoint, err)
		}
	}
	if _, err := rest.Base("http://things.example", "", ""); !errors.Is(err, auth.ErrPlaintext) {
		t.Errorf("plain http: %v", err)
	}
}
