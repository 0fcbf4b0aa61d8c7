package s3api_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/icos-go/icos/server/clock"
)

const (
	hour = time.Hour
	days = 24 * time.Hour
)

// newKeeper returns a server whose objects have a clock of their own.
func newKeeper(t testing.TB) (*server, *clock.Clock) {
	t.Helper()
	// It stands still, so that tests know what a date must be.
	at := clock.New(func() time.Time { return time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC) })
	return newServer(t, serverOptions{minPart: 5, today: at.Now}), at
}

// policy is a ProtectionConfiguration as IBM's Python SDK writes it.
func policy(minimum, standard, maximum int, more string) string {
	return fmt.Sprintf("<ProtectionConfiguration><Status>Retention</Status><MinimumRetention><Days>%d</Days></MinimumRetention>"+
		"<DefaultRetention><Days>%d</Days></DefaultRetention><MaximumRetention><Days>%d</Days></MaximumRetention>%s</ProtectionConfiguration>", minimum, standard, maximum, more)
}

// bucket makes a bucket of the owner's.
func (s *server) bucket(name string, headers ...string) {
	s.t.Helper()
	s.do(s.owner, "PUT", "/"+name, "", append(headers, "Ibm-Service-Instance-Id", s.owner.instance)...).want(s.t, 200, "")
}

// set puts a document of a bucket or an object.
func (s *server) set(path, body string, headers ...string) *response {
	s.t.Helper()
	return s.do(s.owner, "PUT", path, body, append(headers, md5Header(body)...)...)
}

// keep stores an object in a bucket with a retention policy.
func (s *server) keep(path, body string, headers ...string) *response {
	s.t.Helper()
	return s.do(s.owner, "PUT", path, body, append(headers, md5Header(body)...)...)
}

// protected returns a server with a bucket "kept", for 1 to 100 days and 10 if nothing is said.
func protected(t testing.TB) (*server, *clock.Clock) {
	t.Helper()
	s, at := newKeeper(t)
	s.bucket("kept")
	s.set("/kept?protection", policy(1, 10, 100, "<EnablePermanentRetention>true</EnablePermanentRetention>")).want(t, 200, "")
	return s, at
}

func TestProtectionConfiguration(t *testing.T) {
	s, _ := newKeeper(t)
	s.bucket("kept")
	r := s.do(s.owner, "GET", "/kept?protection", "")
	r.want(t, 200, "")
	if !strings.Contains(r.body, "<Status>Disabled</Status>") || r.Header.Get("X-Ibm-Protection-Management-State") != "" {
		t.Errorf("without a policy: %s, state %q", r.body, r.Header.Get("X-Ibm-Protection-Management-State"))
	}
	s.do(s.owner, "PUT", "/kept?protection", policy(1, 2, 3, "")).want(t, 400, "InvalidRequest")
	for _, body := range []string{policy(2, 1, 3, ""), policy(1, 3, 2, ""), policy(-1, 1, 2, ""), policy(0, 0, 365244, "")} {
		s.set("/kept?protection", body).want(t, 400, "InvalidArgument")
	}
	for _, body := range []string{
		strings.Replace(policy(1, 2, 3, ""), "Retention</Status>", "Disabled</Status>", 1),
		strings.Replace(policy(1, 2, 3, ""), "<Days>1</Days>", "", 1),
		"<ProtectionConfiguration><Status>Retention</Status></ProtectionConfiguration>",
		policy(1, 2, 3, "<Unknown/>"),
		"<LifecycleConfiguration/>",
	} {
		s.set("/kept?protection", body).want(t, 400, "MalformedXML")
	}
	// As in IBM's documents: with the maximum before the default, and a namespace.
	s.set("/kept?protection", `<ProtectionConfiguration xmlns="http://s3.amazonaws.com/doc/2006-03-01/">
		<Status>Retention</Status>
		<MinimumRetention><Days>100</Days></MinimumRetention>
		<MaximumRetention><Days>36135</Days></MaximumRetention>
		<DefaultRetention><Days>2555</Days></DefaultRetention>
	</ProtectionConfiguration>`).want(t, 200, "")
	r = s.do(s.owner, "GET", "/kept?protection", "")
	want := "<Status>Retention</Status><MinimumRetention><Days>100</Days></MinimumRetention><DefaultRetention><Days>2555</Days></DefaultRetention><MaximumRetention><Days>36135</Days></MaximumRetention></ProtectionConfiguration>"
	if !strings.HasSuffix(r.body, want) || r.Header.Get("X-Ibm-Protection-Management-State") != "active" {
		t.Errorf("policy %s, state %q", r.body, r.Header.Get("X-Ibm-Protection-Management-State"))
	}
	// With objects in it, the numbers can change, and permanent retention can be allowed, but that cannot be taken back.
	s.keep("/kept/k", "hello").want(t, 200, "")
	s.set("/kept?protection", policy(0, 1, 2, "<EnablePermanentRetention>True</EnablePermanentRetention>")).want(t, 200, "")
	if r := s.do(s.owner, "GET", "/kept?protection", ""); !strings.Contains(r.body, "<EnablePermanentRetention>true</EnablePermanentRetention>") {
		t.Errorf("policy %s, want permanent retention in it", r.body)
	}
	s.set("/kept?protection", policy(0, 1, 2, "")).want(t, 400, "InvalidArgument")
	s.set("/kept?protection", policy(0, 1, 2, "<EnablePermanentRetention>false</EnablePermanentRetention>")).want(t, 400, "InvalidArgument")

	s.put("/bucket/k", "hello")
	s.set("/bucket?protection", policy(1, 2, 3, "")).want(t, 409, "BucketNotEmpty")
	s.do(s.other, "GET", "/kept?protection", "").want(t, 403, "AccessDenied")
	s.do(s.nobody, "PUT", "/kept?protection", policy(1, 2, 3, ""), md5Header(policy(1, 2, 3, ""))...).want(t, 403, "AccessDenied")
}

func TestProtectionExcludes(t *testing.T) {
	s, _ := protected(t)
	s.set("/kept?versioning", "<VersioningConfiguration><Status>Enabled</Status></VersioningConfiguration>").want(t, 409, "InvalidBucketState")
	s.set("/kept?object-lock", lockRule("COMPLIANCE", "<Days>1</Days>")).want(t, 409, "InvalidBucketState")
	s.do(s.owner, "GET", "/kept?faspConnectionInfo", "").want(t, 409, "InvalidBucketState")

	s.bucket("versioned")
	s.set("/versioned?versioning", "<VersioningConfiguration><Status>Enabled</Status></VersioningConfiguration>").want(t, 200, "")
	s.set("/versioned?protection", policy(1, 2, 3, "")).want(t, 409, "InvalidBucketState")
	s.set("/versioned?versioning", "<VersioningConfiguration><Status>Suspended</Status></VersioningConfiguration>").want(t, 200, "")
	s.set("/versioned?protection", policy(1, 2, 3, "")).want(t, 409, "InvalidBucketState")
	s.bucket("locked", "x-amz-bucket-object-lock-enabled", "true")
	s.set("/locked?protection", policy(1, 2, 3, "")).want(t, 409, "InvalidBucketState")
}

func TestWritesToProtectedBuckets(t *testing.T) {
	s, at := protected(t)
	second := func(n int64) string { return fmt.Sprint(n) }
	soon := at.Now().Add(5 * days)
	tests := []struct {
		name    string
		headers []string
		code    string // "" if it is stored
		period  string // then
	}{
		{"default", nil, "", second(10 * 86400)},
		{"period", []string{"Retention-Period", "86400"}, "", second(86400)},
		{"maximum", []string{"Retention-Period", second(100 * 86400)}, "", second(100 * 86400)},
		{"indefinite", []string{"Retention-Period", "-1"}, "", "-1"},
		{"permanent", []string{"Retention-Period", "-2"}, "", "-2"},
		{"extended date", []string{"Retention-Expiration-Date", soon.Format("2006-01-02T15:04:05Z")}, "", second(5 * 86400)},
		{"date with a fraction", []string{"Retention-Expiration-Date", soon.Format("2006-01-02T15:04:05.001Z")}, "", second(5*86400 + 1)},
		{"basic date", []string{"Retention-Expiration-Date", soon.Format("20060102T150405Z")}, "", second(5 * 86400)},
		{"RFC 822", []string{"Retention-Expiration-Date", soon.Format(http.TimeFormat)}, "", second(5 * 86400)},
		{"RFC 822 with a short day", []string{"Retention-Expiration-Date", soon.Format("Mon, 2 Jan 2006 15:04:05 GMT")}, "", second(5 * 86400)},
		{"hold", []string{"Retention-Legal-Hold-ID", "Case!_.*()'-42"}, "", second(10 * 86400)},

		{"both", []string{"Retention-Period", "86400", "Retention-Expiration-Date", soon.Format(time.RFC3339)}, "InvalidRequest", ""},
		{"too short", []string{"Retention-Period", "86399"}, "InvalidArgument", ""},
		{"none", []string{"Retention-Period", "0"}, "InvalidArgument", ""},
		{"too long", []string{"Retention-Period", second(100*86400 + 1)}, "InvalidArgument", ""},
		{"negative", []string{"Retention-Period", "-3"}, "InvalidArgument", ""},
		{"no number", []string{"Retention-Period", "a day"}, "InvalidArgument", ""},
		{"no date", []string{"Retention-Expiration-Date", "tomorrow"}, "InvalidArgument", ""},
		{"date too soon", []string{"Retention-Expiration-Date", at.Now().Add(hour).Format(time.RFC3339)}, "InvalidArgument", ""},
		{"date in the past", []string{"Retention-Expiration-Date", "2020-01-01T00:00:00Z"}, "InvalidArgument", ""},
		{"date of the far future", []string{"Retention-Expiration-Date", "9999-12-31T23:59:59Z"}, "InvalidArgument", ""},
		{"hold without a name", []string{"Retention-Legal-Hold-ID", ""}, "InvalidArgument", ""},
		{"hold of 65 characters", []string{"Retention-Legal-Hold-ID", strings.Repeat("x", 65)}, "InvalidArgument", ""},
		{"hold with a space", []string{"Retention-Legal-Hold-ID", "a b"}, "InvalidArgument", ""},
	}
	for i, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			path := fmt.Sprintf("/kept/k%d", i)
			r := s.keep(path, "hello", test.headers...)
			if test.code != "" {
				r.want(t, 400, test.code)
				s.do(s.owner, "HEAD", path, "").want(t, 404, "")
				return
			}
			r.want(t, 200, "")
			for _, method := range []string{"GET", "HEAD"} {
				r := s.do(s.owner, method, path, "")
				r.want(t, 200, "")
				if got := r.Header.Get("Retention-Period"); got != test.period {
					t.Errorf("%s: Retention-Period %q, want %q", method, got, test.period)
				}
				want := ""
				if d, err := time.ParseDuration(test.period + "s"); err == nil && d >= 0 {
					want = at.Now().Add(d).Format(http.TimeFormat)
				}
				if got := r.Header.Get("Retention-Expiration-Date"); got != want {
					t.Errorf("%s: Retention-Expiration-Date %q, want %q", method, got, want)
				}
				want = ""
				if test.name == "hold" {
					want = "1"
				}
				if got := r.Header.Get("Retention-Legal-Hold-Count"); got != want {
					t.Errorf("%s: Retention-Legal-Hold-Count %q, want %q", method, got, want)
				}
			}
		})
	}
	s.do(s.owner, "PUT", "/kept/x", "hello").want(t, 400, "InvalidRequest") // no digest
	s.put("/bucket/k", "hello")
	if h := s.do(s.owner, "HEAD", "/bucket/k", "").Header; h.Get("Retention-Period") != "" || h.Get("Retention-Expiration-Date") != "" {
		t.Errorf("headers of an object that is not kept: %v", h)
	}
	// Permanent retention is for buckets that allow it.
	s.bucket("strict")
	s.set("/strict?protection", policy(0, 0, 1, "")).want(t, 200, "")
	s.keep("/strict/k", "hello", "Retention-Period", "-2").want(t, 400, "InvalidArgument")
	s.keep("/strict/k", "hello", "Retention-Period", "0").want(t, 200, "")
	s.keep("/strict/k", "again").want(t, 200, "")
	s.do(s.owner, "DELETE", "/strict/k", "").want(t, 204, "")
}

// TestKeptObjects goes through the life of an object: years pass in no time.
func TestKeptObjects(t *testing.T) {
	s, at := newKeeper(t)
	s.bucket("kept")
	s.set("/kept?protection", policy(0, 3650, 36500, "")).want(t, 200, "")
	s.put("/bucket/source", "other")
	s.keep("/kept/k", "hello").want(t, 200, "")
	refused := func(when string) {
		t.Helper()
		for what, r := range map[string]*response{
			"PUT":            s.keep("/kept/k", "again"),
			"PUT if matched": s.keep("/kept/k", "again", "If-Match", "*"),
			"copy onto it":   s.do(s.owner, "PUT", "/kept/k", "", "x-amz-copy-source", "bucket/source"),
			"copy to itself": s.do(s.owner, "PUT", "/kept/k", "", "x-amz-copy-source", "kept/k", "x-amz-metadata-directive", "REPLACE"),
			"DELETE":         s.do(s.owner, "DELETE", "/kept/k", ""),
			"complete":       s.upload("/kept/k", "again"),
		} {
			if r.StatusCode != 403 {
				t.Errorf("%s: %s of an object that is kept: status %d, want 403: %s", when, what, r.StatusCode, r.body)
			}
		}
		batch := `<Delete><Object><Key>k</Key></Object><Object><Key>none</Key></Object></Delete>`
		r := s.do(s.owner, "POST", "/kept?delete", batch, md5Header(batch)...)
		if r.want(t, 200, ""); !strings.Contains(r.body, "<Error><Key>k</Key><Code>AccessDenied</Code>") || !strings.Contains(r.body, "<Deleted><Key>none</Key></Deleted>") {
			t.Errorf("%s: batch: %s", when, r.body)
		}
		if got := s.do(s.owner, "GET", "/kept/k", "").body; got != "hello" {
			t.Fatalf("%s: the object is %q", when, got)
		}
	}
	refused("new")
	s.do(s.owner, "DELETE", "/kept", "").want(t, 409, "BucketNotEmpty")
	at.Advance(3650*days - time.Second)
	refused("a second before its end")
	s.do(s.owner, "POST", "/kept/k?legalHold&add=case", "").want(t, 200, "")
	at.Advance(3650 * days)
	refused("held")
	s.do(s.owner, "POST", "/kept/k?legalHold&remove=case", "").want(t, 200, "")

	// Whoever replaces it begins anew.
	s.keep("/kept/k", "later").want(t, 200, "")
	r := s.do(s.owner, "HEAD", "/kept/k", "")
	if got, want := r.Header.Get("Retention-Expiration-Date"), at.Now().Add(3650*days).Format(http.TimeFormat); got != want {
		t.Errorf("replaced object is kept until %s, want %s", got, want)
	}
	s.do(s.owner, "DELETE", "/kept/k", "").want(t, 403, "AccessDenied")
	at.Advance(3650 * days)
	s.do(s.owner, "DELETE", "/kept/k", "").want(t, 204, "")
	s.do(s.owner, "DELETE", "/kept", "").want(t, 204, "")
}

// upload stores an object in one part, with headers for the completion, and returns the answer to that.
func (s *server) upload(path, body string, headers ...string) *response {
	s.t.Helper()
	created := s.do(s.owner, "POST", path+"?uploads", "")
	created.want(s.t, 200, "")
	id := decode[struct{ UploadId string }](s.t, created).UploadId //nolint:revive // as in the document
	part := s.do(s.owner, "PUT", path+"?uploadId="+id+"&partNumber=1", body, md5Header(body)...)
	part.want(s.t, 200, "")
	document := "<CompleteMultipartUpload><Part><PartNumber>1</PartNumber><ETag>" + part.Header.Get("ETag") + "</ETag></Part></CompleteMultipartUpload>"
	return s.do(s.owner, "POST", path+"?uploadId="+id, document, append(headers, md5Header(document)...)...)
}

func TestRetentionOfUploadsInParts(t *testing.T) {
	s, at := protected(t)
	s.do(s.owner, "POST", "/kept/k?uploads", "", "Retention-Period", "86400").want(t, 400, "InvalidRequest")
	created := s.do(s.owner, "POST", "/kept/k?uploads", "")
	id := decode[struct{ UploadId string }](t, created).UploadId //nolint:revive // as in the document
	s.do(s.owner, "PUT", "/kept/k?uploadId="+id+"&partNumber=1", "hello").want(t, 400, "InvalidRequest")

	s.upload("/kept/default", "hello").want(t, 200, "")
	s.upload("/kept/k", "hello", "Retention-Period", "172800", "Retention-Legal-Hold-ID", "case").want(t, 200, "")
	s.upload("/kept/bad", "hello", "Retention-Period", "1").want(t, 400, "InvalidArgument")
	for path, want := range map[string]string{"/kept/default": "864000", "/kept/k": "172800"} {
		if got := s.do(s.owner, "HEAD", path, "").Header.Get("Retention-Period"); got != want {
			t.Errorf("%s: Retention-Period %s, want %s", path, got, want)
		}
	}
	at.Advance(2 * days)
	s.do(s.owner, "DELETE", "/kept/k", "").want(t, 403, "AccessDenied")
	s.do(s.owner, "POST", "/kept/k?legalHold&remove=case", "").want(t, 200, "")
	s.do(s.owner, "DELETE", "/kept/k", "").want(t, 204, "")
	s.do(s.owner, "HEAD", "/kept/bad", "").want(t, 404, "")
}

func TestRetentionOfCopies(t *testing.T) {
	s, at := protected(t)
	s.put("/bucket/plain", "hello")
	s.keep("/kept/source", "hello", "Retention-Period", "172800", "Retention-Legal-Hold-ID", "one").want(t, 200, "")
	s.do(s.owner, "POST", "/kept/source?legalHold&add=two", "").want(t, 200, "")
	at.Advance(days)
	tests := []struct {
		name, from, to string
		headers        []string
		code           string
		period, holds  string
	}{
		{"default", "kept/source", "/kept/a", nil, "", "864000", ""},
		{"COPY", "kept/source", "/kept/b", []string{"Retention-Directive", "COPY"}, "", "172800", "2"},
		{"Copy", "kept/source", "/kept/c", []string{"Retention-Directive", "Copy"}, "", "172800", "2"},
		{"REPLACE", "kept/source", "/kept/d", []string{"Retention-Directive", "REPLACE", "Retention-Period", "86400"}, "", "86400", ""},
		{"REPLACE by nothing", "kept/source", "/kept/e", []string{"Retention-Directive", "REPLACE"}, "", "864000", ""},
		{"COPY of what is not kept", "bucket/plain", "/kept/f", []string{"Retention-Directive", "COPY"}, "", "864000", ""},
		{"unknown", "kept/source", "/kept/g", []string{"Retention-Directive", "MERGE"}, "InvalidArgument", "", ""},
		{"period without REPLACE", "kept/source", "/kept/h", []string{"Retention-Period", "86400"}, "InvalidRequest", "", ""},
		{"period and COPY", "kept/source", "/kept/i", []string{"Retention-Directive", "COPY", "Retention-Period", "86400"}, "InvalidRequest", "", ""},
		{"to a bucket without a policy", "kept/source", "/bucket/j", []string{"Retention-Directive", "COPY"}, "InvalidRequest", "", ""},
		{"to a bucket without a policy, plainly", "kept/source", "/bucket/k", nil, "", "", ""},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			r := s.do(s.owner, "PUT", test.to, "", append(test.headers, "x-amz-copy-source", test.from)...)
			if test.code != "" {
				r.want(t, 400, test.code)
				return
			}
			r.want(t, 200, "")
			h := s.do(s.owner, "HEAD", test.to, "").Header
			if got := h.Get("Retention-Period"); got != test.period {
				t.Errorf("Retention-Period %q, want %q", got, test.period)
			}
			if got := h.Get("Retention-Legal-Hold-Count"); got != test.holds {
				t.Errorf("Retention-Legal-Hold-Count %q, want %q", got, test.holds)
			}
		})
	}
	// The dates of the holds are that of the copy.
	for _, hold := range s.holds("/kept/b").Holds {
		if want := at.Now().Format("Mon, 2 Jan 2006 15:04:05 GMT"); hold.Date != want {
			t.Errorf("hold %s of %s, want %s", hold.ID, hold.Date, want)
		}
	}
}

// TestPolicyDuringUpload gives a bucket a policy while an object is on its way to it, which must not be let in unkept.
func TestPolicyDuringUpload(t *testing.T) {
	s, _ := newKeeper(t)
	s.bucket("fresh")
	created := s.do(s.owner, "POST", "/fresh/k?uploads", "")
	id := decode[struct{ UploadId string }](t, created).UploadId //nolint:revive // as in the document
	part := s.do(s.owner, "PUT", "/fresh/k?uploadId="+id+"&partNumber=1", "hello")
	s.set("/fresh?protection", policy(1, 10, 100, "")).want(t, 200, "")
	document := "<CompleteMultipartUpload><Part><PartNumber>1</PartNumber><ETag>" + part.Header.Get("ETag") + "</ETag></Part></CompleteMultipartUpload>"
	s.do(s.owner, "POST", "/fresh/k?uploadId="+id, document).want(t, 200, "")
	if got := s.do(s.owner, "HEAD", "/fresh/k", "").Header.Get("Retention-Period"); got != "864000" {
		t.Errorf("Retention-Period %q, want that of the policy", got)
	}
	s.do(s.owner, "DELETE", "/fresh/k", "").want(t, 403, "AccessDenied")
}
