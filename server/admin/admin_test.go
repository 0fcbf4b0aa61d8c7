package admin_test

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/icos-go/icos/server/admin"
	"github.com/icos-go/icos/server/clock"
	"github.com/icos-go/icos/server/fault"
	"github.com/icos-go/icos/server/journal"
)

// fake is a server that only remembers what it was told.
type fake struct {
	faults    fault.Injector
	journal   *journal.Log
	time      *clock.Clock
	snapshots []string
	restored  []string
}

func (f *fake) Faults() *fault.Injector { return &f.faults }

func (f *fake) Journal() *journal.Log { return f.journal }

func (f *fake) Clock() *clock.Clock { return f.time }

func (f *fake) Advance(_ context.Context, d time.Duration) error {
	if err := f.time.Advance(d); err != nil {
		return err
	}
	return nil
}

func (f *fake) Snapshot(_ context.Context, dir string) error {
	if strings.HasSuffix(dir, "full") {
		return errors.New("is not empty")
	}
	f.snapshots = append(f.snapshots, dir)
	return nil
}

func (f *fake) Restore(_ context.Context, dir string) error {
	if strings.HasSuffix(dir, "broken") {
		return errors.New("is not complete")
	}
	f.restored = append(f.restored, dir)
	return nil
}

func serve(t *testing.T) (*fake, *admin.Client) {
	t.Helper()
	base := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	f := &fake{journal: journal.New(10), time: clock.New(func() time.Time { return base })}
	token := admin.NewToken()
	s := httptest.NewServer(admin.New(admin.Config{Server: f, Token: token, Hosts: []string{"cos.lan"}}))
	t.Cleanup(s.Close)
	return f, &admin.Client{URL: s.URL, Token: token}
}

func TestWhoIsLetIn(t *testing.T) {
	_, c := serve(t)
	tests := []struct {
		name, host, token, origin string
		status                    int
	}{
		{"by address", "", c.Token, "", 200},
		{"by localhost", "localhost:9001", c.Token, "", 200},
		{"by IPv6", "[::1]:9001", c.Token, "", 200},
		{"by a name of its own", "cos.lan:9001", c.Token, "", 200},
		{"without token", "", "", "", 401},
		{"with part of it", "", c.Token[:10], "", 401},
		{"with another", "", admin.NewToken(), "", 401},
		{"by a name that was pointed here", "evil.example:9001", c.Token, "", 421},
		{"from a web page", "", c.Token, "http://localhost:9001", 403},
	}
	for _, test := range tests {
		r, err := http.NewRequest("GET", c.URL+"/v1/clock", nil)
		if err != nil {
			t.Fatal(err)
		}
		if test.host != "" {
			r.Host = test.host
		}
		if test.token != "" {
			r.Header.Set("Authorization", "Bearer "+test.token)
		}
		if test.origin != "" {
			r.Header.Set("Origin", test.origin)
		}
		res, err := http.DefaultClient.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		res.Body.Close()
		if res.StatusCode != test.status {
			t.Errorf("%s: status %d, want %d", test.name, res.StatusCode, test.status)
		}
	}
}

func TestFaults(t *testing.T) {
	f, c := serve(t)
	ctx := t.Context()
	if got, err := c.Faults(ctx); err != nil || got.Rules == nil || len(got.Rules) != 0 {
		t.Errorf("no rules: %+v, %v", got, err)
	}
	id, err := c.AddFault(ctx, fault.Rule{Operation: "GetObject", Delay: time.Second})
	if err != nil {
		t.Fatal(err)
	}
	if rules := f.faults.Rules(); len(rules) != 1 || rules[0].ID != id || rules[0].Rule.Delay != time.Second {
		t.Errorf("rules %+v", rules)
	}
	if _, err := c.AddFault(ctx, fault.Rule{}); err == nil || !strings.Contains(err.Error(), "does nothing") {
		t.Errorf("an empty rule: %v", err)
	}
	if err := c.RemoveFault(ctx, "99"); err == nil || !strings.Contains(err.Error(), "no such rule") {
		t.Errorf("removing what is not there: %v", err)
	}
	if err := c.RemoveFault(ctx, id); err != nil || f.faults.Active() {
		t.Errorf("removing the rule: %v", err)
	}
	got, err := c.SetFaults(ctx, 5, []fault.Rule{{Status: 500}, {Status: 503}})
	if err != nil || got.Seed != 5 || len(got.Rules) != 2 {
		t.Errorf("set: %+v, %v", got, err)
	}
	if err := c.ClearFaults(ctx); err != nil || f.faults.Active() || f.faults.Seed() != 5 {
		t.Errorf("clear: %v, seed %d", err, f.faults.Seed())
	}
}

func TestClock(t *testing.T) {
	_, c := serve(t)
	ctx := t.Context()
	want := time.Date(2026, 1, 3, 0, 0, 0, 0, time.UTC)
	if now, err := c.Advance(ctx, 48*time.Hour); err != nil || !now.Now.Equal(want) || now.Offset != "48h0m0s" {
		t.Errorf("advanced: %+v, %v", now, err)
	}
	want = time.Date(2020, 1, 1, 0, 0, 0, 0, time.UTC)
	if now, err := c.SetClock(ctx, want); err != nil || !now.Now.Equal(want) {
		t.Errorf("set: %+v, %v", now, err)
	}
	if now, err := c.Clock(ctx); err != nil || !now.Now.Equal(want) {
		t.Errorf("clock: %+v, %v", now, err)
	}
}

func TestRequests(t *testing.T) {
	f, c := serve(t)
	ctx := t.Context()
	f.journal.Add(journal.Entry{Operation: "GetObject"})
	list, err := c.Requests(ctx, 0, 0)
	if err != nil || len(list) != 1 || list[0].Operation != "GetObject" {
		t.Fatalf("requests %+v, %v", list, err)
	}
	if list, err = c.Requests(ctx, 1, 0); err != nil || len(list) != 0 {
		t.Errorf("requests %+v, %v, want none", list, err)
	}
	// One that waits gets what comes.
	done := make(chan []journal.Entry)
	go func() {
		list, err := c.Requests(ctx, 1, time.Minute)
		if err != nil {
			t.Error(err)
		}
		done <- list
	}()
	f.journal.Add(journal.Entry{Operation: "PutObject"})
	if list = <-done; len(list) != 1 || list[0].Operation != "PutObject" {
		t.Errorf("waited for %+v", list)
	}
	if err := c.ClearRequests(ctx); err != nil || len(f.journal.After(0, 0)) != 0 {
		t.Errorf("clear: %v, %d left", err, len(f.journal.After(0, 0)))
	}
	f.journal = nil
	if _, err := c.Requests(ctx, 0, 0); err == nil || !strings.Contains(err.Error(), "keeps no journal") {
		t.Errorf("without a journal: %v", err)
	}
}

func TestSnapshot(t *testing.T) {
	f, c := serve(t)
	dir := t.TempDir()
	if err := c.Snapshot(t.Context(), dir); err != nil || len(f.snapshots) != 1 || f.snapshots[0] != dir {
		t.Errorf("snapshots %v, %v", f.snapshots, err)
	}
	for _, bad := range []string{"relative", dir + "/full"} {
		if err := c.Snapshot(t.Context(), bad); err == nil {
			t.Errorf("a snapshot to %s", bad)
		}
	}
}

func TestBadRequests(t *testing.T) {
	_, c := serve(t)
	for _, test := range []struct {
		method, target, body string
		status               int
	}{
		{"POST", "/v1/faults", `{`, 400},
		{"POST", "/v1/faults", `{"oops":1}`, 400},
		{"PUT", "/v1/faults", `{"seed":-1}`, 400},
		{"POST", "/v1/clock", `{}`, 400},
		{"POST", "/v1/clock", `{"advance":"soon"}`, 400},
		{"POST", "/v1/clock", `{"set":"2500-01-01T00:00:00Z"}`, 400},
		{"POST", "/v1/clock", `{"set":"1066-10-14T00:00:00Z"}`, 400},
		{"POST", "/v1/clock", `{"advance":"1h","set":"2030-01-01T00:00:00Z"}`, 400},
		{"GET", "/v1/requests?after=x", "", 400},
		{"GET", "/v1/requests?wait=x", "", 400},
		{"POST", "/v1/snapshot", strings.Repeat(" ", 2<<20), 400},
		{"GET", "/v1/snapshot", "", 405},
		{"GET", "/", "", 404},
	} {
		r, err := http.NewRequest(test.method, c.URL+test.target, strings.NewReader(test.body))
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Authorization", "Bearer "+c.Token)
		res, err := http.DefaultClient.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		res.Body.Close()
		if res.StatusCode != test.status {
			t.Errorf("%s %s %.20s: status %d, want %d", test.method, test.target, test.body, res.StatusCode, test.status)
		}
	}
}

func TestRestore(t *testing.T) {
	f, c := serve(t)
	dir := t.TempDir()
	if err := c.Restore(t.Context(), dir); err != nil || len(f.restored) != 1 || f.restored[0] != dir || len(f.snapshots) != 0 {
		t.Errorf("restore: %v, %v", f.restored, err)
	}
	for bad, want := range map[string]string{"relative": "not an absolute path", "": "not an absolute path", dir + "/broken": "is not complete"} {
		if err := c.Restore(t.Context(), bad); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("restore of %q: %v, want %s", bad, err, want)
		}
	}
	if len(f.restored) != 1 {
		t.Errorf("restored %v", f.restored)
	}
}
