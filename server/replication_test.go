package server_test

import (
	"context"
	"crypto/md5"
	"encoding/base64"
	"encoding/xml"
	"fmt"
	"log/slog"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/icos-go/icos/server"
	"github.com/icos-go/icos/server/clock"
)

// replicas is a server with the buckets "source" and "target", both with versioning.
type replicas struct {
	t    *testing.T
	cos  *server.Server
	auth string
}

func newReplicas(t *testing.T) *replicas {
	t.Helper()
	r := &replicas{t: t}
	r.open(t.TempDir())
	for _, bucket := range []string{"source", "target"} {
		r.want(200, "PUT", "/"+bucket, "", "Ibm-Service-Instance-Id", r.cos.Credential("").ResourceInstanceID)
		r.version(bucket, "Enabled")
	}
	return r
}

func (r *replicas) open(dir string) {
	r.t.Helper()
	r.cos = newServer(r.t, dir)
	r.auth = login(r.t, r.cos)
}

func (r *replicas) do(method, target, body string, headers ...string) *httptest.ResponseRecorder {
	r.t.Helper()
	if body != "" && strings.HasPrefix(body, "<") {
		sum := md5.Sum([]byte(body))
		headers = append(headers, "Content-MD5", base64.StdEncoding.EncodeToString(sum[:]))
	}
	return do(r.cos, method, "https://cos.test"+target, body, append(headers, "Authorization", r.auth)...)
}

func (r *replicas) want(status int, method, target, body string, headers ...string) *httptest.ResponseRecorder {
	r.t.Helper()
	w := r.do(method, target, body, headers...)
	if w.Code != status {
		r.t.Fatalf("%s %s: %d, want %d: %s", method, target, w.Code, status, w.Body)
	}
	return w
}

func (r *replicas) version(bucket, status string) {
	r.t.Helper()
	r.want(200, "PUT", "/"+bucket+"?versioning", "<VersioningConfiguration><Status>"+status+"</Status></VersioningConfiguration>")
}

// crn names a bucket.
func (r *replicas) crn(bucket string) string {
	return strings.TrimSuffix(r.cos.Credential("").ResourceInstanceID, "::") + ":bucket:" + bucket
}

// replicate sets a rule.
func (r *replicas) replicate(from, to, filter string, markers bool) {
	r.t.Helper()
	status := "Disabled"
	if markers {
		status = "Enabled"
	}
	r.want(200, "PUT", "/"+from+"?replication", fmt.Sprintf("<ReplicationConfiguration><Rule><ID>r</ID><Priority>1</Priority><Status>Enabled</Status>"+
		"<DeleteMarkerReplication><Status>%s</Status></DeleteMarkerReplication><Filter>%s</Filter><Destination><Bucket>%s</Bucket></Destination></Rule></ReplicationConfiguration>",
		status, filter, r.crn(to)))
}

// settle waits until there is nothing to be replicated.
func (r *replicas) settle() {
	r.t.Helper()
	ctx, cancel := context.WithTimeout(r.t.Context(), time.Minute)
	defer cancel()
	if err := r.cos.Sweep(ctx); err != nil {
		r.t.Fatal(err)
	}
}

// status checks the replication status of an object, and returns its version.
func (r *replicas) status(path, want string) string {
	r.t.Helper()
	w := r.want(200, "HEAD", path, "")
	if got := w.Header().Get("X-Amz-Replication-Status"); got != want {
		r.t.Errorf("HEAD %s: replication status %q, want %q", path, got, want)
	}
	return w.Header().Get("X-Amz-Version-Id")
}

func TestReplication(t *testing.T) {
	r := newReplicas(t)
	r.want(200, "PUT", "/source/k", "before")
	r.replicate("source", "target", "<Prefix>k</Prefix>", true)
	large := strings.Repeat("0123456789abcdef", 20_000)
	r.want(200, "PUT", "/source/k", large, "X-Amz-Meta-Colour", "blue", "Content-Type", "text/x-test", "X-Amz-Tagging", "a=1&b=2")
	r.want(200, "PUT", "/source/k-copy", "", "X-Amz-Copy-Source", "/source/k")
	r.want(200, "PUT", "/source/other", "x")
	r.settle()

	version := r.status("/source/k", "COMPLETED")
	if got := r.status("/target/k", "REPLICA"); got != version {
		t.Errorf("the replica has the version %q, the original %q", got, version)
	}
	r.status("/source/k-copy", "COMPLETED")
	r.status("/target/k-copy", "REPLICA")
	r.status("/source/other", "")
	r.want(404, "HEAD", "/target/other", "")
	from, to := r.want(200, "GET", "/source/k", ""), r.want(200, "GET", "/target/k", "")
	if to.Body.String() != large {
		t.Errorf("the replica has %d bytes, and not those of the original", to.Body.Len())
	}
	for _, name := range []string{"Etag", "Last-Modified", "Content-Type", "x-amz-meta-colour", "X-Amz-Tagging-Count"} {
		if got, want := strings.Join(to.Header()[name], ","), strings.Join(from.Header()[name], ","); got != want || got == "" {
			t.Errorf("%s of the replica is %q, that of the original %q", name, got, want)
		}
	}
	// Only what was written after the rule.
	if w := r.want(200, "GET", "/target?versions&prefix=k", ""); strings.Count(w.Body.String(), "<Version>") != 2 {
		t.Errorf("versions of the target: %s", w.Body)
	}

	// Tags follow.
	r.want(200, "PUT", "/source/k?tagging", "<Tagging><TagSet><Tag><Key>c</Key><Value>3</Value></Tag></TagSet></Tagging>")
	r.settle()
	r.status("/source/k", "COMPLETED")
	if w := r.want(200, "GET", "/target/k?tagging", ""); !strings.Contains(w.Body.String(), "<Key>c</Key>") || strings.Contains(w.Body.String(), "<Key>a</Key>") {
		t.Errorf("tags of the replica: %s", w.Body)
	}

	// So do delete markers; removing a version does not.
	r.want(204, "DELETE", "/source/k", "")
	r.settle()
	r.want(404, "HEAD", "/target/k", "")
	r.want(204, "DELETE", "/source/k?versionId="+version, "")
	r.settle()
	r.want(200, "HEAD", "/target/k?versionId="+version, "")
}

func TestReplicationOfMarkersIsOptional(t *testing.T) {
	r := newReplicas(t)
	r.replicate("source", "target", "", false)
	r.want(200, "PUT", "/source/k", "x")
	r.want(204, "DELETE", "/source/k", "")
	body := "<Delete><Object><Key>j</Key></Object></Delete>"
	r.want(200, "PUT", "/source/j", "x")
	r.want(200, "POST", "/source?delete", body)
	r.settle()
	r.want(200, "HEAD", "/target/k", "")
	r.want(200, "HEAD", "/target/j", "")
}

// TestReplicationBothWays has two buckets replicate to each other: that ends.
func TestReplicationBothWays(t *testing.T) {
	r := newReplicas(t)
	r.replicate("source", "target", "", true)
	r.replicate("target", "source", "", true)
	r.want(200, "PUT", "/source/a", "from source")
	r.want(200, "PUT", "/target/b", "from target")
	r.settle()
	r.status("/source/a", "COMPLETED")
	r.status("/target/a", "REPLICA")
	r.status("/target/b", "COMPLETED")
	r.status("/source/b", "REPLICA")
	r.want(204, "DELETE", "/target/a", "")
	r.settle()
	r.want(404, "HEAD", "/source/a", "")
	r.want(200, "PUT", "/source/b?tagging", "<Tagging><TagSet><Tag><Key>c</Key><Value>3</Value></Tag></TagSet></Tagging>")
	r.settle()
	r.status("/source/b", "REPLICA")
	for _, bucket := range []string{"source", "target"} {
		w := r.want(200, "GET", "/"+bucket+"?versions", "")
		if versions, markers := strings.Count(w.Body.String(), "<Version>"), strings.Count(w.Body.String(), "<DeleteMarker>"); versions != 2 || markers != 1 {
			t.Errorf("%s has %d versions and %d delete markers, want 2 and 1: %s", bucket, versions, markers, w.Body)
		}
	}
}

type failureList struct {
	XMLName               xml.Name `xml:"ListReplicationFailureResult"`
	KeyCount              int
	IsTruncated           bool
	NextContinuationToken string
	Contents              []struct {
		Key, VersionId, SyncType, SyncFailureCause string //nolint:revive // as in the document
		FirstSyncAttempted, LastSyncAttempted      time.Time
	}
}

func (r *replicas) failures(query string) (list failureList) {
	r.t.Helper()
	w := r.want(200, "GET", "/source?ibm-replication-failures"+query, "")
	if err := xml.Unmarshal(w.Body.Bytes(), &list); err != nil {
		r.t.Fatal(err)
	}
	return list
}

func TestReplicationFailures(t *testing.T) {
	r := newReplicas(t)
	r.replicate("source", "target", "", true)
	r.version("target", "Suspended")
	for _, key := range []string{"a", "b%20c", "d"} {
		r.want(200, "PUT", "/source/"+key, "x")
		r.settle()
	}
	r.want(204, "DELETE", "/source/d", "")
	r.settle()
	r.status("/source/a", "FAILED")
	list := r.failures("&encoding-type=url")
	var found []string
	for _, c := range list.Contents {
		found = append(found, c.Key+" "+c.SyncType)
		if !strings.Contains(c.SyncFailureCause, "versioning") || c.VersionId == "" || c.FirstSyncAttempted.IsZero() || c.LastSyncAttempted.Before(c.FirstSyncAttempted) {
			t.Errorf("failure %+v", c)
		}
	}
	if got, want := strings.Join(found, ", "), "d delete, d content, b%20c content, a content"; got != want || list.KeyCount != 4 || list.IsTruncated {
		t.Errorf("failures %s, want %s: %+v", got, want, list)
	}

	// By pages, and from a time on.
	page := r.failures("&max-keys=3")
	rest := r.failures("&max-keys=3&continuation-token=" + page.NextContinuationToken)
	if !page.IsTruncated || len(page.Contents) != 3 || rest.IsTruncated || len(rest.Contents) != 1 || rest.Contents[0].Key != "a" {
		t.Errorf("pages %+v and %+v", page, rest)
	}
	before := list.Contents[2].FirstSyncAttempted.UnixMilli()
	if early := r.failures(fmt.Sprintf("&first-sync-attempted-before=%d", before-1)); len(early.Contents) > 1 {
		t.Errorf("before %d: %+v", before, early)
	}
	r.want(400, "GET", "/source?ibm-replication-failures&first-sync-attempted-before=yesterday", "")
	r.want(400, "GET", "/source?ibm-replication-failures&continuation-token=x", "")

	// Nothing is tried again within the hour, unless somebody asks.
	r.version("target", "Enabled")
	r.settle()
	r.status("/source/a", "FAILED")
	r.want(200, "PUT", "/source?ibm-replication-reattempt", "")
	r.settle()
	r.status("/source/a", "COMPLETED")
	r.status("/target/a", "REPLICA")
	r.want(404, "HEAD", "/target/d", "")
	if list := r.failures(""); len(list.Contents) != 0 {
		t.Errorf("failures after all: %+v", list)
	}
}

func TestReplicationIsTriedAgainByTheHour(t *testing.T) {
	r := newReplicas(t)
	r.replicate("source", "target", "", true)
	r.version("target", "Suspended")
	r.want(200, "PUT", "/source/k", "x")
	r.settle()
	r.status("/source/k", "FAILED")
	r.version("target", "Enabled")
	if err := r.cos.Advance(t.Context(), time.Hour+time.Second); err != nil {
		t.Fatal(err)
	}
	r.status("/source/k", "COMPLETED")
}

// TestReplicationGoesOnAfterARestart stops the server while versions are pending.
func TestReplicationGoesOnAfterARestart(t *testing.T) {
	dir := t.TempDir()
	r := &replicas{t: t}
	cos, err := server.New(server.Config{Dir: dir, Hosts: []string{"cos.test"}, NoSync: true, SigningKey: testKey()})
	if err != nil {
		t.Fatal(err)
	}
	r.cos, r.auth = cos, login(t, cos)
	for _, bucket := range []string{"source", "target"} {
		r.want(200, "PUT", "/"+bucket, "", "Ibm-Service-Instance-Id", cos.Credential("").ResourceInstanceID)
		r.version(bucket, "Enabled")
	}
	r.replicate("source", "target", "", true)
	const n = 300
	for i := range n {
		r.want(200, "PUT", fmt.Sprintf("/source/%d", i), "x")
	}
	if err := cos.Close(); err != nil { // in the middle of it
		t.Fatal(err)
	}
	r.open(dir)
	r.settle()
	for i := range n {
		r.status(fmt.Sprintf("/source/%d", i), "COMPLETED")
		r.status(fmt.Sprintf("/target/%d", i), "REPLICA")
	}
}

func TestReplicationOfEncryptedObjects(t *testing.T) {
	r := newReplicas(t)
	const kind = "X-Amz-Server-Side-Encryption"
	r.replicate("source", "target", "", true)
	large := strings.Repeat("0123456789abcdef", 20_000)
	r.want(200, "PUT", "/source/managed", large, kind, "AES256")
	key := strings.Repeat("k", 32)
	sum := md5.Sum([]byte(key))
	r.want(200, "PUT", "/source/customer", "x", kind+"-Customer-Algorithm", "AES256",
		kind+"-Customer-Key", base64.StdEncoding.EncodeToString([]byte(key)), kind+"-Customer-Key-Md5", base64.StdEncoding.EncodeToString(sum[:]))
	r.settle()
	w := r.want(200, "GET", "/target/managed", "")
	if w.Body.String() != large || w.Header().Get(kind) != "AES256" {
		t.Errorf("the replica has %d bytes and is encrypted by %q", w.Body.Len(), w.Header().Get(kind))
	}
	r.want(404, "HEAD", "/target/customer", "")
	if list := r.failures(""); len(list.Contents) != 1 || !strings.Contains(list.Contents[0].SyncFailureCause, "customer") {
		t.Errorf("failures %+v", list)
	}
}

// TestLifecycleOfReplicas: it counts from the date of the original, and is that of the target.
func TestLifecycleOfReplicas(t *testing.T) {
	r := newReplicas(t)
	r.cos.Clock().Set(time.Date(2030, 1, 1, 0, 0, 0, 0, time.UTC))
	r.want(200, "PUT", "/target?lifecycle", "<LifecycleConfiguration><Rule><ID>r</ID><Status>Enabled</Status><Filter/><Transition><Days>5</Days><StorageClass>GLACIER</StorageClass></Transition></Rule></LifecycleConfiguration>")
	r.replicate("source", "target", "", true)
	r.version("target", "Suspended")
	r.want(200, "PUT", "/source/k", "x")
	r.settle()
	r.version("target", "Enabled")
	if err := r.cos.Advance(t.Context(), 3*24*time.Hour); err != nil {
		t.Fatal(err)
	}
	w := r.want(200, "HEAD", "/target/k", "")
	if got := w.Header().Get("X-Ibm-Archive-Transition-Time"); !strings.HasPrefix(got, "Sun, 06 Jan 2030 00:00") {
		t.Errorf("the replica is archived at %q", got)
	}
}

func TestReplicationConfigurationsThatAreRefused(t *testing.T) {
	r := newReplicas(t)
	r.want(200, "PUT", "/plain", "", "Ibm-Service-Instance-Id", r.cos.Credential("").ResourceInstanceID)
	rule := func(inner, destination string) string {
		return "<Rule><ID>r</ID><Status>Enabled</Status>" + inner + "<Destination><Bucket>" + destination + "</Bucket></Destination></Rule>"
	}
	const inner = "<Priority>1</Priority><DeleteMarkerReplication><Status>Disabled</Status></DeleteMarkerReplication><Filter/>"
	good := rule(inner, r.crn("target"))
	code := regexp.MustCompile("<Code>(.*)</Code>")
	for _, test := range []struct {
		name, bucket, rules string
		status              int
		code                string
	}{
		{"no rules", "source", "", 400, "MalformedXML"},
		{"bucket without versioning", "plain", good, 400, "InvalidRequest"},
		{"no destination", "source", "<Rule><Status>Enabled</Status>" + inner + "</Rule>", 400, "MalformedXML"},
		{"destination that is no CRN", "source", rule(inner, "target"), 400, "InvalidArgument"},
		{"destination of another instance", "source", rule(inner, "crn:v1:bluemix:public:cloud-object-storage:global:a/1:2:bucket:target"), 400, "InvalidRequest"},
		{"destination that is not there", "source", rule(inner, r.crn("missing")), 400, "InvalidRequest"},
		{"destination is the source", "source", rule(inner, r.crn("source")), 400, "InvalidRequest"},
		{"same ID twice", "source", good + good, 400, "InvalidArgument"},
		{"bad ID", "source", strings.Replace(good, ">r<", ">r r<", 1), 400, "InvalidArgument"},
		{"filter without priority", "source", rule("<DeleteMarkerReplication><Status>Disabled</Status></DeleteMarkerReplication><Filter/>", r.crn("target")), 400, "InvalidRequest"},
		{"priority that is no number", "source", strings.Replace(good, ">1<", ">high<", 1), 400, "MalformedXML"},
		{"negative priority", "source", strings.Replace(good, ">1<", ">-1<", 1), 400, "InvalidArgument"},
		{"size filter", "source", strings.Replace(good, "<Filter/>", "<Filter><ObjectSizeLessThan>1</ObjectSizeLessThan></Filter>", 1), 400, "MalformedXML"},
		{"markers by tag", "source", strings.Replace(strings.Replace(good, "<Filter/>", "<Filter><Tag><Key>k</Key><Value>v</Value></Tag></Filter>", 1), "Disabled", "Enabled", 1), 400, "InvalidRequest"},
		{"unknown element", "source", strings.Replace(good, "<Filter/>", "<Filter/><Colour/>", 1), 400, "MalformedXML"},
	} {
		w := r.do("PUT", "/"+test.bucket+"?replication", "<ReplicationConfiguration>"+test.rules+"</ReplicationConfiguration>")
		if got := code.FindStringSubmatch(w.Body.String()); w.Code != test.status || len(got) != 2 || got[1] != test.code {
			t.Errorf("%s: %d %v, want %d %s", test.name, w.Code, got, test.status, test.code)
		}
	}
	w := r.want(404, "GET", "/source?replication", "")
	if !strings.Contains(w.Body.String(), "ReplicationConfigurationNotFoundError") {
		t.Errorf("without rules: %s", w.Body)
	}
	r.want(404, "PUT", "/source?ibm-replication-reattempt", "")
	r.want(204, "DELETE", "/source?replication", "")
	r.want(200, "PUT", "/source?replication", "<ReplicationConfiguration><Role>arn</Role>"+good+"</ReplicationConfiguration>")
	w = r.want(200, "GET", "/source?replication", "")
	want := `<ReplicationConfiguration xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><Rule><ID>r</ID><Priority>1</Priority><Status>Enabled</Status>` +
		`<DeleteMarkerReplication><Status>Disabled</Status></DeleteMarkerReplication><Filter></Filter><Destination><Bucket>` + r.crn("target") + `</Bucket></Destination></Rule></ReplicationConfiguration>`
	if _, got, _ := strings.Cut(w.Body.String(), "\n"); got != want {
		t.Errorf("the configuration reads\n%s, want\n%s", got, want)
	}
	// What replicates keeps its versioning.
	r.want(409, "PUT", "/source?versioning", "<VersioningConfiguration><Status>Suspended</Status></VersioningConfiguration>")
	r.want(204, "DELETE", "/source?replication", "")
	r.version("source", "Suspended")
}

// TestServeSweeps has the worker of Serve expire an object.
func TestServeSweeps(t *testing.T) {
	c := clock.New(nil)
	swept := make(tell, 1)
	s, err := server.New(server.Config{
		Dir: t.TempDir(), NoSync: true, SigningKey: testKey(), Clock: c, SweepEvery: time.Millisecond, Logger: slog.New(swept),
	})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	r := &replicas{t: t, cos: s, auth: login(t, s)}
	r.want(200, "PUT", "/source", "", "Ibm-Service-Instance-Id", s.Credential("").ResourceInstanceID)
	r.want(200, "PUT", "/source?lifecycle", "<LifecycleConfiguration><Rule><Status>Enabled</Status><Filter/><Expiration><Days>1</Days></Expiration></Rule></LifecycleConfiguration>")
	r.want(200, "PUT", "/source/k", "x")
	ctx, cancel := context.WithCancel(t.Context())
	served := make(chan error, 1)
	go func() { served <- s.Serve(ctx) }()
	c.Advance(48 * time.Hour)
	<-swept
	r.want(404, "HEAD", "/source/k", "")
	cancel()
	if err := <-served; err != nil {
		t.Errorf("serve: %v", err)
	}
}

// tell is a slog.Handler that says when a sweep did something.
type tell chan struct{}

func (h tell) Enabled(context.Context, slog.Level) bool { return true }
func (h tell) WithAttrs([]slog.Attr) slog.Handler       { return h }
func (h tell) WithGroup(string) slog.Handler            { return h }

func (h tell) Handle(_ context.Context, r slog.Record) error {
	if r.Message == "swept" {
		select {
		case h <- struct{}{}:
		default:
		}
	}
	return nil
}

// A rule about a bucket without versioning would only ever fail.
func TestReplicationNeedsVersioningOfTheTarget(t *testing.T) {
	r := newReplicas(t)
	r.want(200, "PUT", "/plain", "", "Ibm-Service-Instance-Id", r.cos.Credential("").ResourceInstanceID)
	for _, state := range []string{"", "Suspended"} {
		if state != "" {
			r.version("plain", state)
		}
		w := r.want(400, "PUT", "/source?replication", "<ReplicationConfiguration><Rule><ID>r</ID><Priority>1</Priority><Status>Enabled</Status>"+
			"<DeleteMarkerReplication><Status>Disabled</Status></DeleteMarkerReplication><Filter></Filter><Destination><Bucket>"+
			r.crn("plain")+"</Bucket></Destination></Rule></ReplicationConfiguration>")
		if !strings.Contains(w.Body.String(), "<Code>InvalidRequest</Code>") || !strings.Contains(w.Body.String(), "destination bucket") {
			t.Errorf("with a target of versioning %q: %s", state, w.Body)
		}
		r.want(404, "GET", "/source?replication", "")
	}
	r.version("plain", "Enabled")
	r.replicate("source", "plain", "", false)
}
