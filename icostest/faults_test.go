package icostest_test

import (
	"errors"
	"io"
	"slices"
	"strings"
	"testing"

	"github.com/icos-go/icos"
	"github.com/icos-go/icos/icostest"
	"github.com/icos-go/icos/server/fault"
)

// operations returns what the server was asked and how it answered.
func operations(cos *icostest.Server) []string {
	var list []string
	for _, e := range cos.Requests() {
		s := e.Operation
		if e.Code != "" {
			s += " " + e.Code
		}
		if e.Rule != "" {
			s += " by rule " + e.Rule
		}
		list = append(list, s)
	}
	return list
}

func TestFaultsAndRequests(t *testing.T) {
	cos := icostest.NewServer(t, &icostest.Options{FaultSeed: 1, Faults: []fault.Rule{
		{Operation: "PutObject", Key: "a", First: 2, Status: 503},
	}})
	bucket := cos.HMACClient().Bucket("flaky")
	if err := bucket.Create(t.Context(), nil); err != nil {
		t.Fatal(err)
	}
	if _, err := bucket.Object("a").Put(t.Context(), strings.NewReader("hello"), nil); err != nil {
		t.Fatalf("a put that fails twice: %v", err)
	}
	want := []string{"CreateBucket", "PutObject SlowDown by rule 1", "PutObject SlowDown by rule 1", "PutObject"}
	if got := operations(cos); !slices.Equal(got, want) {
		t.Errorf("the server was asked %q, want %q", got, want)
	}
	for _, e := range cos.Requests() {
		if e.Operation == "PutObject" && (e.Bucket != "flaky" || e.Key != "a" || e.Rule == "" && e.Principal == "" || e.ID == "" || e.Took <= 0) {
			t.Errorf("entry %+v", e)
		}
		if got := e.Header.Get("Authorization"); got != "AWS4-HMAC-SHA256 REDACTED" {
			t.Errorf("%s: Authorization %q", e.Operation, got)
		}
	}
	cos.Faults().Reset(0)
	if _, err := cos.Faults().Add(fault.Rule{Operation: "GetObject", Code: "AccessDenied"}); err != nil {
		t.Fatal(err)
	}
	_, err := bucket.Object("a").Get(t.Context(), nil)
	if e, ok := errors.AsType[*icos.Error](err); !ok || e.Code != "AccessDenied" || e.RequestID == "" {
		t.Errorf("get under a rule: %v", err)
	}
}

func TestClientsSurviveFaults(t *testing.T) {
	cut := int64(1000)
	for name, rule := range map[string]fault.Rule{
		"reset before":   {Operation: "GetObject", First: 1, Reset: fault.Before},
		"reset after":    {Operation: "PutObject", First: 1, Reset: fault.After},
		"cut":            {Operation: "GetObject", First: 1, Truncate: &cut},
		"corrupt put":    {Operation: "PutObject", First: 1, Corrupt: fault.Request},
		"internal error": {Operation: "*Object", Every: 2, First: 4, Code: "InternalError"},
	} {
		t.Run(name, func(t *testing.T) {
			cos := icostest.NewServer(t, &icostest.Options{Faults: []fault.Rule{rule}})
			bucket := cos.HMACClient().Bucket("flaky")
			if err := bucket.Create(t.Context(), nil); err != nil {
				t.Fatal(err)
			}
			want := strings.Repeat("0123456789abcdef", 1000)
			if _, err := bucket.Object("k").Put(t.Context(), strings.NewReader(want), nil); err != nil {
				t.Fatal(err)
			}
			r, err := bucket.Object("k").Get(t.Context(), nil)
			if err != nil {
				t.Fatal(err)
			}
			defer r.Close()
			if got, err := io.ReadAll(r); err != nil || string(got) != want {
				t.Errorf("read %d bytes, %v", len(got), err)
			}
			if s := cos.Faults().Rules()[0]; s.Struck == 0 {
				t.Errorf("the rule never struck; it saw %d requests", s.Seen)
			}
		})
	}
}

func TestTokensThatDoNotCome(t *testing.T) {
	cos := icostest.NewServer(t, &icostest.Options{Faults: []fault.Rule{{Operation: "IAM", First: 1, Status: 500}}})
	if err := cos.Client().Bucket("patient").Create(t.Context(), nil); err != nil {
		t.Errorf("create a bucket where the first token does not come: %v", err)
	}
	if got := operations(cos); len(got) < 3 || got[0] != "IAM by rule 1" || got[len(got)-1] != "CreateBucket" {
		t.Errorf("the server was asked %q", got)
	}
}

func TestARuleThatMakesNoSense(t *testing.T) {
	s, err := icostest.Start(&icostest.Options{Faults: []fault.Rule{{Rate: 2}}})
	if err == nil {
		s.Close()
		t.Error("a rule with a rate of 2 was accepted")
	}
}
