package s3api_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/icos-go/icos/server/iam"
	"github.com/icos-go/icos/server/store"
)

// A credential for a prefix may use what lies below it, and nothing else.
func TestPrefix(t *testing.T) {
	t.Parallel()
	s := newServer(t, serverOptions{})
	s.put("/bucket/mine/a", "content")
	s.put("/bucket/yours/a", "content")
	who := s.credential(s.owner.instance, &iam.CredentialOptions{Role: iam.Writer, Bucket: "bucket", Prefix: "mine/"})
	for _, test := range []struct {
		method, path string
		status       int
	}{
		{"GET", "/bucket/mine/a", 200},
		{"GET", "/bucket/yours/a", 403},
		{"GET", "/bucket/mine/absent", 404},
		{"GET", "/bucket/yours/absent", 403},
		{"GET", "/bucket/mine", 403}, // not below
		{"PUT", "/bucket/mine/b", 200},
		{"PUT", "/bucket/yours/b", 403},
		{"DELETE", "/bucket/yours/a", 403},
		{"DELETE", "/bucket/mine/b", 204},
		{"GET", "/bucket?list-type=2&prefix=mine%2F", 200},
		{"GET", "/bucket?list-type=2&prefix=mine%2Fdeep%2F&delimiter=%2F", 200},
		{"GET", "/bucket?list-type=2&prefix=min", 403},
		{"GET", "/bucket?list-type=2", 403},
		{"GET", "/bucket?versions&prefix=mine%2F", 200},
		{"GET", "/bucket?uploads&prefix=yours%2F", 403},
		{"PUT", "/bucket?lifecycle", 403}, // about what is not its own, too
		{"HEAD", "/bucket", 403},
		{"POST", "/bucket/mine/c?uploads", 200},
	} {
		code := ""
		switch test.status {
		case 403:
			code = "AccessDenied"
		case 404:
			code = "NoSuchKey"
		}
		s.do(who, test.method, test.path, "").want(t, test.status, code)
	}
	copied := s.do(who, "PUT", "/bucket/mine/copy", "", "X-Amz-Copy-Source", "/bucket/yours/a")
	copied.want(t, 403, "AccessDenied")
	s.do(who, "PUT", "/bucket/mine/copy", "", "X-Amz-Copy-Source", "/bucket/mine/a").want(t, 200, "")
}

// DeleteObjects decides about each key.
func TestDeleteObjectsPerKey(t *testing.T) {
	t.Parallel()
	s := newServer(t, serverOptions{})
	s.put("/bucket/mine/a", "content")
	s.put("/bucket/yours/a", "content")
	body := `<Delete><Object><Key>mine/a</Key></Object><Object><Key>yours/a</Key></Object></Delete>`
	who := s.credential(s.owner.instance, &iam.CredentialOptions{Role: iam.Writer, Bucket: "bucket", Prefix: "mine/"})
	r := s.do(who, "POST", "/bucket?delete", body, md5Header(body)...)
	r.want(t, 200, "")
	got := decode[struct {
		Deleted []struct{ Key string }
		Error   []struct{ Key, Code string }
	}](t, r)
	if len(got.Deleted) != 1 || got.Deleted[0].Key != "mine/a" || len(got.Error) != 1 || got.Error[0].Key != "yours/a" || got.Error[0].Code != "AccessDenied" {
		t.Errorf("DeleteObjects answered %+v", got)
	}
	s.do(s.owner, "GET", "/bucket/mine/a", "").want(t, 404, "NoSuchKey")
	s.do(s.owner, "GET", "/bucket/yours/a", "").want(t, 200, "")
	reader := s.credential(s.owner.instance, &iam.CredentialOptions{Role: iam.Reader})
	s.do(reader, "POST", "/bucket?delete", body, md5Header(body)...).want(t, 403, "AccessDenied")
}

// Reading the source of a copy takes a role there, or the object's ACL.
func TestCopySource(t *testing.T) {
	t.Parallel()
	s := newServer(t, serverOptions{})
	s.do(s.other, "PUT", "/source", "", "Ibm-Service-Instance-Id", s.other.instance).want(t, 200, "")
	s.do(s.other, "PUT", "/source/k", "content").want(t, 200, "")
	s.do(s.other, "PUT", "/source/open", "content", "X-Amz-Acl", "public-read").want(t, 200, "")
	who := s.credential(s.owner.instance, &iam.CredentialOptions{Role: iam.Writer})
	from := func(key string) *response {
		return s.do(who, "PUT", "/bucket/copy", "", "X-Amz-Copy-Source", "/source/"+key)
	}
	from("k").want(t, 403, "AccessDenied")
	from("open").want(t, 200, "")
	from("absent").want(t, 403, "AccessDenied")
	id := s.iamID(who)
	for _, test := range []struct {
		role   iam.Role
		status int
	}{{iam.ObjectReader, 403}, {iam.ContentReader, 403}, {iam.Reader, 200}} {
		p := s.policy(iam.Policy{Subject: id, Roles: []iam.Role{test.role}, Instance: s.other.instance, Bucket: "source"})
		if r := from("k"); r.StatusCode != test.status {
			t.Errorf("copy with the role %v on the source: status %d, want %d", test.role, r.StatusCode, test.status)
		}
		if err := s.iam.DeletePolicy(t.Context(), p.ID); err != nil {
			t.Fatal(err)
		}
	}
	from("k").want(t, 403, "AccessDenied") // what a policy gave is gone with it
}

// iamID returns who somebody is to policies.
func (s *server) iamID(who user) string {
	s.t.Helper()
	_, p, found := s.iam.AccessKey(who.keys.AccessKeyID)
	if !found {
		s.t.Fatal("no such access key")
	}
	return p.ID
}

// A policy lets an identity of one instance into another, the instance itself included.
func TestPolicyAcrossInstances(t *testing.T) {
	t.Parallel()
	s := newServer(t, serverOptions{})
	s.put("/bucket/k", "content")
	s.do(s.other, "GET", "/bucket/k", "").want(t, 403, "AccessDenied")
	s.do(s.other, "GET", "/", "", "Ibm-Service-Instance-Id", s.owner.instance).want(t, 403, "AccessDenied")
	s.policy(iam.Policy{Subject: s.iamID(s.other), Roles: []iam.Role{iam.Reader}, Instance: s.owner.instance})
	s.do(s.other, "GET", "/bucket/k", "").want(t, 200, "")
	s.do(s.other, "PUT", "/bucket/k", "new").want(t, 403, "AccessDenied")
	r := s.do(s.other, "GET", "/", "", "Ibm-Service-Instance-Id", s.owner.instance)
	if r.want(t, 200, ""); !strings.Contains(r.body, "<Name>bucket</Name>") {
		t.Errorf("list of the other instance's buckets: %s", r.body)
	}
	s.do(s.other, "PUT", "/third", "", "Ibm-Service-Instance-Id", s.owner.instance).want(t, 403, "AccessDenied")
}

// An ACL cannot be used by those who have a role to do more than it says, nor does the owner's grant give its identities anything.
func TestOwnersGrant(t *testing.T) {
	t.Parallel()
	s := newServer(t, serverOptions{})
	s.put("/bucket/k", "content", "X-Amz-Acl", "public-read") // which grants the owner full control as well
	s.do(s.owner, "PUT", "/bucket?acl", "", "X-Amz-Acl", "public-read").want(t, 200, "")
	writer := s.credential(s.owner.instance, &iam.CredentialOptions{Role: iam.ObjectWriter})
	s.do(writer, "GET", "/bucket/k", "").want(t, 200, "") // as anyone may
	s.do(writer, "GET", "/bucket/k?acl", "").want(t, 403, "AccessDenied")
	s.do(writer, "DELETE", "/bucket/k", "").want(t, 403, "AccessDenied")
	s.do(writer, "PUT", "/bucket?acl", "", "X-Amz-Acl", "private").want(t, 403, "AccessDenied")
	s.do(writer, "PUT", "/bucket/new", "content", "X-Amz-Acl", "public-read").want(t, 403, "AccessDenied")
	s.do(writer, "PUT", "/bucket/new", "content").want(t, 200, "")
}

func TestPublicAccessBlock(t *testing.T) {
	t.Parallel()
	s := newServer(t, serverOptions{})
	set := func(block, ignore string) *response {
		body := "<PublicAccessBlockConfiguration><BlockPublicAcls>" + block + "</BlockPublicAcls><IgnorePublicAcls>" + ignore +
			"</IgnorePublicAcls></PublicAccessBlockConfiguration>"
		return s.do(s.owner, "PUT", "/bucket?publicAccessBlock", body)
	}
	s.do(s.owner, "GET", "/bucket?publicAccessBlock", "").want(t, 404, "NoSuchPublicAccessBlockConfiguration")
	s.put("/bucket/open", "content", "X-Amz-Acl", "public-read")
	s.put("/bucket/closed", "content")

	set("True", "false").want(t, 200, "") // in capitals, as IBM's own example has it
	r := s.do(s.owner, "GET", "/bucket?publicAccessBlock", "")
	r.want(t, 200, "")
	if !strings.Contains(r.body, "<BlockPublicAcls>true</BlockPublicAcls><IgnorePublicAcls>false</IgnorePublicAcls>") {
		t.Errorf("public access block: %s", r.body)
	}
	for _, path := range []string{"/bucket?acl", "/bucket/closed?acl", "/bucket/new", "/bucket/new?uploads"} {
		method := "PUT"
		if strings.HasSuffix(path, "uploads") {
			method = "POST"
		}
		for _, h := range [][]string{{"X-Amz-Acl", "public-read"}, {"X-Amz-Acl", "authenticated-read"}, {"X-Amz-Grant-Read", `uri="http://acs.amazonaws.com/groups/global/AllUsers"`}} {
			s.do(s.owner, method, path, "", h...).want(t, 403, "AccessDenied")
		}
		s.do(s.owner, method, path, "", "X-Amz-Acl", "private").want(t, 200, "")
	}
	s.do(s.nobody, "GET", "/bucket/open", "").want(t, 200, "") // existing ACLs are not affected

	set("false", "true").want(t, 200, "")
	s.do(s.nobody, "GET", "/bucket/open", "").want(t, 403, "AccessDenied")
	s.put("/bucket/also", "content", "X-Amz-Acl", "public-read") // can be set, to no effect
	s.do(s.nobody, "GET", "/bucket/also", "").want(t, 403, "AccessDenied")
	s.policy(iam.Policy{Subject: iam.PublicAccess, Roles: []iam.Role{iam.ObjectReader}, Instance: s.owner.instance, Bucket: "bucket"})
	s.do(s.nobody, "GET", "/bucket/closed", "").want(t, 200, "") // policies are none of its business

	s.do(s.owner, "PUT", "/bucket?publicAccessBlock", "").want(t, 400, "MissingRequestBodyError")
	s.do(s.owner, "PUT", "/bucket?publicAccessBlock", "<PublicAccessBlockConfiguration><BlockPublicAcls>perhaps</BlockPublicAcls></PublicAccessBlockConfiguration>").want(t, 400, "MalformedXML")
	s.do(s.owner, "PUT", "/bucket?publicAccessBlock", "<PublicAccessBlockConfiguration><BlockPublicPolicy>true</BlockPublicPolicy></PublicAccessBlockConfiguration>").want(t, 501, "NotImplemented")
	s.do(s.owner, "DELETE", "/bucket?publicAccessBlock", "").want(t, 204, "")
	s.do(s.owner, "GET", "/bucket?publicAccessBlock", "").want(t, 404, "NoSuchPublicAccessBlockConfiguration")
	s.do(s.nobody, "GET", "/bucket/open", "").want(t, 200, "")
}

// The firewall comes before everything: policies, ACLs, and what the owner may.
func TestFirewall(t *testing.T) {
	t.Parallel()
	s := newServer(t, serverOptions{})
	s.put("/bucket/k", "content", "X-Amz-Acl", "public-read")
	for _, test := range []struct {
		networks []string
		remote   string
		in       bool
	}{
		{nil, "192.0.2.1:80", true},
		{[]string{"192.0.2.1"}, "192.0.2.1:80", true},
		{[]string{"192.0.2.1"}, "192.0.2.2:80", false},
		{[]string{"192.0.2.1"}, "[::ffff:192.0.2.1]:80", true},
		{[]string{"198.51.100.1", "192.0.2.0/24"}, "192.0.2.77:80", true},
		{[]string{"192.0.2.0/24"}, "192.0.3.77:80", false},
		{[]string{"2001:db8::/32"}, "[2001:db8::1]:80", true},
		{[]string{"2001:db8::/32"}, "[2001:db9::1]:80", false},
		{[]string{"2001:db8::1"}, "[2001:db8::1%eth0]:80", true},
		{[]string{"192.0.2.0/24", "!192.0.2.7"}, "192.0.2.7:80", false},
		{[]string{"192.0.2.0/24", "!192.0.2.7"}, "192.0.2.8:80", true},
		{[]string{"!192.0.2.0/24"}, "192.0.2.8:80", false},
		{[]string{"!192.0.2.0/24"}, "192.0.3.8:80", true},
		{[]string{"0.0.0.0/0"}, "somewhere", false},
	} {
		s.setBucket("bucket", func(b *store.Bucket) { b.Firewall = test.networks })
		for _, who := range []user{s.owner, s.nobody} {
			r := httptest.NewRequest("GET", "/bucket/k", nil)
			r.RemoteAddr = test.remote
			r.Header.Set("X-Forwarded-For", "192.0.2.1") // which anyone can write
			if who.token != "" {
				r.Header.Set("Authorization", "Bearer "+who.token)
			}
			w := httptest.NewRecorder()
			s.handler.ServeHTTP(w, r)
			if in := w.Code == http.StatusOK; in != test.in || !in && !strings.Contains(w.Body.String(), "<Code>AccessDenied</Code>") {
				t.Errorf("firewall %q, from %s: status %d, want in %v: %s", test.networks, test.remote, w.Code, test.in, w.Body)
			}
		}
	}
	// It guards what is copied out of the bucket as well.
	s.setBucket("bucket", func(b *store.Bucket) { b.Firewall = []string{"192.0.2.1"} })
	s.do(s.owner, "PUT", "/target", "", "Ibm-Service-Instance-Id", s.owner.instance).want(t, 200, "")
	s.do(s.owner, "PUT", "/target/k", "", "X-Amz-Copy-Source", "/bucket/k").want(t, 403, "AccessDenied")
}

func TestQuota(t *testing.T) {
	t.Parallel()
	s := newServer(t, serverOptions{minPart: 1})
	s.put("/bucket/a", "12345678")
	s.setBucket("bucket", func(b *store.Bucket) { b.Quota = 10 })
	s.do(s.owner, "PUT", "/bucket/b", "123").want(t, 403, "QuotaExceeded")
	s.put("/bucket/b", "12")
	s.do(s.owner, "PUT", "/bucket/c", "1").want(t, 403, "QuotaExceeded")
	s.do(s.owner, "PUT", "/bucket/c", "", "X-Amz-Copy-Source", "/bucket/b").want(t, 403, "QuotaExceeded")
	s.do(s.owner, "GET", "/bucket/a", "").want(t, 200, "")

	s.do(s.owner, "DELETE", "/bucket/b", "").want(t, 204, "")
	upload := decode[struct{ UploadId string }](t, s.do(s.owner, "POST", "/bucket/m?uploads", "")) //nolint:revive // as in the document
	part := func(n, body string) *response {
		return s.do(s.owner, "PUT", "/bucket/m?partNumber="+n+"&uploadId="+upload.UploadId, body)
	}
	part("1", "123").want(t, 403, "QuotaExceeded")
	first, second := part("1", "12"), part("2", "12")
	first.want(t, 200, "")
	second.want(t, 200, "") // each has room, but not both
	body := "<CompleteMultipartUpload><Part><PartNumber>1</PartNumber><ETag>" + first.Header.Get("ETag") + "</ETag></Part><Part><PartNumber>2</PartNumber><ETag>" +
		second.Header.Get("ETag") + "</ETag></Part></CompleteMultipartUpload>"
	complete := "/bucket/m?uploadId=" + upload.UploadId
	s.do(s.owner, "POST", complete, body).want(t, 403, "QuotaExceeded")
	s.setBucket("bucket", func(b *store.Bucket) { b.Quota = 0 })
	s.do(s.owner, "POST", complete, body).want(t, 200, "")
}

// setBucket sets what of a bucket no operation of S3 sets.
func (s *server) setBucket(name string, change func(*store.Bucket)) {
	s.t.Helper()
	_, err := s.store.UpdateBucket(s.t.Context(), name, func(b *store.Bucket) error {
		change(b)
		return nil
	})
	if err != nil {
		s.t.Fatal(err)
	}
}
