package s3api_test

import (
	"fmt"
	"strings"
	"testing"
)

type retentionState struct {
	CreateTime, RetentionPeriodExpirationDate string
	RetentionPeriod                           int64
	Holds                                     []struct{ ID, Date string } `xml:"LegalHolds>LegalHold"`
}

func (s *server) holds(path string) retentionState {
	s.t.Helper()
	r := s.do(s.owner, "GET", path+"?legalHold", "")
	r.want(s.t, 200, "")
	return decode[retentionState](s.t, r)
}

func TestLegalHolds(t *testing.T) {
	s, at := protected(t)
	s.keep("/kept/k", "hello").want(t, 200, "")
	r := s.do(s.owner, "GET", "/kept/k?legalHold", "")
	r.want(t, 200, "")
	want := "<CreateTime>Sun, 1 Mar 2026 12:00:00 GMT</CreateTime><RetentionPeriod>864000</RetentionPeriod>" +
		"<RetentionPeriodExpirationDate>Wed, 11 Mar 2026 12:00:00 GMT</RetentionPeriodExpirationDate><LegalHolds></LegalHolds></RetentionState>"
	if !strings.HasSuffix(r.body, want) {
		t.Errorf("state %s, want %s", r.body, want)
	}
	at.Advance(hour)
	s.do(s.owner, "POST", "/kept/k?legalHold&add=one", "").want(t, 200, "")
	s.do(s.owner, "POST", "/kept/k?legalHold=&add=two", "two", md5Header("two")...).want(t, 200, "") // as IBM's Java SDK
	s.do(s.owner, "POST", "/kept/k?legalHold&add=", "three", md5Header("three")...).want(t, 200, "")
	s.do(s.owner, "POST", "/kept/k?legalHold&add=Case%2042", "").want(t, 400, "InvalidArgument")
	s.do(s.owner, "POST", "/kept/k?legalHold&add=one", "").want(t, 409, "LegalHoldAlreadyExists")
	state := s.holds("/kept/k")
	if len(state.Holds) != 3 || state.Holds[0].ID != "one" || state.Holds[0].Date != "Sun, 1 Mar 2026 13:00:00 GMT" {
		t.Errorf("state %+v", state)
	}
	for _, query := range []string{"legalHold&remove=four", "legalHold&remove=ONE"} {
		s.do(s.owner, "POST", "/kept/k?"+query, "").want(t, 404, "NoSuchLegalHold")
	}
	for _, query := range []string{"legalHold", "legalHold&add=x&remove=x", "legalHold&add=", "legalHold&add=" + strings.Repeat("x", 65)} {
		s.do(s.owner, "POST", "/kept/k?"+query, "").want(t, 400, "InvalidArgument")
	}
	s.do(s.owner, "POST", "/kept/k?legalHold&add=x", "y").want(t, 400, "InvalidArgument")
	for _, id := range []string{"one", "two", "three"} {
		s.do(s.owner, "POST", "/kept/k?legalHold&remove="+id, "").want(t, 200, "")
	}
	if state := s.holds("/kept/k"); len(state.Holds) != 0 {
		t.Errorf("state %+v, want no holds", state)
	}

	for i := range 100 {
		s.do(s.owner, "POST", fmt.Sprintf("/kept/k?legalHold&add=hold-%d", i), "").want(t, 200, "")
	}
	s.do(s.owner, "POST", "/kept/k?legalHold&add=one-more", "").want(t, 400, "InvalidRequest")
	if got := s.do(s.owner, "HEAD", "/kept/k", "").Header.Get("Retention-Legal-Hold-Count"); got != "100" {
		t.Errorf("Retention-Legal-Hold-Count %s, want 100", got)
	}

	s.put("/bucket/k", "hello")
	s.do(s.owner, "GET", "/bucket/k?legalHold", "").want(t, 404, "NoSuchRetention")
	s.do(s.owner, "POST", "/bucket/k?legalHold&add=x", "").want(t, 400, "InvalidRequest")
	s.do(s.owner, "POST", "/bucket/k?legalHold&remove=x", "").want(t, 400, "InvalidRequest")
	for _, method := range []string{"GET /kept/none?legalHold", "POST /kept/none?legalHold&add=x", "POST /kept/none?legalHold&remove=x"} {
		verb, path, _ := strings.Cut(method, " ")
		s.do(s.owner, verb, path, "").want(t, 404, "NoSuchKey")
		s.do(s.other, verb, strings.Replace(path, "none", "k", 1), "").want(t, 403, "AccessDenied")
	}
}

func TestExtendRetention(t *testing.T) {
	s, at := protected(t)
	begun := at.Now()
	s.keep("/kept/k", "hello", "Retention-Period", "172800").want(t, 200, "")
	at.Advance(days)
	period := func(path string) string { return s.do(s.owner, "HEAD", path, "").Header.Get("Retention-Period") }
	extend := func(path string, headers ...string) *response {
		t.Helper()
		return s.do(s.owner, "POST", path+"?extendRetention", "", headers...)
	}
	steps := []struct {
		headers []string
		code    string
		want    string
	}{
		{nil, "InvalidRequest", ""},
		{[]string{"Additional-Retention-Period", "5", "New-Retention-Period", "200000"}, "InvalidRequest", ""},
		{[]string{"Additional-Retention-Period", "5"}, "", "172805"},
		{[]string{"Extend-Retention-From-Current-Time", "86405"}, "InvalidRequest", ""}, // as long as it is
		{[]string{"Extend-Retention-From-Current-Time", "86406"}, "", "172806"},
		{[]string{"New-Retention-Period", "172806"}, "InvalidRequest", ""},
		{[]string{"New-Retention-Period", "172807"}, "", "172807"},
		{[]string{"New-Retention-Expiration-Date", begun.Add(172807e9).Format("2006-01-02T15:04:05Z")}, "InvalidRequest", ""},
		{[]string{"New-Retention-Expiration-Date", begun.Add(172808e9).Format("20060102T150405Z")}, "", "172808"},
		{[]string{"Additional-Retention-Period", "0"}, "InvalidRequest", ""},
		{[]string{"Additional-Retention-Period", "-5"}, "InvalidArgument", ""},
		{[]string{"New-Retention-Period", "-1"}, "InvalidArgument", ""},
		{[]string{"New-Retention-Period", "soon"}, "InvalidArgument", ""},
		{[]string{"New-Retention-Expiration-Date", "soon"}, "InvalidArgument", ""},
		{[]string{"New-Retention-Expiration-Date", "2020-01-01T00:00:00Z"}, "InvalidArgument", ""},
		{[]string{"New-Retention-Period", "8640001"}, "InvalidArgument", ""}, // over the maximum
		{[]string{"Additional-Retention-Period", "9223372036854775807"}, "InvalidArgument", ""},
		{[]string{"New-Retention-Period", "8640000"}, "", "8640000"},
	}
	for _, step := range steps {
		before := period("/kept/k")
		r := extend("/kept/k", step.headers...)
		want := step.want
		if step.code == "" {
			r.want(t, 200, "")
		} else {
			r.want(t, 400, step.code)
			want = before
		}
		if got := period("/kept/k"); got != want {
			t.Errorf("after %v the period is %s, want %s", step.headers, got, want)
		}
	}

	// What is kept indefinitely gets an end, which may be now.
	s.keep("/kept/i", "hello", "Retention-Period", "-1").want(t, 200, "")
	at.Advance(2 * days)
	s.do(s.owner, "DELETE", "/kept/i", "").want(t, 403, "AccessDenied")
	extend("/kept/i", "Additional-Retention-Period", "5").want(t, 400, "InvalidRequest")
	extend("/kept/i", "New-Retention-Period", "5").want(t, 400, "InvalidArgument") // under the minimum
	extend("/kept/i", "Extend-Retention-From-Current-Time", "0").want(t, 200, "")
	s.do(s.owner, "DELETE", "/kept/i", "").want(t, 204, "")

	s.keep("/kept/p", "hello", "Retention-Period", "-2").want(t, 200, "")
	extend("/kept/p", "New-Retention-Period", "8640000").want(t, 400, "InvalidRequest")
	at.Advance(365 * 100 * days)
	s.do(s.owner, "DELETE", "/kept/p", "").want(t, 403, "AccessDenied")

	extend("/kept/none", "New-Retention-Period", "8640000").want(t, 404, "NoSuchKey")
	s.put("/bucket/k", "hello")
	extend("/bucket/k", "New-Retention-Period", "8640000").want(t, 400, "InvalidRequest")
	s.do(s.other, "POST", "/kept/k?extendRetention", "", "Additional-Retention-Period", "5").want(t, 403, "AccessDenied")
}
