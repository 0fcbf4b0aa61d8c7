package s3api_test

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"
)

func TestEveryAnswerHasTheHeadersOfCOS(t *testing.T) {
	s := newServer(t, serverOptions{})
	for _, r := range []*response{
		s.do(s.owner, "HEAD", "/bucket", ""),
		s.do(s.owner, "GET", "/bucket/none", ""),
		s.do(s.nobody, "GET", "/", ""),
		s.do(s.owner, "GET", "/bucket?policy", ""),
	} {
		want := map[string]string{"X-Clv-S3-Version": "2.5", "Accept-Ranges": "bytes"}
		for name, value := range want {
			if got := r.Header.Get(name); got != value {
				t.Errorf("%s: %s = %q, want %q", r.what, name, got, value)
			}
		}
		if !strings.HasPrefix(r.Header.Get("Server"), "Cleversafe/3.") {
			t.Errorf("%s: Server = %q", r.what, r.Header.Get("Server"))
		}
		if _, err := http.ParseTime(r.Header.Get("Date")); err != nil {
			t.Errorf("%s: %v", r.what, err)
		}
		if got := len(r.Header.Get("X-Amz-Request-Id")); got != 36 {
			t.Errorf("%s: request id of %d characters, want a uuid", r.what, got)
		}
	}
}

func TestErrorDocument(t *testing.T) {
	s := newServer(t, serverOptions{})
	r := s.do(s.owner, "GET", "/bucket/a%26b", "")
	want := `<?xml version="1.0" encoding="UTF-8" standalone="yes"?>` + "\n" +
		`<Error><Code>NoSuchKey</Code><Message>The specified key does not exist.</Message><Resource>/bucket/a&amp;b</Resource>` +
		`<RequestId>` + r.Header.Get("X-Amz-Request-Id") + `</RequestId><httpStatusCode>404</httpStatusCode></Error>`
	if r.body != want {
		t.Errorf("got  %s\nwant %s", r.body, want)
	}
	if r := s.do(s.owner, "HEAD", "/bucket/none", ""); r.StatusCode != 404 || r.body != "" || r.ContentLength > 0 {
		t.Errorf("HEAD of a missing key: %d with %d bytes, want 404 with none", r.StatusCode, r.ContentLength)
	}
}

func TestCreateBucketNames(t *testing.T) {
	s := newServer(t, serverOptions{})
	tests := []struct{ name, code string }{
		{"abc", ""},
		{"a.b-c", ""},
		{"123", ""},
		{strings.Repeat("a", 63), ""},
		{"ab", "InvalidBucketName"},
		{strings.Repeat("a", 64), "InvalidBucketName"},
		{"Abc", "InvalidBucketName"},
		{"a_b", "InvalidBucketName"},
		{"-abc", "InvalidBucketName"},
		{"abc.", "InvalidBucketName"},
		{"a..b", "InvalidBucketName"},
		{"a--b", "InvalidBucketName"},
		{"1.2.3.4", "InvalidBucketName"},
		{"cosv1-x", "InvalidBucketName"},
		{"account-x", "InvalidBucketName"},
		{"a%20b", "InvalidBucketName"},
		{"identity", "BucketAlreadyExists"},
		{"bucket", "BucketAlreadyExists"},
	}
	for _, test := range tests {
		r := s.do(s.owner, "PUT", "/"+test.name, "", "ibm-service-instance-id", s.owner.instance)
		switch test.code {
		case "":
			r.want(t, 200, "")
			if got := r.Header.Get("Location"); got != "/"+test.name {
				t.Errorf("Location = %q, want %q", got, "/"+test.name)
			}
		case "BucketAlreadyExists":
			r.want(t, 409, test.code)
		default:
			r.want(t, 400, test.code)
		}
	}
	s.do(s.other, "PUT", "/abc", "", "ibm-service-instance-id", s.other.instance).want(t, 409, "BucketAlreadyExists")
}

func TestCreateBucketLocation(t *testing.T) {
	s := newServer(t, serverOptions{})
	const ns = ` xmlns="http://s3.amazonaws.com/doc/2006-03-01/"`
	tests := []struct{ body, want, code string }{
		{"", "us-south-standard", ""},
		{"<CreateBucketConfiguration/>", "us-south-standard", ""},
		{"<CreateBucketConfiguration" + ns + "><LocationConstraint>eu-de-smart</LocationConstraint></CreateBucketConfiguration>", "eu-de-smart", ""},
		{"<CreateBucketConfiguration><LocationConstraint>\n us-flex \n</LocationConstraint></CreateBucketConfiguration>", "us-flex", ""},
		{"<CreateBucketConfiguration><LocationConstraint>mel01-vault</LocationConstraint></CreateBucketConfiguration>", "mel01-vault", ""},
		{"<CreateBucketConfiguration><LocationConstraint>us-south-onerate_active</LocationConstraint></CreateBucketConfiguration>", "us-south-onerate_active", ""},
		{"<CreateBucketConfiguration><LocationConstraint>jp-tok-flex</LocationConstraint></CreateBucketConfiguration>", "", "InvalidLocationConstraint"},
		{"<CreateBucketConfiguration><LocationConstraint>us-east-1</LocationConstraint></CreateBucketConfiguration>", "", "InvalidLocationConstraint"},
		{"<CreateBucketConfiguration><LocationConstraint>-standard</LocationConstraint></CreateBucketConfiguration>", "", "InvalidLocationConstraint"},
		{"<CreateBucketConfiguration>", "", "MalformedXML"},
		{"<Other/>", "", "MalformedXML"},
	}
	for i, test := range tests {
		path := fmt.Sprintf("/location-%d", i)
		r := s.do(s.owner, "PUT", path, test.body, "ibm-service-instance-id", s.owner.instance)
		if test.code != "" {
			r.want(t, 400, test.code)
			s.do(s.owner, "HEAD", path, "").want(t, 404, "")
			continue
		}
		r.want(t, 200, "")
		var location string
		r = s.do(s.owner, "GET", path+"?location", "")
		location = decode[string](t, r)
		if location != test.want {
			t.Errorf("location of %q = %q, want %q", test.body, location, test.want)
		}
	}
}

func TestMisspelledLockHeaderIsIgnored(t *testing.T) {
	s := newServer(t, serverOptions{})
	s.do(s.owner, "PUT", "/fresh", "", "x-amz-bucket-object-lock-enabled", "maybe", "ibm-service-instance-id", s.owner.instance).want(t, 200, "")
	s.do(s.owner, "GET", "/fresh?object-lock", "").want(t, 404, "ObjectLockConfigurationNotFoundError")
}

func TestServiceInstanceID(t *testing.T) {
	s := newServer(t, serverOptions{})
	own, _ := s.iam.Instance(s.owner.instance)
	tests := []struct {
		name, id string
		status   int
		code     string
	}{
		{"missing", "", 400, "InvalidArgument"},
		{"unknown", "8a5b3c1e-0000-4000-8000-000000000000", 400, "InvalidArgument"},
		{"someone else's", s.other.instance, 403, "AccessDenied"},
		{"uuid", own.ID, 200, ""},
		{"crn", own.CRN, 200, ""},
	}
	for _, test := range tests {
		for _, path := range []string{"/", "/?extended"} {
			var headers []string
			if test.id != "" {
				headers = []string{"ibm-service-instance-id", test.id}
			}
			r := s.do(s.owner, "GET", path, "", headers...)
			r.want(t, test.status, test.code)
			if test.status == 400 && strings.Contains(r.body, "<Resource>") {
				t.Errorf("%s: %s has a Resource, which COS leaves out", test.name, r.body)
			}
		}
	}
	s.do(s.nobody, "GET", "/", "").want(t, 403, "AccessDenied")
	s.do(s.nobody, "PUT", "/fresh", "").want(t, 403, "AccessDenied")
	// A signature implies the instance.
	signed := s.v4(signer{s.owner.keys.AccessKeyID, s.owner.keys.SecretAccessKey, time.Now(), "s3"}, "GET", "/", sha256Hex(""))
	s.send(message{method: "GET", target: "/", headers: append(signed, "ibm-service-instance-id", s.other.instance)}).want(t, 200, "")
	// Other operations ignore the header.
	s.do(s.owner, "GET", "/bucket", "", "ibm-service-instance-id", "nonsense").want(t, 200, "")
}

type listAllMyBucketsResult struct {
	Owner       struct{ ID, DisplayName string }
	IsTruncated bool
	MaxKeys     int
	Marker      string
	NextMarker  string
	Buckets     []struct{ Name, CreationDate, LocationConstraint string } `xml:"Buckets>Bucket"`
}

func TestListBuckets(t *testing.T) {
	s := newServer(t, serverOptions{})
	id := []string{"ibm-service-instance-id", s.owner.instance}
	for _, name := range []string{"/zoo", "/alpha", "/beta"} {
		s.do(s.owner, "PUT", name, "", id...).want(t, 200, "")
	}
	s.do(s.other, "PUT", "/theirs", "", "ibm-service-instance-id", s.other.instance).want(t, 200, "")
	names := func(r listAllMyBucketsResult) (list []string) {
		for _, b := range r.Buckets {
			list = append(list, b.Name)
		}
		return list
	}
	all := decode[listAllMyBucketsResult](t, s.do(s.owner, "GET", "/", "", id...))
	if got, want := names(all), []string{"alpha", "beta", "bucket", "zoo"}; !slices.Equal(got, want) {
		t.Errorf("buckets %v, want %v", got, want)
	}
	if all.Owner.ID != s.owner.instance || all.Owner.DisplayName == "" {
		t.Errorf("owner %+v, want %s with a name", all.Owner, s.owner.instance)
	}
	var paged []string
	marker := ""
	for {
		page := decode[listAllMyBucketsResult](t, s.do(s.owner, "GET", "/?extended&max-keys=2&prefix=b&marker="+marker, "", id...))
		paged = append(paged, names(page)...)
		if len(page.Buckets) > 0 && page.Buckets[0].LocationConstraint != "us-south-standard" {
			t.Errorf("location %q", page.Buckets[0].LocationConstraint)
		}
		if !page.IsTruncated {
			break
		}
		marker = page.Buckets[len(page.Buckets)-1].Name
	}
	if want := []string{"beta", "bucket"}; !slices.Equal(paged, want) {
		t.Errorf("pages hold %v, want %v", paged, want)
	}
	s.do(s.owner, "GET", "/?extended&max-keys=-1", "", id...).want(t, 400, "InvalidArgument")
}

func TestDeleteBucket(t *testing.T) {
	s := newServer(t, serverOptions{})
	s.put("/bucket/k", "x")
	s.do(s.owner, "DELETE", "/bucket", "").want(t, 409, "BucketNotEmpty")
	s.do(s.other, "DELETE", "/bucket", "").want(t, 403, "AccessDenied")
	s.do(s.owner, "DELETE", "/bucket/k", "").want(t, 204, "")
	s.do(s.owner, "DELETE", "/bucket", "").want(t, 204, "")
	s.do(s.owner, "DELETE", "/bucket", "").want(t, 404, "NoSuchBucket")
	s.do(s.owner, "HEAD", "/bucket", "").want(t, 404, "")
	s.do(s.owner, "GET", "/bucket/k", "").want(t, 404, "NoSuchBucket")
	s.do(s.owner, "PUT", "/bucket/k", "x").want(t, 404, "NoSuchBucket")
}

func TestBucketLimit(t *testing.T) {
	s := newServer(t, serverOptions{})
	id := []string{"ibm-service-instance-id", s.owner.instance}
	for i := range 99 { // and the one there is
		s.do(s.owner, "PUT", fmt.Sprintf("/limit-%d", i), "", id...).want(t, 200, "")
	}
	s.do(s.owner, "PUT", "/one-more", "", id...).want(t, 400, "TooManyBuckets")
	s.do(s.owner, "PUT", "/limit-1", "", id...).want(t, 409, "BucketAlreadyExists")
}

func TestVirtualHost(t *testing.T) {
	s := newServer(t, serverOptions{hosts: []string{"s3.example.test", "localhost"}})
	s.do(s.owner, "PUT", "/a%2Fb", "hello", "Host", "bucket.s3.example.test").want(t, 200, "")
	for _, host := range []string{"bucket.s3.example.test", "BUCKET.S3.example.test:8443", "bucket.localhost"} {
		if r := s.do(s.owner, "GET", "/a/b", "", "Host", host); r.body != "hello" {
			t.Errorf("Host %s: %d %s", host, r.StatusCode, r.body)
		}
	}
	for _, host := range []string{"s3.example.test", "elsewhere.test", "127.0.0.1:9000"} {
		if r := s.do(s.owner, "GET", "/bucket/a/b", "", "Host", host); r.body != "hello" {
			t.Errorf("Host %s: %d %s", host, r.StatusCode, r.body)
		}
	}
	s.do(s.owner, "GET", "/", "", "Host", "nosuch.localhost").want(t, 404, "NoSuchBucket")
}
