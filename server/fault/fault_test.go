package fault_test

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/icos-go/icos/server/fault"
)

func bytesOf(n int64) *int64 { return &n }

func add(t *testing.T, in *fault.Injector, r fault.Rule) string {
	t.Helper()
	id, err := in.Add(r)
	if err != nil {
		t.Fatal(err)
	}
	return id
}

func TestRulesMatchByOperationBucketAndKey(t *testing.T) {
	target := fault.Target{Operation: "PutObject", Bucket: "logs-2026", Key: "a/b/c.txt"}
	tests := []struct {
		rule fault.Rule
		want bool
	}{
		{fault.Rule{}, true},
		{fault.Rule{Operation: "PutObject"}, true},
		{fault.Rule{Operation: "putobject"}, true},
		{fault.Rule{Operation: "Put*"}, true},
		{fault.Rule{Operation: "GetObject, PutObject"}, true},
		{fault.Rule{Operation: "*Object"}, true},
		{fault.Rule{Operation: "P*t*t"}, true},
		{fault.Rule{Operation: "GetObject"}, false},
		{fault.Rule{Operation: "Put"}, false},
		{fault.Rule{Bucket: "logs-*"}, true},
		{fault.Rule{Bucket: "logs"}, false},
		{fault.Rule{Key: "a/*"}, true},
		{fault.Rule{Key: "*.txt"}, true},
		{fault.Rule{Key: "a*b*c*"}, true},
		{fault.Rule{Key: "*a/b/c.txt*"}, true},
		{fault.Rule{Key: "a/b/c.txt*t"}, false},
		{fault.Rule{Key: "A/*"}, false},
		{fault.Rule{Operation: "PutObject", Bucket: "logs-2026", Key: "b*"}, false},
	}
	for _, test := range tests {
		var in fault.Injector
		test.rule.Status = 503
		add(t, &in, test.rule)
		if got := in.Strike(target) != nil; got != test.want {
			t.Errorf("%+v strikes %+v: %v, want %v", test.rule, target, got, test.want)
		}
	}
}

// struck returns which of n requests suffer.
func struck(in *fault.Injector, n int) []int {
	var list []int
	for i := range n {
		if in.Strike(fault.Target{Operation: "GetObject"}) != nil {
			list = append(list, i)
		}
	}
	return list
}

func TestHowOftenARuleStrikes(t *testing.T) {
	tests := []struct {
		rule fault.Rule
		want []int
	}{
		{fault.Rule{}, []int{0, 1, 2, 3, 4, 5, 6, 7}},
		{fault.Rule{First: 2}, []int{0, 1}},
		{fault.Rule{Every: 3}, []int{2, 5}},
		{fault.Rule{Every: 3, First: 4}, []int{2}},
		{fault.Rule{Rate: 1}, []int{0, 1, 2, 3, 4, 5, 6, 7}},
	}
	for _, test := range tests {
		var in fault.Injector
		test.rule.Status = 500
		add(t, &in, test.rule)
		if got := struck(&in, 8); !slices.Equal(got, test.want) {
			t.Errorf("%+v strikes %v, want %v", test.rule, got, test.want)
		}
	}
}

func TestChanceFollowsFromTheSeed(t *testing.T) {
	const n = 10_000
	run := func(seed uint64, before int) []int {
		var in fault.Injector
		in.Reset(seed)
		for range before {
			add(t, &in, fault.Rule{Operation: "Other", Status: 500})
		}
		add(t, &in, fault.Rule{Rate: 0.1, Status: 500})
		return struck(&in, n)
	}
	one := run(1, 0)
	if again := run(1, 0); !slices.Equal(one, again) {
		t.Error("the same seed strikes other requests")
	}
	if slices.Equal(one, run(2, 0)) {
		t.Error("another seed strikes the same requests")
	}
	if slices.Equal(one, run(1, 1)) {
		t.Error("two rules strike the same requests")
	}
	if got := len(one); got < n/10-n/50 || got > n/10+n/50 {
		t.Errorf("rate 0.1 struck %d of %d", got, n)
	}
}

func TestConcurrentRequestsAreStruckAsOften(t *testing.T) {
	count := func(workers int) int64 {
		var in fault.Injector
		in.Reset(7)
		add(t, &in, fault.Rule{Rate: 0.3, Status: 500})
		var wg sync.WaitGroup
		for range workers {
			wg.Go(func() { struck(&in, 1000/workers) })
		}
		wg.Wait()
		return in.Rules()[0].Struck
	}
	if one, ten := count(1), count(10); one != ten {
		t.Errorf("1000 requests: %d struck in turn, %d at once", one, ten)
	}
}

func TestTheFirstRuleStrikesAndAllCount(t *testing.T) {
	var in fault.Injector
	first := add(t, &in, fault.Rule{Every: 2, Status: 503})
	second := add(t, &in, fault.Rule{Code: "InternalError"})
	var got []string
	for range 4 {
		got = append(got, in.Strike(fault.Target{}).Rule)
	}
	if want := []string{second, first, second, first}; !slices.Equal(got, want) {
		t.Errorf("struck by %v, want %v", got, want)
	}
	for _, s := range in.Rules() {
		if s.Seen != 4 || s.Struck != 2 {
			t.Errorf("rule %s has seen %d and struck %d, want 4 and 2", s.ID, s.Seen, s.Struck)
		}
	}
}

func TestRemoveAndReset(t *testing.T) {
	var in fault.Injector
	if in.Active() {
		t.Error("active without rules")
	}
	one, two := add(t, &in, fault.Rule{Status: 500}), add(t, &in, fault.Rule{Status: 503})
	if err := in.Remove(one); err != nil {
		t.Fatal(err)
	}
	if err := in.Remove(one); err == nil {
		t.Error("a rule was removed twice")
	}
	if rules := in.Rules(); len(rules) != 1 || rules[0].ID != two || !in.Active() {
		t.Errorf("left: %+v", rules)
	}
	in.Reset(3)
	if in.Active() || in.Seed() != 3 {
		t.Error("reset left something")
	}
	if id := add(t, &in, fault.Rule{Status: 500}); id != one {
		t.Errorf("first rule after a reset is %s, want %s", id, one)
	}
}

func TestRulesThatMakeNoSense(t *testing.T) {
	for _, r := range []fault.Rule{
		{},
		{Rate: 2, Status: 500},
		{Rate: 0.5, Every: 2, Status: 500},
		{First: -1, Status: 500},
		{Every: -1, Status: 500},
		{Status: 200},
		{Status: 700},
		{Code: "Strange"},
		{Code: "a\nb", Status: 500},
		{Delay: -1},
		{Delay: time.Hour},
		{Truncate: bytesOf(-1)},
		{Reset: "now"},
		{Corrupt: "both"},
		{Status: 500, Reset: fault.Before},
		{Truncate: bytesOf(1), Corrupt: fault.Answer},
		{Status: 500, Key: strings.Repeat("k", 1025)},
	} {
		var in fault.Injector
		if _, err := in.Add(r); err == nil {
			t.Errorf("%+v was accepted", r)
		}
	}
	var in fault.Injector
	for range 100 {
		add(t, &in, fault.Rule{Status: 500})
	}
	if _, err := in.Add(fault.Rule{Status: 500}); err == nil {
		t.Error("there is no end to rules")
	}
}

func TestStatusAndCodeComplementEachOther(t *testing.T) {
	tests := []struct {
		rule   fault.Rule
		status int
		code   string
	}{
		{fault.Rule{Status: 503}, 503, "SlowDown"},
		{fault.Rule{Code: "serviceunavailable"}, 503, "ServiceUnavailable"},
		{fault.Rule{Status: 500}, 500, "InternalError"},
		{fault.Rule{Status: 502}, 502, "InternalError"},
		{fault.Rule{Status: 418}, 418, "InvalidRequest"},
		{fault.Rule{Code: "NoSuchBucket"}, 404, "NoSuchBucket"},
		{fault.Rule{Status: 409, Code: "Odd"}, 409, "Odd"},
	}
	for _, test := range tests {
		var in fault.Injector
		add(t, &in, test.rule)
		if status, code := in.Strike(fault.Target{}).Refusal(); status != test.status || code != test.code {
			t.Errorf("%+v answers %d %s, want %d %s", test.rule, status, code, test.status, test.code)
		}
	}
}

func TestRulesAsJSON(t *testing.T) {
	const doc = `{"operation":"Get*","rate":0.5,"truncate":0,"delay":"250ms"}`
	var r fault.Rule
	if err := json.Unmarshal([]byte(doc), &r); err != nil {
		t.Fatal(err)
	}
	if r.Operation != "Get*" || r.Rate != 0.5 || r.Truncate == nil || *r.Truncate != 0 || r.Delay != 250*time.Millisecond {
		t.Errorf("read %+v", r)
	}
	if b, err := json.Marshal(r); err != nil || string(b) != doc {
		t.Errorf("wrote %s, %v, want %s", b, err, doc)
	}
	for _, bad := range []string{`{"operaton":"x"}`, `{"delay":"1"}`, `{"delay":1}`} {
		if err := json.Unmarshal([]byte(bad), &r); err == nil {
			t.Errorf("%s was accepted", bad)
		}
	}
}

// serve serves with a handler that takes a body, under one rule. Received returns the last body.
func serve(t *testing.T, r fault.Rule) (url string, received func() string) {
	t.Helper()
	var in fault.Injector
	add(t, &in, r)
	var last atomic.Value
	last.Store("")
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s := in.Strike(fault.Target{})
		if err := s.Begin(w, r); err != nil {
			t.Error(err)
		}
		w, r, end := s.Wrap(w, r)
		b, err := io.ReadAll(r.Body)
		if err != nil {
			t.Error(err)
		}
		last.Store(string(b))
		w.Header().Set("Content-Length", "10")
		io.WriteString(w, "01234")
		io.WriteString(w, "56789")
		end()
	}))
	t.Cleanup(s.Close)
	return s.URL, func() string { return last.Load().(string) }
}

func post(url, body string) (string, error) {
	res, err := http.Post(url, "", strings.NewReader(body))
	if err != nil {
		return "", err
	}
	defer res.Body.Close()
	b, err := io.ReadAll(res.Body)
	return string(b), err
}

func TestTruncatedAnswer(t *testing.T) {
	for _, n := range []int64{0, 3, 5, 7} {
		url, _ := serve(t, fault.Rule{Truncate: bytesOf(n)})
		if got, err := post(url, "x"); err == nil || got != "0123456789"[:n] {
			t.Errorf("cut after %d: %q, %v", n, got, err)
		}
	}
	url, _ := serve(t, fault.Rule{Truncate: bytesOf(10)})
	if got, err := post(url, "x"); err != nil || got != "0123456789" {
		t.Errorf("cut after all of it: %q, %v", got, err)
	}
}

// flipped returns how many bits of two strings differ.
func flipped(a, b string) int {
	n := 0
	for i := range min(len(a), len(b)) {
		for x := a[i] ^ b[i]; x != 0; x &= x - 1 {
			n++
		}
	}
	return n
}

func TestCorruption(t *testing.T) {
	const body = "the body of the request"
	url, received := serve(t, fault.Rule{Corrupt: fault.Request})
	got, err := post(url, body)
	if err != nil || got != "0123456789" || len(received()) != len(body) || flipped(received(), body) != 1 {
		t.Errorf("server received %q, client %q, %v", received(), got, err)
	}
	url, received = serve(t, fault.Rule{Corrupt: fault.Answer})
	got, err = post(url, body)
	if err != nil || received() != body || len(got) != 10 || flipped(got, "0123456789") != 1 {
		t.Errorf("server received %q, client %q, %v", received(), got, err)
	}
}

func TestResets(t *testing.T) {
	url, received := serve(t, fault.Rule{Reset: fault.Before})
	if got, err := post(url, "x"); err == nil || received() != "" {
		t.Errorf("reset before: client %q, %v, server received %q", got, err, received())
	}
	url, received = serve(t, fault.Rule{Reset: fault.After})
	if got, err := post(url, "x"); err == nil || received() != "x" {
		t.Errorf("reset after: client %q, %v, server received %q", got, err, received())
	}
}

func TestResetsOverTLS(t *testing.T) {
	var in fault.Injector
	add(t, &in, fault.Rule{Reset: fault.Before})
	s := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if err := in.Strike(fault.Target{}).Begin(w, r); err != nil {
			t.Error(err)
		}
	}))
	defer s.Close()
	res, err := s.Client().Get(s.URL)
	if err == nil {
		res.Body.Close()
		t.Errorf("answered %s, want a reset", res.Status)
	}
}

func TestDelay(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var in fault.Injector
		add(t, &in, fault.Rule{Delay: time.Minute})
		start := time.Now()
		r := httptest.NewRequest("GET", "/", nil)
		if err := in.Strike(fault.Target{}).Begin(httptest.NewRecorder(), r); err != nil {
			t.Fatal(err)
		}
		if got := time.Since(start); got != time.Minute {
			t.Errorf("waited %v, want a minute", got)
		}
	})
}

func BenchmarkNoRules(b *testing.B) {
	var in fault.Injector
	for b.Loop() {
		if in.Active() {
			b.Fatal("active")
		}
	}
}
