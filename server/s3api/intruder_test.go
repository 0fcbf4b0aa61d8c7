package s3api_test

import (
	"crypto/hmac"
	"crypto/sha1"
	"encoding/base64"
	"net/url"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/icos-go/icos/server/store"
)

// What those try who hold less than they would like to.

// v2URL presigns a request with Signature Version 2, worked out here from its description alone.
func (s *server) v2URL(who user, method, path string) string {
	expires := strconv.FormatInt(time.Now().Add(time.Hour).Unix(), 10)
	h := hmac.New(sha1.New, []byte(who.keys.SecretAccessKey))
	h.Write([]byte(method + "\n\n\n" + expires + "\n" + path))
	return path + "?AWSAccessKeyId=" + who.keys.AccessKeyID + "&Expires=" + expires + "&Signature=" + url.QueryEscape(base64.StdEncoding.EncodeToString(h.Sum(nil)))
}

// A Version 2 signature does not cover every sub-resource: who was handed such a URL must not turn it into one for something else.
func TestSubresourceAddedToURL(t *testing.T) {
	s, _ := locking(t)
	s.put("/locked/k", "hello")
	for _, test := range []struct{ method, path, more string }{
		{"GET", "/locked", "publicAccessBlock"},
		{"GET", "/locked", "protection"},
		{"GET", "/locked/k", "retention"},
		{"GET", "/locked/k", "legalHold"},
		{"PUT", "/locked/k", "legal-hold"},
		{"PUT", "/locked", "publicAccessBlock"},
		{"POST", "/locked/k", "extendRetention"},
		{"POST", "/locked/k", "legalHold&add=h"},
	} {
		s.do(s.nobody, test.method, s.v2URL(s.owner, test.method, test.path)+"&"+test.more, "").want(t, 403, "AccessDenied")
	}
	s.do(s.nobody, "GET", s.v2URL(s.owner, "GET", "/locked"), "").want(t, 200, "")
	s.do(s.nobody, "GET", s.v2URL(s.owner, "GET", "/locked/k"), "").want(t, 200, "")
}

// IBM's headers of retention are none of those that Signature Version 4 has to cover: who was handed a URL to upload by must not
// decide with them that what it uploads stays forever.
func TestRetentionAddedToURL(t *testing.T) {
	s, _ := protected(t)
	signer := signer{s.owner.keys.AccessKeyID, s.owner.keys.SecretAccessKey, time.Now(), "s3"}
	for _, target := range []string{s.v4URL(signer, "PUT", "/kept/four", "60"), s.v2URL(s.owner, "PUT", "/kept/two")} {
		for _, header := range [][]string{{"Retention-Period", "-2"}, {"Retention-Legal-Hold-Id", "h"}, {"Retention-Expiration-Date", "2026-05-01T00:00:00Z"}} {
			s.do(s.nobody, "PUT", target, "", header...).want(t, 403, "AccessDenied")
		}
	}
}

// Whether there is an object is a secret kept from those who may not list, also if they ask for a version that it does not have.
func TestNullVersionTellsNothing(t *testing.T) {
	s := newServer(t, serverOptions{})
	s.version("Enabled").want(t, 200, "")
	s.put("/bucket/private", "hello") // has no null version
	for _, sub := range []string{"", "&acl", "&tagging"} {
		for _, who := range []user{s.nobody, s.other} {
			for _, key := range []string{"private", "absent"} {
				s.do(who, "GET", "/bucket/"+key+"?versionId=null"+sub, "").want(t, 403, "AccessDenied")
			}
		}
	}
	s.do(s.other, "PUT", "/mine", "", "Ibm-Service-Instance-Id", s.other.instance).want(t, 200, "")
	for _, key := range []string{"private", "absent"} {
		s.do(s.other, "PUT", "/mine/copy", "", "X-Amz-Copy-Source", "/bucket/"+key+"?versionId=null").want(t, 403, "AccessDenied")
	}
	s.do(s.owner, "GET", "/bucket/private?versionId=null", "").want(t, 404, "NoSuchVersion")
}

// Who may only write by an ACL does not decide how long the owner has to keep what is written, by copying either.
func TestCopiedRetentionTakesARole(t *testing.T) {
	s, _ := protected(t)
	s.do(s.owner, "PUT", "/kept?acl", "", "x-amz-acl", "public-read-write").want(t, 200, "")
	s.do(s.other, "PUT", "/theirs", "", "Ibm-Service-Instance-Id", s.other.instance).want(t, 200, "")
	document := policy(1, 10, 100, "<EnablePermanentRetention>true</EnablePermanentRetention>")
	s.do(s.other, "PUT", "/theirs?protection", document, md5Header(document)...).want(t, 200, "")
	s.do(s.other, "PUT", "/theirs/k", "hello", append(md5Header("hello"), "Retention-Period", "-2", "Retention-Legal-Hold-Id", "h")...).want(t, 200, "")
	s.do(s.other, "PUT", "/kept/k", "", "X-Amz-Copy-Source", "/theirs/k", "Retention-Directive", "COPY").want(t, 403, "AccessDenied")
	s.do(s.other, "PUT", "/kept/k", "", "X-Amz-Copy-Source", "/theirs/k").want(t, 200, "")
	if r := s.do(s.owner, "HEAD", "/kept/k", ""); r.Header.Get("Retention-Period") != "864000" {
		t.Errorf("Retention-Period %q, want the default of the bucket", r.Header.Get("Retention-Period"))
	}
}

// A bucket that is open to everybody's writes has versions so that nothing gets lost by them.
func TestVersionsOutliveOpenBuckets(t *testing.T) {
	s := newServer(t, serverOptions{})
	s.version("Enabled").want(t, 200, "")
	s.do(s.owner, "PUT", "/bucket?acl", "", "x-amz-acl", "public-read-write").want(t, 200, "")
	id := s.put("/bucket/k", "hello").id()
	for _, who := range []user{s.nobody, s.other} {
		s.do(who, "DELETE", "/bucket/k?versionId="+id, "").want(t, 403, "AccessDenied")
		batch := "<Delete><Object><Key>k</Key><VersionId>" + id + "</VersionId></Object></Delete>"
		if r := s.do(who, "POST", "/bucket?delete", batch, md5Header(batch)...); !strings.Contains(r.body, "<Code>AccessDenied</Code>") {
			t.Errorf("batch: %s", r.body)
		}
		s.do(who, "DELETE", "/bucket/k", "").want(t, 204, "")
	}
	s.do(s.owner, "GET", "/bucket/k?versionId="+id, "").want(t, 200, "")
	s.do(s.owner, "DELETE", "/bucket/k?versionId="+id, "").want(t, 204, "")
}

// A form does not say how long its file is, and has to fit all the same.
func TestQuotaOfForms(t *testing.T) {
	s := newServer(t, serverOptions{})
	s.setBucket("bucket", func(b *store.Bucket) { b.Quota = 10 })
	s.do(s.owner, "PUT", "/bucket?acl", "", "x-amz-acl", "public-read-write").want(t, 200, "")
	s.post(fields{"key", "k"}, "f", "01234567890").want(t, 403, "QuotaExceeded")
	s.post(fields{"key", "k"}, "f", "0123456789").want(t, 204, "")
	s.post(fields{"key", "l"}, "f", "0").want(t, 403, "QuotaExceeded")
}

// Who reads a bucket because everybody may learns neither the account nor the key of its owner.
func TestRootKeyIsForRoles(t *testing.T) {
	s := newServer(t, serverOptions{})
	_, key := s.keys.First()
	s.bucket("under", "Ibm-Sse-Kp-Encryption-Algorithm", "AES256", "Ibm-Sse-Kp-Customer-Root-Key-Crn", key)
	s.do(s.owner, "PUT", "/under?acl", "", "x-amz-acl", "public-read").want(t, 200, "")
	for _, who := range []user{s.nobody, s.other} {
		r := s.do(who, "HEAD", "/under", "")
		r.want(t, 200, "")
		for name, values := range r.Header {
			if strings.Contains(strings.Join(values, ""), key) {
				t.Errorf("%s: %s", name, values)
			}
		}
	}
	if r := s.do(s.owner, "HEAD", "/under", ""); r.Header.Get("Ibm-Sse-Kp-Customer-Root-Key-Crn") != key {
		t.Errorf("to its owner: %v", r.Header)
	}
}

// A policy that does not say which bucket it is for is for none: its form could be sent to any bucket of whoever signed it.
func TestPolicyWithoutBucket(t *testing.T) {
	s := newServer(t, serverOptions{})
	later := time.Now().Add(time.Hour)
	for _, f := range []fields{signedV4(t, s.owner, later, is("key", "k")), signedV2(t, s.owner, later, is("key", "k"))} {
		s.post(append(f, "key", "k"), "f", "hello").want(t, 403, "AccessDenied")
	}
	s.post(append(signedV4(t, s.owner, later, is("key", "k"), []any{"starts-with", "$bucket", "buck"}), "key", "k"), "f", "hello").want(t, 204, "")
}

// Networks of IPv4 addresses in IPv6 notation are those networks.
func TestFirewallOfMappedNetworks(t *testing.T) {
	s := newServer(t, serverOptions{})
	s.put("/bucket/k", "hello")
	for _, test := range []struct {
		network string
		status  int
	}{{"!::ffff:127.0.0.0/104", 403}, {"!::ffff:127.0.0.1", 403}, {"::ffff:127.0.0.0/104", 200}, {"::ffff:10.0.0.0/104", 403}, {"!::ffff:10.0.0.0/104", 200}} {
		s.setBucket("bucket", func(b *store.Bucket) { b.Firewall = []string{test.network} })
		if got := s.do(s.owner, "GET", "/bucket/k", "").StatusCode; got != test.status {
			t.Errorf("firewall %s: status %d, want %d", test.network, got, test.status)
		}
	}
}

// A date that only its own time zone can write with four digits of a year is refused: kept in UTC, it would be read by nobody, and no
// rule beside it would be followed any more.
func TestDatesBeyondTheYears(t *testing.T) {
	s, _ := locking(t)
	const date = "9999-12-31T23:59:59-23:59"
	s.set("/bucket?lifecycle", "<LifecycleConfiguration><Rule><Status>Enabled</Status><Filter/><Expiration><Date>"+date+"</Date></Expiration></Rule></LifecycleConfiguration>").
		want(t, 400, "InvalidArgument")
	s.keep("/locked/k", "hello", "X-Amz-Object-Lock-Mode", "GOVERNANCE", "X-Amz-Object-Lock-Retain-Until-Date", date).want(t, 400, "InvalidArgument")
}

// Dates that nanoseconds since 1970 do not reach are far ahead, and not long ago.
func TestArchivesInTheFarFuture(t *testing.T) {
	s, at := newKeeper(t)
	s.set("/bucket?lifecycle", "<LifecycleConfiguration><Rule><Status>Enabled</Status><Filter/><Transition><Date>2300-01-01T00:00:00Z</Date>"+
		"<StorageClass>GLACIER</StorageClass></Transition></Rule></LifecycleConfiguration>").want(t, 200, "")
	s.put("/bucket/k", "hello")
	at.Advance(100 * 365 * days)
	s.do(s.owner, "GET", "/bucket/k", "").want(t, 200, "")
}

// The website of a bucket shows what everybody may read, by whatever way one comes to it.
func TestWebsiteShowsNothingPrivate(t *testing.T) {
	s := newServer(t, serverOptions{hosts: []string{"cos.test"}, websites: []string{"web.test"}})
	s.version("Enabled").want(t, 200, "")
	site := `<WebsiteConfiguration><IndexDocument><Suffix>index.html</Suffix></IndexDocument><ErrorDocument><Key>private</Key></ErrorDocument>` +
		`<RoutingRules><RoutingRule><Condition><KeyPrefixEquals>old/</KeyPrefixEquals></Condition><Redirect><ReplaceKeyPrefixWith>private/</ReplaceKeyPrefixWith></Redirect></RoutingRule></RoutingRules></WebsiteConfiguration>`
	s.set("/bucket?website", site).want(t, 200, "")
	old := s.put("/bucket/public", "s3kr3t").id()
	s.put("/bucket/public", "shown", "x-amz-acl", "public-read")
	for _, key := range []string{"private", "index.html", "dir/index.html", "redirecting"} {
		s.put("/bucket/"+key, "s3kr3t", "X-Amz-Website-Redirect-Location", "/s3kr3t")
	}
	for _, target := range []string{
		"/", "/private", "/index.html", "/dir", "/dir/", "/absent", "/redirecting", "/public?versionId=" + old, "/?versions", "/?list-type=2", "/private?acl",
		"/%2e%2e/private", "//private", "/private?response-content-type=text/html", "/old/%0d%0aSet-Cookie:%20a=b",
	} {
		for _, who := range []user{s.nobody, s.owner, s.other} {
			for _, method := range []string{"GET", "HEAD"} {
				r := s.do(who, method, target, "", "Host", "bucket.web.test")
				if strings.Contains(r.body, "s3kr3t") || strings.Contains(r.body, "ListBucketResult") || r.Header.Get("Set-Cookie") != "" || strings.Contains(r.Header.Get("Location"), "s3kr3t") {
					t.Errorf("%s %s: %d %v %s", method, target, r.StatusCode, r.Header, r.body)
				}
			}
		}
	}
	// The firewall goes by where a request comes from, and not by what it says.
	s.setBucket("bucket", func(b *store.Bucket) { b.Firewall = []string{"192.0.2.1"} })
	for _, host := range []string{"bucket.web.test", "bucket.cos.test"} {
		r := s.do(s.nobody, "GET", "/public", "", "Host", host, "X-Forwarded-For", "192.0.2.1", "Forwarded", "for=192.0.2.1", "X-Real-Ip", "192.0.2.1")
		if r.StatusCode != 403 || strings.Contains(r.body, "shown") {
			t.Errorf("%s: %d %s", host, r.StatusCode, r.body)
		}
	}
}
