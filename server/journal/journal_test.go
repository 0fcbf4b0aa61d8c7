package journal_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/icos-go/icos/server/journal"
)

func seqs(list []journal.Entry) []int64 {
	var s []int64
	for _, e := range list {
		s = append(s, e.Seq)
	}
	return s
}

func TestAfter(t *testing.T) {
	l := journal.New(3)
	for range 5 {
		l.Add(journal.Entry{})
	}
	tests := []struct {
		seq   int64
		limit int
		want  []int64
	}{
		{0, 0, []int64{3, 4, 5}},
		{0, 2, []int64{3, 4}},
		{-7, 1, []int64{3}},
		{3, 0, []int64{4, 5}},
		{4, 9, []int64{5}},
		{5, 0, nil},
		{99, 0, nil},
	}
	for _, test := range tests {
		if got := seqs(l.After(test.seq, test.limit)); !slices.Equal(got, test.want) {
			t.Errorf("After(%d, %d) = %v, want %v", test.seq, test.limit, got, test.want)
		}
	}
	l.Clear()
	l.Add(journal.Entry{})
	if got := seqs(l.After(0, 0)); !slices.Equal(got, []int64{6}) {
		t.Errorf("after Clear: %v, want [6]", got)
	}
	var none *journal.Log
	none.Add(journal.Entry{})
	if got := none.After(0, 0); got != nil {
		t.Errorf("a nil log holds %v", got)
	}
}

func TestWait(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := journal.New(3)
		done := make(chan error)
		go func() { done <- l.Wait(t.Context(), 1) }()
		l.Add(journal.Entry{})
		synctest.Wait()
		select {
		case err := <-done:
			t.Fatalf("Wait returned too early: %v", err)
		default:
		}
		l.Add(journal.Entry{})
		if err := <-done; err != nil {
			t.Error(err)
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if err := l.Wait(ctx, 2); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("Wait without entries: %v", err)
		}
	})
}

func TestSecretsAreRedacted(t *testing.T) {
	const secret = "s3kr3t"
	h := http.Header{
		"Authorization":        {"Bearer " + secret},
		"X-Amz-Security-Token": {secret},
		"Cookie":               {"session=" + secret},
		"Referer":              {"https://cos/b/k?X-Amz-Signature=" + secret},
		"X-Amz-Copy-Source":    {"b/k?X-Amz-Signature=" + secret},
		"X-Amz-Server-Side-Encryption-Customer-Key":             {secret},
		"X-Amz-Copy-Source-Server-Side-Encryption-Customer-Key": {secret},
		"X-Client-Secret": {secret},
		"Transaction-Id":  {"42"},
		"X-Amz-Server-Side-Encryption-Customer-Key-Md5": {"md5"},
		"Content-Type": {"text/plain"},
		"Range":        {"bytes=0-1"},
	}
	got := journal.Header(h)
	for name, values := range got {
		if strings.Contains(strings.Join(values, ""), secret) {
			t.Errorf("%s: %v", name, values)
		}
	}
	for name, want := range map[string]string{
		"Authorization": "Bearer REDACTED",
		"Content-Type":  "text/plain",
		"Range":         "bytes=0-1",
		"X-Amz-Server-Side-Encryption-Customer-Key-Md5": "md5",
		"X-Amz-Copy-Source":                             "b/k?X-Amz-Signature=REDACTED",
		"Referer":                                       "https://cos/b/k",
		"Transaction-Id":                                "42",
	} {
		if got.Get(name) != want {
			t.Errorf("%s: %q, want %q", name, got.Get(name), want)
		}
	}
	if h.Get("Authorization") != "Bearer "+secret {
		t.Error("the request's own header was altered")
	}
	for raw, want := range map[string]string{
		"":                                   "",
		"uploads":                            "uploads",
		"prefix=a&X-Amz-Signature=" + secret: "prefix=a&X-Amz-Signature=REDACTED",
		"Signature=" + secret + "&Expires=1": "Signature=REDACTED&Expires=1",
		"AWSAccessKeyId=" + secret:           "AWSAccessKeyId=REDACTED",
		"X-Amz-%53ignature=" + secret:        "X-Amz-%53ignature=REDACTED",
		"X-Amz-Credential=" + secret:         "X-Amz-Credential=REDACTED",
		"x-amz-security-token=" + secret:     "x-amz-security-token=REDACTED",
		"bad%zz=" + secret:                   "bad%zz=REDACTED",
		"continuation-token=abc":             "continuation-token=abc",
	} {
		if got := journal.Query(raw); got != want {
			t.Errorf("Query(%q) = %q, want %q", raw, got, want)
		}
	}
}

func TestEntriesAreBounded(t *testing.T) {
	h := http.Header{}
	for i := range 200 {
		h[strings.Repeat("X", i+1)] = []string{strings.Repeat("é", 10_000)}
	}
	size := 0
	for name, values := range journal.Header(h) {
		size += len(name) + len(values[0])
	}
	if size > 64*1100 {
		t.Errorf("kept %d bytes of header", size)
	}
	r := httptest.NewRequest("GET", "/"+strings.Repeat("k", 100_000), nil)
	if got := len(journal.Target(r)); got > 5000 {
		t.Errorf("kept %d bytes of target", got)
	}
}

func TestWatchCounts(t *testing.T) {
	l := journal.New(1)
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w, r, watch := l.Begin(w, r)
		defer watch.End()
		watch.Entry().Operation = "PutObject"
		io.Copy(io.Discard, r.Body)
		w.WriteHeader(http.StatusTeapot)
		io.WriteString(w, "12345")
	}))
	defer s.Close()
	res, err := http.Post(s.URL+"/b/k?Signature=x", "text/plain", strings.NewReader("123"))
	if err != nil {
		t.Fatal(err)
	}
	res.Body.Close()
	e := l.After(0, 0)[0]
	if e.Operation != "PutObject" || e.Method != "POST" || e.Target != "/b/k?Signature=REDACTED" || e.Status != http.StatusTeapot || e.Received != 3 || e.Sent != 5 || e.Took <= 0 || e.Header.Get("Content-Type") != "text/plain" {
		t.Errorf("%+v", e)
	}
}
