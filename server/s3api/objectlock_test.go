package s3api_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/icos-go/icos/server/clock"
)

// lockRule is an ObjectLockConfiguration with a default.
func lockRule(mode, period string) string {
	return `<ObjectLockConfiguration xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><ObjectLockEnabled>Enabled</ObjectLockEnabled><Rule><DefaultRetention><Mode>` +
		mode + `</Mode>` + period + `</DefaultRetention></Rule></ObjectLockConfiguration>`
}

// lockUntil is a Retention.
func lockUntil(mode string, until time.Time) string {
	return "<Retention><Mode>" + mode + "</Mode><RetainUntilDate>" + until.Format(time.RFC3339Nano) + "</RetainUntilDate></Retention>"
}

// locking returns a server with a bucket "locked" that has object lock and no default.
func locking(t testing.TB) (*server, *clock.Clock) {
	t.Helper()
	s, at := newKeeper(t)
	s.bucket("locked", "x-amz-bucket-object-lock-enabled", "true")
	return s, at
}

// version is the id of the version that an answer is about.
func version(t testing.TB, r *response) string {
	t.Helper()
	r.want(t, r.StatusCode, "")
	id := r.Header.Get("X-Amz-Version-Id")
	if id == "" {
		t.Fatalf("%s: no version id", r.what)
	}
	return id
}

func TestObjectLockConfiguration(t *testing.T) {
	s, _ := locking(t)
	r := s.do(s.owner, "GET", "/locked?object-lock", "")
	r.want(t, 200, "")
	if !strings.HasSuffix(r.body, "<ObjectLockEnabled>Enabled</ObjectLockEnabled></ObjectLockConfiguration>") || r.Header.Get("X-Ibm-Protection-Management-State") != "active" {
		t.Errorf("configuration %s, state %q", r.body, r.Header.Get("X-Ibm-Protection-Management-State"))
	}
	if r := s.do(s.owner, "GET", "/locked?versioning", ""); !strings.Contains(r.body, "<Status>Enabled</Status>") {
		t.Errorf("versioning of a bucket made with object lock: %s", r.body)
	}
	s.do(s.owner, "PUT", "/locked?object-lock", lockRule("COMPLIANCE", "<Days>1</Days>")).want(t, 400, "InvalidRequest") // no digest
	for _, test := range []struct{ body, code string }{
		{lockRule("COMPLIANCE", "<Days>1</Days><Years>1</Years>"), "MalformedXML"},
		{lockRule("COMPLIANCE", ""), "MalformedXML"},
		{lockRule("compliance", "<Days>1</Days>"), "MalformedXML"},
		{lockRule("COMPLIANCE", "<Days>one</Days>"), "MalformedXML"},
		{lockRule("COMPLIANCE", "<Days>0</Days>"), "InvalidRetentionPeriod"},
		{lockRule("COMPLIANCE", "<Years>-1</Years>"), "InvalidRetentionPeriod"},
		{lockRule("COMPLIANCE", "<Days>36501</Days>"), "InvalidRetentionPeriod"},
		{lockRule("COMPLIANCE", "<Years>101</Years>"), "InvalidRetentionPeriod"},
		{strings.Replace(lockRule("COMPLIANCE", "<Days>1</Days>"), "Enabled</", "Disabled</", 1), "MalformedXML"},
		{"<ObjectLockConfiguration><ObjectLockEnabled>Enabled</ObjectLockEnabled><Rule/></ObjectLockConfiguration>", "MalformedXML"},
	} {
		s.set("/locked?object-lock", test.body).want(t, 400, test.code)
	}
	s.set("/locked?object-lock", lockRule("GOVERNANCE", "<Years>100</Years>")).want(t, 200, "")
	r = s.do(s.owner, "GET", "/locked?object-lock", "")
	if !strings.HasSuffix(r.body, "<Rule><DefaultRetention><Mode>GOVERNANCE</Mode><Years>100</Years></DefaultRetention></Rule></ObjectLockConfiguration>") {
		t.Errorf("configuration %s", r.body)
	}
	// Without a rule there is no default any more. IBM's documents write ENABLED in places.
	s.set("/locked?object-lock", "<ObjectLockConfiguration><ObjectLockEnabled>ENABLED</ObjectLockEnabled></ObjectLockConfiguration>").want(t, 200, "")
	if r := s.do(s.owner, "GET", "/locked?object-lock", ""); strings.Contains(r.body, "Rule") {
		t.Errorf("configuration %s, want no rule", r.body)
	}
	s.set("/locked?versioning", "<VersioningConfiguration><Status>Suspended</Status></VersioningConfiguration>").want(t, 409, "InvalidBucketState")

	s.do(s.owner, "GET", "/bucket?object-lock", "").want(t, 404, "ObjectLockConfigurationNotFoundError")
	s.set("/bucket?object-lock", lockRule("COMPLIANCE", "<Days>1</Days>")).want(t, 409, "InvalidBucketState")
	s.set("/bucket?versioning", "<VersioningConfiguration><Status>Enabled</Status></VersioningConfiguration>").want(t, 200, "")
	s.set("/bucket?object-lock", lockRule("COMPLIANCE", "<Days>1</Days>")).want(t, 200, "")
	s.do(s.other, "GET", "/locked?object-lock", "").want(t, 403, "AccessDenied")
}

func TestLocksOfWrites(t *testing.T) {
	s, at := locking(t)
	until := at.Now().Add(30 * days)
	lock := func(mode string, date time.Time, more ...string) []string {
		return append(more, "x-amz-object-lock-mode", mode, "x-amz-object-lock-retain-until-date", date.Format(time.RFC3339Nano))
	}
	tests := []struct {
		name    string
		headers []string
		code    string
		want    string // mode, date and hold of the object
	}{
		{"none", nil, "", "  "},
		{"compliance", lock("COMPLIANCE", until), "", "COMPLIANCE 2026-03-31T12:00:00.000Z "},
		{"governance, and a hold", lock("GOVERNANCE", until, "x-amz-object-lock-legal-hold", "ON"), "", "GOVERNANCE 2026-03-31T12:00:00.000Z ON"},
		{"hold alone", []string{"x-amz-object-lock-legal-hold", "ON"}, "", "  ON"},
		{"no hold", []string{"x-amz-object-lock-legal-hold", "OFF"}, "", "  "},
		{"fraction of a second", lock("COMPLIANCE", until.Add(time.Millisecond)), "", "COMPLIANCE 2026-03-31T12:00:01.000Z "},
		{"far future", lock("COMPLIANCE", time.Date(9998, 1, 1, 0, 0, 0, 0, time.UTC)), "", "COMPLIANCE 9998-01-01T00:00:00.000Z "},
		{"no date", []string{"x-amz-object-lock-mode", "COMPLIANCE"}, "InvalidArgument", ""},
		{"no mode", []string{"x-amz-object-lock-retain-until-date", until.Format(time.RFC3339)}, "InvalidArgument", ""},
		{"unknown mode", lock("STRICT", until), "InvalidArgument", ""},
		{"past", lock("COMPLIANCE", at.Now()), "InvalidArgument", ""},
		{"no date at all", []string{"x-amz-object-lock-mode", "COMPLIANCE", "x-amz-object-lock-retain-until-date", "soon"}, "InvalidArgument", ""},
		{"unknown hold", []string{"x-amz-object-lock-legal-hold", "MAYBE"}, "InvalidArgument", ""},
	}
	state := func(path string) string {
		h := s.do(s.owner, "HEAD", path, "").Header
		return h.Get("X-Amz-Object-Lock-Mode") + " " + h.Get("X-Amz-Object-Lock-Retain-Until-Date") + " " + h.Get("X-Amz-Object-Lock-Legal-Hold")
	}
	s.put("/bucket/source", "hello")
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			writes := map[string]*response{
				"/locked/put":  s.keep("/locked/put", "hello", test.headers...),
				"/locked/copy": s.do(s.owner, "PUT", "/locked/copy", "", append(test.headers, "x-amz-copy-source", "bucket/source")...),
			}
			created := s.do(s.owner, "POST", "/locked/parts?uploads", "", test.headers...)
			if test.code != "" {
				created.want(t, 400, test.code)
				for _, r := range writes {
					r.want(t, 400, test.code)
				}
				return
			}
			created.want(t, 200, "")
			writes["/locked/parts"] = s.finish("/locked/parts", created)
			for path, r := range writes {
				r.want(t, 200, "")
				if got := state(path); got != test.want {
					t.Errorf("%s: lock %q, want %q", path, got, test.want)
				}
			}
		})
	}
	s.do(s.owner, "PUT", "/locked/k", "hello", lock("COMPLIANCE", until)...).want(t, 400, "InvalidRequest") // no digest
	s.keep("/bucket/k", "hello", lock("COMPLIANCE", until)...).want(t, 400, "InvalidRequest")               // no object lock
	s.do(s.owner, "PUT", "/locked?acl", "", "x-amz-acl", "public-read-write").want(t, 200, "")
	s.do(s.other, "PUT", "/locked/k", "hello", append(lock("COMPLIANCE", until), md5Header("hello")...)...).want(t, 403, "AccessDenied")

	// The default counts from when the object is there, and gives way to what a write says.
	s.set("/locked?object-lock", lockRule("GOVERNANCE", "<Days>1</Days>")).want(t, 200, "")
	created := s.do(s.owner, "POST", "/locked/late?uploads", "")
	at.Advance(5 * days)
	s.finish("/locked/late", created).want(t, 200, "")
	s.put("/locked/default", "hello")
	s.keep("/locked/explicit", "hello", lock("COMPLIANCE", until)...).want(t, 200, "")
	s.keep("/locked/held", "hello", "x-amz-object-lock-legal-hold", "ON").want(t, 200, "")
	for path, want := range map[string]string{
		"/locked/late":     "GOVERNANCE 2026-03-07T12:00:00.000Z ",
		"/locked/default":  "GOVERNANCE 2026-03-07T12:00:00.000Z ",
		"/locked/explicit": "COMPLIANCE 2026-03-31T12:00:00.000Z ",
		"/locked/held":     "GOVERNANCE 2026-03-07T12:00:00.000Z ON",
	} {
		if got := state(path); got != want {
			t.Errorf("%s: lock %q, want %q", path, got, want)
		}
	}
}

// finish completes an upload that was created, with one part.
func (s *server) finish(path string, created *response) *response {
	s.t.Helper()
	id := decode[struct{ UploadId string }](s.t, created).UploadId //nolint:revive // as in the document
	part := s.do(s.owner, "PUT", path+"?uploadId="+id+"&partNumber=1", "hello")
	part.want(s.t, 200, "")
	return s.do(s.owner, "POST", path+"?uploadId="+id,
		"<CompleteMultipartUpload><Part><PartNumber>1</PartNumber><ETag>"+part.Header.Get("ETag")+"</ETag></Part></CompleteMultipartUpload>")
}

// TestLockedVersions goes through the life of versions in each mode.
func TestLockedVersions(t *testing.T) {
	bypass := []string{"x-amz-bypass-governance-retention", "true"}
	for _, mode := range []string{"GOVERNANCE", "COMPLIANCE"} {
		t.Run(mode, func(t *testing.T) {
			s, at := locking(t)
			until := at.Now().Add(365 * days)
			id := version(t, s.keep("/locked/k", "one", "x-amz-object-lock-mode", mode, "x-amz-object-lock-retain-until-date", until.Format(time.RFC3339)))
			path := "/locked/k?versionId=" + id

			// Writing makes a version beside it, and deleting hides it.
			s.put("/locked/k", "two")
			marker := s.do(s.owner, "DELETE", "/locked/k", "")
			marker.want(t, 204, "")
			s.do(s.owner, "GET", "/locked/k", "").want(t, 404, "NoSuchKey")
			s.do(s.owner, "DELETE", "/locked/k?versionId="+version(t, marker), "").want(t, 204, "") // markers are not protected
			intact := func(when string) {
				t.Helper()
				if got := s.do(s.owner, "GET", path, "").body; got != "one" {
					t.Fatalf("%s: the version is %q", when, got)
				}
			}
			s.do(s.owner, "DELETE", path, "").want(t, 403, "AccessDenied")
			batch := "<Delete><Object><Key>k</Key><VersionId>" + id + "</VersionId></Object></Delete>"
			if r := s.do(s.owner, "POST", "/locked?delete", batch, md5Header(batch)...); !strings.Contains(r.body, "<Code>AccessDenied</Code>") {
				t.Errorf("batch: %s", r.body)
			}
			intact("locked")

			// Longer is always possible; shorter, weaker and none are not.
			s.set("/locked/k?retention&versionId="+id, lockUntil(mode, until.Add(days))).want(t, 200, "")
			weaker := map[string]string{
				"shorter":    lockUntil(mode, until),
				"other mode": lockUntil(map[string]string{"GOVERNANCE": "COMPLIANCE", "COMPLIANCE": "GOVERNANCE"}[mode], until.Add(2*days)),
				"none":       "<Retention/>",
			}
			for name, body := range weaker {
				if r := s.set("/locked/k?retention&versionId="+id, body); r.StatusCode != 403 {
					t.Errorf("%s: status %d, want 403", name, r.StatusCode)
				}
			}
			r := s.do(s.owner, "GET", "/locked/k?retention&versionId="+id, "")
			if want := "<Mode>" + mode + "</Mode><RetainUntilDate>2027-03-02T12:00:00.000Z</RetainUntilDate></Retention>"; !strings.HasSuffix(r.body, want) {
				t.Errorf("retention %s, want %s", r.body, want)
			}

			// With the right to bypass, governance gives way. Compliance does not.
			status, code := 200, ""
			if mode == "COMPLIANCE" {
				status, code = 403, "AccessDenied"
			}
			s.set("/locked/k?retention&versionId="+id, weaker["shorter"], bypass...).want(t, status, code)
			s.set("/locked/k?retention&versionId="+id, weaker["none"], bypass...).want(t, status, code)
			s.set("/locked/k?retention&versionId="+id, lockUntil(mode, until.Add(days))).want(t, 200, "")

			// A hold does not give way at all, and goes on after the end of the retention.
			s.set("/locked/k?legal-hold&versionId="+id, "<LegalHold><Status>ON</Status></LegalHold>").want(t, 200, "")
			s.do(s.owner, "DELETE", path, "", bypass...).want(t, 403, "AccessDenied")
			at.Advance(366 * days)
			s.do(s.owner, "DELETE", path, "", bypass...).want(t, 403, "AccessDenied")
			intact("held")
			if r := s.do(s.owner, "GET", "/locked/k?legal-hold&versionId="+id, ""); !strings.Contains(r.body, "<Status>ON</Status>") {
				t.Errorf("hold: %s", r.body)
			}
			s.set("/locked/k?legal-hold&versionId="+id, "<LegalHold><Status>OFF</Status></LegalHold>").want(t, 200, "")
			s.do(s.owner, "DELETE", path, "").want(t, 204, "")
			s.do(s.owner, "GET", path, "").want(t, 404, "NoSuchVersion")
		})
	}
}

func TestBypassOfGovernance(t *testing.T) {
	s, at := locking(t)
	lock := []string{"x-amz-object-lock-mode", "GOVERNANCE", "x-amz-object-lock-retain-until-date", at.Now().Add(days).Format(time.RFC3339)}
	one, two := version(t, s.keep("/locked/one", "hello", lock...)), version(t, s.keep("/locked/two", "hello", lock...))
	s.do(s.owner, "DELETE", "/locked/one?versionId="+one, "", "x-amz-bypass-governance-retention", "false").want(t, 403, "AccessDenied")
	s.do(s.owner, "DELETE", "/locked/one?versionId="+one, "", "x-amz-bypass-governance-retention", "true").want(t, 204, "")
	batch := "<Delete><Object><Key>two</Key><VersionId>" + two + "</VersionId></Object></Delete>"
	if r := s.do(s.owner, "POST", "/locked?delete", batch, append(md5Header(batch), "x-amz-bypass-governance-retention", "true")...); !strings.Contains(r.body, "<Deleted>") {
		t.Errorf("batch: %s", r.body)
	}
	// The bucket is open to others, but not its locks.
	s.do(s.owner, "PUT", "/locked?acl", "", "x-amz-acl", "public-read-write").want(t, 200, "")
	three := version(t, s.keep("/locked/three", "hello", lock...))
	s.do(s.other, "DELETE", "/locked/three?versionId="+three, "", "x-amz-bypass-governance-retention", "true").want(t, 403, "AccessDenied")
}

func TestVersionLockErrors(t *testing.T) {
	s, at := locking(t)
	s.put("/locked/k", "hello")
	s.put("/bucket/k", "hello")
	valid, on := lockUntil("COMPLIANCE", at.Now().Add(days)), "<LegalHold><Status>ON</Status></LegalHold>"
	for _, sub := range []struct{ name, body string }{{"retention", valid}, {"legal-hold", on}} {
		s.do(s.owner, "GET", "/bucket/k?"+sub.name, "").want(t, 400, "InvalidRequest")
		s.set("/bucket/k?"+sub.name, sub.body).want(t, 400, "InvalidRequest")
		s.do(s.owner, "PUT", "/locked/k?"+sub.name, sub.body).want(t, 400, "InvalidRequest") // no digest
		s.do(s.owner, "GET", "/locked/none?"+sub.name, "").want(t, 404, "NoSuchKey")
		s.set("/locked/none?"+sub.name, sub.body).want(t, 404, "NoSuchKey")
		s.do(s.owner, "GET", "/locked/k?versionId=0000&"+sub.name, "").want(t, 404, "NoSuchVersion")
		s.set("/locked/k?versionId=0000&"+sub.name, sub.body).want(t, 404, "NoSuchVersion")
		s.set("/locked/k?versionId=&"+sub.name, sub.body).want(t, 400, "InvalidArgument")
		s.set("/locked/k?"+sub.name, "<Tagging/>").want(t, 400, "MalformedXML")
		s.do(s.other, "GET", "/locked/k?"+sub.name, "").want(t, 403, "AccessDenied")
	}
	s.do(s.owner, "GET", "/locked/k?retention", "").want(t, 404, "NoSuchObjectLockConfiguration")
	if r := s.do(s.owner, "GET", "/locked/k?legal-hold", ""); !strings.Contains(r.body, "<Status>OFF</Status>") {
		t.Errorf("hold: %s", r.body)
	}
	s.set("/locked/k?legal-hold", "<LegalHold><Status>on</Status></LegalHold>").want(t, 400, "MalformedXML")
	s.set("/locked/k?legal-hold", "<LegalHold/>").want(t, 400, "MalformedXML")
	s.set("/locked/k?retention", lockUntil("COMPLIANCE", at.Now())).want(t, 400, "InvalidArgument")
	for _, body := range []string{
		lockUntil("compliance", at.Now().Add(days)),
		"<Retention><Mode>COMPLIANCE</Mode></Retention>",
		"<Retention><Mode>COMPLIANCE</Mode><RetainUntilDate>soon</RetainUntilDate></Retention>",
	} {
		s.set("/locked/k?retention", body).want(t, 400, "MalformedXML")
	}
	// RFC 822 is a date too.
	s.set("/locked/k?retention", strings.Replace(valid, at.Now().Add(days).Format(time.RFC3339Nano), at.Now().Add(days).Format(http.TimeFormat), 1)).want(t, 200, "")
}
