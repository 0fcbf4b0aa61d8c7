package s3api_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/icos-go/icos/server/clock"
)

func lifecycleRule(inner string) string {
	return "<Rule><ID>r</ID><Status>Enabled</Status>" + inner + "</Rule>"
}

func (s *server) putLifecycle(rules string) *response {
	s.t.Helper()
	body := "<LifecycleConfiguration>" + rules + "</LifecycleConfiguration>"
	return s.do(s.owner, "PUT", "/bucket?lifecycle", body, md5Header(body)...)
}

func TestLifecycleConfiguration(t *testing.T) {
	s := newServer(t, serverOptions{})
	s.do(s.owner, "GET", "/bucket?lifecycle", "").want(t, 404, "NoSuchLifecycleConfiguration")
	s.do(s.owner, "DELETE", "/bucket?lifecycle", "").want(t, 404, "NoSuchLifecycleConfiguration")

	// As IBM's SDKs write it, with a namespace and in their order.
	body := `<LifecycleConfiguration xmlns="http://s3.amazonaws.com/doc/2006-03-01/">
	<Rule><Expiration><Days>30</Days></Expiration><ID>logs</ID><Filter><Prefix>logs/</Prefix></Filter><Status>Enabled</Status></Rule>
	<Rule><ID>cold</ID><Filter /><Status>Enabled</Status><Transition><Days>0</Days><StorageClass>GLACIER</StorageClass></Transition></Rule>
	<Rule><ID>old</ID><Filter><Prefix/></Filter><Status>Disabled</Status><NoncurrentVersionExpiration><NoncurrentDays>3</NoncurrentDays><NewerNoncurrentVersions>2</NewerNoncurrentVersions></NoncurrentVersionExpiration></Rule>
	<Rule><ID>and</ID><Filter><And><Prefix>a&amp;b/</Prefix><Tag><Key>k</Key><Value>v</Value></Tag><ObjectSizeGreaterThan>10</ObjectSizeGreaterThan></And></Filter><Status>Enabled</Status><Expiration><Date>2090-06-01T00:00:00.000Z</Date></Expiration></Rule>
	<Rule><ID>marker</ID><Prefix>old-clients/</Prefix><Status>Enabled</Status><Expiration><ExpiredObjectDeleteMarker>true</ExpiredObjectDeleteMarker></Expiration><AbortIncompleteMultipartUpload><DaysAfterInitiation>7</DaysAfterInitiation></AbortIncompleteMultipartUpload></Rule>
	</LifecycleConfiguration>`
	s.do(s.owner, "PUT", "/bucket?lifecycle", body).want(t, 400, "InvalidRequest") // no digest
	s.do(s.other, "PUT", "/bucket?lifecycle", body, md5Header(body)...).want(t, 403, "AccessDenied")
	s.do(s.owner, "PUT", "/bucket?lifecycle", body, md5Header(body)...).want(t, 200, "")

	const want = `<LifecycleConfiguration xmlns="http://s3.amazonaws.com/doc/2006-03-01/">` +
		`<Rule><ID>logs</ID><Filter><Prefix>logs/</Prefix></Filter><Status>Enabled</Status><Expiration><Days>30</Days></Expiration></Rule>` +
		`<Rule><ID>cold</ID><Filter></Filter><Status>Enabled</Status><Transition><Days>0</Days><StorageClass>GLACIER</StorageClass></Transition></Rule>` +
		`<Rule><ID>old</ID><Filter></Filter><Status>Disabled</Status><NoncurrentVersionExpiration><NoncurrentDays>3</NoncurrentDays><NewerNoncurrentVersions>2</NewerNoncurrentVersions></NoncurrentVersionExpiration></Rule>` +
		`<Rule><ID>and</ID><Filter><And><Prefix>a&amp;b/</Prefix><Tag><Key>k</Key><Value>v</Value></Tag><ObjectSizeGreaterThan>10</ObjectSizeGreaterThan></And></Filter><Status>Enabled</Status><Expiration><Date>2090-06-01T00:00:00.000Z</Date></Expiration></Rule>` +
		`<Rule><ID>marker</ID><Filter><Prefix>old-clients/</Prefix></Filter><Status>Enabled</Status><Expiration><ExpiredObjectDeleteMarker>true</ExpiredObjectDeleteMarker></Expiration><AbortIncompleteMultipartUpload><DaysAfterInitiation>7</DaysAfterInitiation></AbortIncompleteMultipartUpload></Rule>` +
		`</LifecycleConfiguration>`
	r := s.do(s.owner, "GET", "/bucket?lifecycle", "")
	r.want(t, 200, "")
	if _, got, _ := strings.Cut(r.body, "\n"); got != want {
		t.Errorf("the configuration reads\n%s, want\n%s", got, want)
	}
	s.do(s.other, "GET", "/bucket?lifecycle", "").want(t, 403, "AccessDenied")
	s.do(s.owner, "DELETE", "/bucket?lifecycle", "").want(t, 204, "")
	s.do(s.owner, "GET", "/bucket?lifecycle", "").want(t, 404, "NoSuchLifecycleConfiguration")

	// A rule without an ID is given one.
	body = "<LifecycleConfiguration><Rule><Filter/><Status>Enabled</Status><Expiration><Days>1</Days></Expiration></Rule></LifecycleConfiguration>"
	s.do(s.owner, "PUT", "/bucket?lifecycle", body, md5Header(body)...).want(t, 200, "")
	if r := s.do(s.owner, "GET", "/bucket?lifecycle", ""); strings.Contains(r.body, "<ID></ID>") || !strings.Contains(r.body, "<ID>") {
		t.Errorf("a rule without ID reads %s", r.body)
	}
}

func TestLifecycleConfigurationsThatAreRefused(t *testing.T) {
	s := newServer(t, serverOptions{})
	const expire = "<Filter/><Expiration><Days>1</Days></Expiration>"
	many := func(n int) string {
		var b strings.Builder
		for i := range n {
			fmt.Fprintf(&b, "<Rule><ID>%d</ID><Status>Enabled</Status>%s</Rule>", i, expire)
		}
		return b.String()
	}
	const archive = "<Filter/><Transition><Days>1</Days><StorageClass>GLACIER</StorageClass></Transition>"
	tests := []struct {
		name, rules string
		status      int
		code        string
	}{
		{"no rules", "", 400, "MalformedXML"},
		{"1001 rules", many(1001), 400, "MalformedXML"},
		{"unknown element", lifecycleRule(expire + "<Colour/>"), 400, "MalformedXML"},
		{"no status", "<Rule>" + expire + "</Rule>", 400, "MalformedXML"},
		{"unknown status", "<Rule><Status>On</Status>" + expire + "</Rule>", 400, "MalformedXML"},
		{"no filter", lifecycleRule("<Expiration><Days>1</Days></Expiration>"), 400, "MalformedXML"},
		{"filter and prefix", lifecycleRule("<Filter/><Prefix>p</Prefix><Expiration><Days>1</Days></Expiration>"), 400, "MalformedXML"},
		{"two conditions without And", lifecycleRule("<Filter><Prefix>p</Prefix><ObjectSizeLessThan>9</ObjectSizeLessThan></Filter><Expiration><Days>1</Days></Expiration>"), 400, "MalformedXML"},
		{"two expirations", lifecycleRule(expire + "<Expiration><Days>1</Days></Expiration>"), 400, "MalformedXML"},
		{"no action", lifecycleRule("<Filter/>"), 400, "InvalidRequest"},
		{"bad ID", "<Rule><ID>a b</ID><Status>Enabled</Status>" + expire + "</Rule>", 400, "InvalidArgument"},
		{"long ID", "<Rule><ID>" + strings.Repeat("x", 256) + "</ID><Status>Enabled</Status>" + expire + "</Rule>", 400, "InvalidArgument"},
		{"same ID twice", lifecycleRule(expire) + lifecycleRule(expire), 400, "InvalidArgument"},
		{"expiration in 0 days", lifecycleRule("<Filter/><Expiration><Days>0</Days></Expiration>"), 400, "InvalidArgument"},
		{"expiration in no number of days", lifecycleRule("<Filter/><Expiration><Days>1.5</Days></Expiration>"), 400, "MalformedXML"},
		{"expiration in a million days", lifecycleRule("<Filter/><Expiration><Days>1000000</Days></Expiration>"), 400, "InvalidArgument"},
		{"expiration on no date", lifecycleRule("<Filter/><Expiration><Date>tomorrow</Date></Expiration>"), 400, "InvalidArgument"},
		{"expiration twice", lifecycleRule("<Filter/><Expiration><Days>1</Days><ExpiredObjectDeleteMarker>true</ExpiredObjectDeleteMarker></Expiration>"), 400, "MalformedXML"},
		{"empty expiration", lifecycleRule("<Filter/><Expiration/>"), 400, "MalformedXML"},
		{"markers by tag", lifecycleRule("<Filter><Tag><Key>k</Key><Value/></Tag></Filter><Expiration><ExpiredObjectDeleteMarker>true</ExpiredObjectDeleteMarker></Expiration>"), 400, "InvalidRequest"},
		{"transition in -1 days", lifecycleRule("<Filter/><Transition><Days>-1</Days><StorageClass>GLACIER</StorageClass></Transition>"), 400, "InvalidArgument"},
		{"transition in the past", lifecycleRule("<Filter/><Transition><Date>2020-01-01T00:00:00Z</Date><StorageClass>GLACIER</StorageClass></Transition>"), 400, "InvalidArgument"},
		{"transition at no time", lifecycleRule("<Filter/><Transition><StorageClass>GLACIER</StorageClass></Transition>"), 400, "MalformedXML"},
		{"transition to another class", lifecycleRule("<Filter/><Transition><Days>1</Days><StorageClass>STANDARD_IA</StorageClass></Transition>"), 400, "MalformedXML"},
		{"transition of a prefix", lifecycleRule(strings.Replace(archive, "<Filter/>", "<Filter><Prefix>p</Prefix></Filter>", 1)), 400, "InvalidRequest"},
		{"two transitions", lifecycleRule(archive) + strings.Replace(lifecycleRule(archive), ">r<", ">s<", 1), 400, "InvalidRequest"},
		{"noncurrent transition", lifecycleRule("<Filter/><NoncurrentVersionTransition/>"), 501, "NotImplemented"},
		{"noncurrent in 0 days", lifecycleRule("<Filter/><NoncurrentVersionExpiration><NoncurrentDays>0</NoncurrentDays></NoncurrentVersionExpiration>"), 400, "InvalidArgument"},
		{"101 noncurrent versions", lifecycleRule("<Filter/><NoncurrentVersionExpiration><NoncurrentDays>1</NoncurrentDays><NewerNoncurrentVersions>101</NewerNoncurrentVersions></NoncurrentVersionExpiration>"), 400, "InvalidArgument"},
		{"abort in 0 days", lifecycleRule("<Filter/><AbortIncompleteMultipartUpload><DaysAfterInitiation>0</DaysAfterInitiation></AbortIncompleteMultipartUpload>"), 400, "InvalidArgument"},
		{"abort by tag", lifecycleRule("<Filter><Tag><Key>k</Key><Value>v</Value></Tag></Filter><AbortIncompleteMultipartUpload><DaysAfterInitiation>1</DaysAfterInitiation></AbortIncompleteMultipartUpload>"), 400, "InvalidRequest"},
		{"tag without key", lifecycleRule("<Filter><Tag><Value>v</Value></Tag></Filter><Expiration><Days>1</Days></Expiration>"), 400, "InvalidTag"},
		{"one tag twice", lifecycleRule("<Filter><And><Tag><Key>k</Key><Value>v</Value></Tag><Tag><Key>k</Key><Value>w</Value></Tag></And></Filter><Expiration><Days>1</Days></Expiration>"), 400, "InvalidRequest"},
		{"sizes that exclude each other", lifecycleRule("<Filter><And><ObjectSizeGreaterThan>9</ObjectSizeGreaterThan><ObjectSizeLessThan>9</ObjectSizeLessThan></And></Filter><Expiration><Days>1</Days></Expiration>"), 400, "InvalidRequest"},
		{"size that is no number", lifecycleRule("<Filter><ObjectSizeLessThan>-1</ObjectSizeLessThan></Filter><Expiration><Days>1</Days></Expiration>"), 400, "MalformedXML"},
		{"long prefix", lifecycleRule("<Filter><Prefix>" + strings.Repeat("p", 1025) + "</Prefix></Filter><Expiration><Days>1</Days></Expiration>"), 400, "InvalidRequest"},
	}
	for _, test := range tests {
		r := s.putLifecycle(test.rules)
		r.what = test.name
		r.want(t, test.status, test.code)
	}
	s.do(s.owner, "GET", "/bucket?lifecycle", "").want(t, 404, "NoSuchLifecycleConfiguration")
	s.putLifecycle(many(1000)).want(t, 200, "")
}

// archiveServer is a server whose clock of objects begins at a given time.
func archiveServer(t *testing.T) (*server, *clock.Clock) {
	t.Helper()
	c := clock.New(nil)
	c.Set(time.Date(2030, 4, 15, 5, 10, 0, 0, time.UTC))
	return newServer(t, serverOptions{today: c.Now, minPart: -1}), c
}

func TestExpirationAndAbortHeaders(t *testing.T) {
	s, _ := archiveServer(t)
	const expiry = `expiry-date="Fri, 26 Apr 2030 00:00:00 GMT", rule-id="r"`
	s.putLifecycle(lifecycleRule("<Filter><Prefix>logs/</Prefix></Filter><Expiration><Days>10</Days></Expiration><AbortIncompleteMultipartUpload><DaysAfterInitiation>2</DaysAfterInitiation></AbortIncompleteMultipartUpload>")).want(t, 200, "")
	check := func(r *response, want string) {
		t.Helper()
		if got := r.Header.Get("X-Amz-Expiration"); r.StatusCode != 200 || got != want {
			t.Errorf("%s: %d, x-amz-expiration %q, want %q", r.what, r.StatusCode, got, want)
		}
	}
	check(s.put("/bucket/logs/a", "x"), expiry)
	check(s.do(s.owner, "GET", "/bucket/logs/a", ""), expiry)
	check(s.do(s.owner, "HEAD", "/bucket/logs/a", ""), expiry)
	check(s.do(s.owner, "PUT", "/bucket/logs/b", "", "X-Amz-Copy-Source", "/bucket/logs/a"), expiry)
	check(s.put("/bucket/other", "x"), "")
	check(s.do(s.owner, "HEAD", "/bucket/other", ""), "")

	r := s.do(s.owner, "POST", "/bucket/logs/c?uploads", "")
	r.want(t, 200, "")
	id := decode[struct{ UploadId string }](t, r).UploadId //nolint:revive // as in the document
	list := s.do(s.owner, "GET", "/bucket/logs/c?uploadId="+id, "")
	for _, r := range []*response{r, list} {
		if date, rule := r.Header.Get("X-Amz-Abort-Date"), r.Header.Get("X-Amz-Abort-Rule-Id"); date != "Thu, 18 Apr 2030 00:00:00 GMT" || rule != "r" {
			t.Errorf("%s: abort at %q by %q", r.what, date, rule)
		}
	}
	part := s.do(s.owner, "PUT", "/bucket/logs/c?partNumber=1&uploadId="+id, "x")
	check(s.do(s.owner, "POST", "/bucket/logs/c?uploadId="+id,
		"<CompleteMultipartUpload><Part><PartNumber>1</PartNumber><ETag>"+part.Header.Get("Etag")+"</ETag></Part></CompleteMultipartUpload>"), expiry)
	if r := s.do(s.owner, "POST", "/bucket/other?uploads", ""); r.Header.Get("X-Amz-Abort-Date") != "" {
		t.Errorf("an upload of another prefix is aborted at %s", r.Header.Get("X-Amz-Abort-Date"))
	}
}

func TestArchiveAndRestore(t *testing.T) {
	s, c := archiveServer(t)
	s.put("/bucket/before", "before")
	s.putLifecycle(lifecycleRule("<Filter><Prefix/></Filter><Transition><Days>20</Days><StorageClass>GLACIER</StorageClass></Transition>")).want(t, 200, "")
	restore := func(days int, tier string) *response {
		t.Helper()
		job := ""
		if tier != "" {
			job = "<GlacierJobParameters><Tier>" + tier + "</Tier></GlacierJobParameters>"
		}
		body := fmt.Sprintf("<RestoreRequest><Days>%d</Days>%s</RestoreRequest>", days, job)
		return s.do(s.owner, "POST", "/bucket/k?restore", body, md5Header(body)...)
	}
	// state checks the headers that tell where the object is, and whether it can be read.
	state := func(step string, readable bool, class, again string) {
		t.Helper()
		head := s.do(s.owner, "HEAD", "/bucket/k", "")
		if got := head.Header.Get("X-Amz-Storage-Class"); head.StatusCode != 200 || got != class {
			t.Errorf("%s: HEAD %d, class %q, want %q", step, head.StatusCode, got, class)
		}
		if got := head.Header.Get("X-Amz-Restore"); got != again {
			t.Errorf("%s: x-amz-restore %q, want %q", step, got, again)
		}
		if got := head.Header.Get("X-Ibm-Transition"); got != `transition="ARCHIVE", date="Sun, 05 May 2030 05:10:00 GMT"` {
			t.Errorf("%s: x-ibm-transition %q", step, got)
		}
		copied := ""
		if again != "" {
			copied = "Standard"
		}
		if got := head.Header.Get("X-Ibm-Restored-Copy-Storage-Class"); got != copied {
			t.Errorf("%s: x-ibm-restored-copy-storage-class %q, want %q", step, got, copied)
		}
		scheduled := head.Header.Get("X-Ibm-Archive-Transition-Time")
		if want := "Sun, 05 May 2030 05:10:00 GMT"; (scheduled == want) != (class == "") {
			t.Errorf("%s: x-ibm-archive-transition-time %q", step, scheduled)
		}
		get := s.do(s.owner, "GET", "/bucket/k", "")
		copyTo := s.do(s.owner, "PUT", "/bucket/copy", "", "X-Amz-Copy-Source", "/bucket/k")
		listed := class
		if listed == "" {
			listed = "STANDARD"
		}
		for _, path := range []string{"/bucket?prefix=k", "/bucket?list-type=2&prefix=k"} {
			if r := s.do(s.owner, "GET", path, ""); !strings.Contains(r.body, "<StorageClass>"+listed+"</StorageClass>") {
				t.Errorf("%s: %s does not list it as %s: %s", step, path, listed, r.body)
			}
		}
		if !readable {
			get.want(t, 403, "InvalidObjectState")
			copyTo.want(t, 403, "InvalidObjectState")
			return
		}
		get.want(t, 200, "")
		copyTo.want(t, 200, "")
		if get.body != "hello" {
			t.Errorf("%s: body %q", step, get.body)
		}
	}
	const ongoing = `ongoing-request="true"`
	until := func(date string) string { return `ongoing-request="false", expiry-date="` + date + `"` }

	c.Set(time.Date(2030, 4, 15, 5, 10, 0, 0, time.UTC))
	s.put("/bucket/k", "hello")
	c.Set(time.Date(2030, 5, 5, 5, 9, 0, 0, time.UTC))
	// Dates are by the second, and the object is some milliseconds older.
	state("scheduled", true, "", "")
	restore(1, "Bulk").want(t, 403, "ObjectAlreadyInActiveTierError")

	c.Advance(2 * time.Minute)
	state("archived", false, "GLACIER", "")
	s.do(s.owner, "GET", "/bucket/before", "").want(t, 200, "") // written before the policy
	if r := s.do(s.owner, "HEAD", "/bucket/before", ""); r.Header.Get("X-Ibm-Transition") != "" {
		t.Error("an object from before the policy is archived")
	}
	s.do(s.owner, "GET", "/bucket/k", "", "If-None-Match", `"5d41402abc4b2a76b9719d911017c592"`).want(t, 304, "")

	restore(0, "Bulk").want(t, 400, "InvalidArgument")
	restore(1, "Expedited").want(t, 400, "MalformedXML")
	restore(1, "Accelerated").want(t, 400, "InvalidArgument")
	s.do(s.owner, "POST", "/bucket/k?restore", "<RestoreRequest/>").want(t, 400, "MalformedXML")
	s.do(s.owner, "POST", "/bucket/k?restore", "").want(t, 400, "MissingRequestBodyError")
	s.do(s.owner, "POST", "/bucket/missing?restore", "<RestoreRequest><Days>1</Days></RestoreRequest>").want(t, 404, "NoSuchKey")
	s.do(s.other, "POST", "/bucket/k?restore", "<RestoreRequest><Days>1</Days></RestoreRequest>").want(t, 403, "AccessDenied")

	c.Set(time.Date(2031, 1, 1, 0, 0, 0, 0, time.UTC))
	restore(3, "Bulk").want(t, 202, "")
	state("restoring", false, "GLACIER", ongoing)
	restore(3, "").want(t, 409, "RestoreAlreadyInProgress")
	c.Set(time.Date(2031, 1, 1, 12, 1, 0, 0, time.UTC))
	state("restored", true, "GLACIER", until("Sat, 04 Jan 2031 12:00:00 GMT"))
	c.Set(time.Date(2031, 1, 2, 0, 0, 0, 0, time.UTC))
	restore(10, "").want(t, 200, "")
	state("extended", true, "GLACIER", until("Sun, 12 Jan 2031 00:00:00 GMT"))

	// The rules may go; what was archived stays so.
	s.do(s.owner, "DELETE", "/bucket?lifecycle", "").want(t, 204, "")
	c.Set(time.Date(2031, 1, 12, 0, 1, 0, 0, time.UTC))
	state("archived again", false, "GLACIER", "")

	// An object that takes its place is an object of its own.
	s.put("/bucket/k", "new")
	if r := s.do(s.owner, "GET", "/bucket/k", ""); r.body != "new" || r.Header.Get("X-Amz-Storage-Class") != "" {
		t.Errorf("the new object: %q, class %q", r.body, r.Header.Get("X-Amz-Storage-Class"))
	}
}

func TestAcceleratedArchiveAtOnce(t *testing.T) {
	s, c := archiveServer(t)
	s.putLifecycle(lifecycleRule("<Filter/><Transition><Days>0</Days><StorageClass>ACCELERATED</StorageClass></Transition>")).want(t, 200, "")
	s.put("/bucket/k", "hello")
	s.do(s.owner, "GET", "/bucket/k", "").want(t, 403, "InvalidObjectState")
	const body = "<RestoreRequest><Days>1</Days><GlacierJobParameters><Tier>Accelerated</Tier></GlacierJobParameters></RestoreRequest>"
	s.do(s.owner, "POST", "/bucket/k?restore", body).want(t, 202, "")
	c.Advance(2*time.Hour - time.Minute)
	s.do(s.owner, "GET", "/bucket/k", "").want(t, 403, "InvalidObjectState")
	c.Advance(2 * time.Minute)
	s.do(s.owner, "GET", "/bucket/k", "").want(t, 200, "")
	if r := s.do(s.owner, "HEAD", "/bucket/k", ""); r.Header.Get("X-Ibm-Transition") == "" || r.Header.Get("X-Amz-Storage-Class") != "ACCELERATED" {
		t.Errorf("headers of an accelerated archive: %v", r.Header)
	}
}
