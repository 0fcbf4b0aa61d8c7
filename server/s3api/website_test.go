package s3api_test

import (
	"net/http"
	"slices"
	"strings"
	"testing"
)

// site is a server whose bucket "bucket" is a website.
func site(t *testing.T, configuration string) *server {
	t.Helper()
	s := newServer(t, serverOptions{websites: []string{"s3-web.test"}})
	if configuration != "" {
		s.configure(t, configuration).want(t, 200, "")
	}
	return s
}

func (s *server) configure(t *testing.T, configuration string) *response {
	t.Helper()
	return s.do(s.owner, "PUT", "/bucket?website", configuration, md5Header(configuration)...)
}

// visit asks the website for a path.
func (s *server) visit(method, path string, headers ...string) *response {
	s.t.Helper()
	return s.do(s.nobody, method, path, "", append(headers, "Host", "bucket.s3-web.test")...)
}

// page stores an object that everybody may read.
func (s *server) page(key, body string, headers ...string) {
	s.t.Helper()
	s.put("/bucket/"+key, body, append(headers, "x-amz-acl", "public-read", "Content-Type", "text/html")...)
}

const indexAndError = "<WebsiteConfiguration><IndexDocument><Suffix>index.html</Suffix></IndexDocument>" +
	"<ErrorDocument><Key>oops.html</Key></ErrorDocument></WebsiteConfiguration>"

func TestWebsiteConfiguration(t *testing.T) {
	s := site(t, "")
	s.do(s.owner, "GET", "/bucket?website", "").want(t, 404, "NoSuchWebsiteConfiguration")
	s.do(s.owner, "DELETE", "/bucket?website", "").want(t, 204, "")
	const ns = ` xmlns="http://s3.amazonaws.com/doc/2006-03-01/"`
	full := "<WebsiteConfiguration" + ns + "><IndexDocument><Suffix>index.html</Suffix></IndexDocument><ErrorDocument><Key>a &amp; b</Key></ErrorDocument>" +
		"<RoutingRules><RoutingRule><Condition><HttpErrorCodeReturnedEquals>404</HttpErrorCodeReturnedEquals><KeyPrefixEquals>old/</KeyPrefixEquals></Condition>" +
		"<Redirect><HostName>example.com</HostName><HttpRedirectCode>302</HttpRedirectCode><Protocol>https</Protocol><ReplaceKeyPrefixWith>new/</ReplaceKeyPrefixWith></Redirect></RoutingRule>" +
		"<RoutingRule><Redirect><ReplaceKeyWith>gone.html</ReplaceKeyWith></Redirect></RoutingRule></RoutingRules></WebsiteConfiguration>"
	s.configure(t, full).want(t, 200, "")
	r := s.do(s.owner, "GET", "/bucket?website", "")
	r.want(t, 200, "")
	if want := `<?xml version="1.0" encoding="UTF-8" standalone="yes"?>` + "\n" + full; r.body != want {
		t.Errorf("got  %s\nwant %s", r.body, want)
	}
	s.do(s.other, "GET", "/bucket?website", "").want(t, 403, "AccessDenied")
	s.do(s.other, "PUT", "/bucket?website", full, md5Header(full)...).want(t, 403, "AccessDenied")
	s.do(s.owner, "PUT", "/bucket?website", full).want(t, 400, "InvalidRequest") // no digest
	s.do(s.owner, "DELETE", "/bucket?website", "").want(t, 204, "")
	s.do(s.owner, "GET", "/bucket?website", "").want(t, 404, "NoSuchWebsiteConfiguration")
}

func TestWebsiteConfigurationsThatAreRefused(t *testing.T) {
	s := site(t, "")
	index := "<IndexDocument><Suffix>i</Suffix></IndexDocument>"
	rule := func(inner string) string {
		return index + "<RoutingRules><RoutingRule>" + inner + "</RoutingRule></RoutingRules>"
	}
	for _, test := range []struct{ inner, code string }{
		{"", "InvalidArgument"},
		{"<IndexDocument><Suffix></Suffix></IndexDocument>", "InvalidArgument"},
		{"<IndexDocument><Suffix>a/b</Suffix></IndexDocument>", "InvalidArgument"},
		{"<IndexDocument><Suffixes>a</Suffixes></IndexDocument>", "MalformedXML"},
		{index + index, "MalformedXML"},
		{index + "<ErrorDocument><Key></Key></ErrorDocument>", "InvalidArgument"},
		{index + "<Else/>", "MalformedXML"},
		{"<RedirectAllRequestsTo><Protocol>http</Protocol></RedirectAllRequestsTo>", "MalformedXML"},
		{"<RedirectAllRequestsTo><HostName>h</HostName><Protocol>ftp</Protocol></RedirectAllRequestsTo>", "InvalidArgument"},
		{"<RedirectAllRequestsTo><HostName>h/evil?x</HostName></RedirectAllRequestsTo>", "InvalidArgument"},
		{index + "<RedirectAllRequestsTo><HostName>h</HostName></RedirectAllRequestsTo>", "MalformedXML"},
		{index + "<RoutingRules/>", "InvalidArgument"},
		{index + "<RoutingRules>" + strings.Repeat("<RoutingRule><Redirect><HostName>h</HostName></Redirect></RoutingRule>", 51) + "</RoutingRules>", "InvalidArgument"},
		{rule("<Condition/><Redirect><HostName>h</HostName></Redirect>"), "InvalidArgument"},
		{rule("<Redirect/>"), "MalformedXML"},
		{rule("<Condition><KeyPrefixEquals>a</KeyPrefixEquals></Condition>"), "MalformedXML"},
		{rule("<Condition><HttpErrorCodeReturnedEquals>200</HttpErrorCodeReturnedEquals></Condition><Redirect><HostName>h</HostName></Redirect>"), "InvalidArgument"},
		{rule("<Redirect><HttpRedirectCode>200</HttpRedirectCode></Redirect>"), "InvalidArgument"},
		{rule("<Redirect><HttpRedirectCode>x</HttpRedirectCode></Redirect>"), "MalformedXML"},
		{rule("<Redirect><ReplaceKeyWith>a</ReplaceKeyWith><ReplaceKeyPrefixWith>b</ReplaceKeyPrefixWith></Redirect>"), "InvalidArgument"},
		{rule("<Redirect><Protocol>gopher</Protocol></Redirect>"), "InvalidArgument"},
	} {
		s.configure(t, "<WebsiteConfiguration>"+test.inner+"</WebsiteConfiguration>").want(t, 400, test.code)
	}
	s.do(s.owner, "GET", "/bucket?website", "").want(t, 404, "NoSuchWebsiteConfiguration")
}

func TestWebsiteServesPages(t *testing.T) {
	s := site(t, indexAndError)
	s.page("index.html", "<p>home")
	s.page("docs/index.html", "<p>docs")
	s.page("docs/a+b%20c", "<p>abc", "Cache-Control", "max-age=60")
	s.page("oops.html", "<p>sorry")
	s.page("moved", "", "x-amz-website-redirect-location", "/docs/")
	s.page("away", "", "x-amz-website-redirect-location", "https://example.com/x")
	s.put("/bucket/private", "secret")
	tests := []struct {
		method, path string
		status       int
		body         string
		location     string
	}{
		{"GET", "/", 200, "<p>home", ""},
		{"HEAD", "/", 200, "", ""},
		{"GET", "/index.html", 200, "<p>home", ""},
		{"GET", "/docs/", 200, "<p>docs", ""},
		{"GET", "/docs", 302, "", "http://bucket.s3-web.test/docs/"},
		{"GET", "/docs/a+b%20c?response-content-type=evil&versionId=7", 200, "<p>abc", ""},
		{"GET", "/moved", 301, "", "/docs/"},
		{"GET", "/away", 301, "", "https://example.com/x"},
		{"GET", "/private", 403, "<p>sorry", ""},
		{"GET", "/missing", 403, "<p>sorry", ""}, // who may not list does not learn more
		{"HEAD", "/missing", 403, "", ""},
		{"GET", "/missing/", 403, "<p>sorry", ""},
	}
	for _, test := range tests {
		r := s.visit(test.method, test.path)
		if r.StatusCode != test.status || r.body != test.body || r.Header.Get("Location") != test.location {
			t.Errorf("%s %s: %d %q, Location %q; want %d %q, %q", test.method, test.path, r.StatusCode, r.body, r.Header.Get("Location"), test.status, test.body, test.location)
		}
	}
	r := s.visit("GET", "/docs/a+b%20c")
	if r.Header.Get("Content-Type") != "text/html" || r.Header.Get("Cache-Control") != "max-age=60" || r.Header.Get("Etag") == "" {
		t.Errorf("headers of a page: %v", r.Header)
	}
	if again := s.visit("GET", "/", "If-None-Match", s.visit("GET", "/").Header.Get("Etag")); again.StatusCode != http.StatusNotModified {
		t.Errorf("a page that is known: %d", again.StatusCode)
	}
	if part := s.visit("GET", "/", "Range", "bytes=3-"); part.StatusCode != http.StatusPartialContent || part.body != "home" {
		t.Errorf("a range of a page: %d %q", part.StatusCode, part.body)
	}
	// Who signs in is nobody here, and gets no more than anybody.
	if r := s.do(s.owner, "GET", "/private", "", "Host", "bucket.s3-web.test"); r.StatusCode != 403 {
		t.Errorf("a private page for the owner: %d", r.StatusCode)
	}
	// Where everybody may list the bucket, what is missing is missing.
	s.do(s.owner, "PUT", "/bucket?acl", "", "x-amz-acl", "public-read").want(t, 200, "")
	if r := s.visit("GET", "/missing"); r.StatusCode != 404 || r.Header.Get("X-Amz-Error-Code") != "NoSuchKey" {
		t.Errorf("a missing page of a public bucket: %d %v", r.StatusCode, r.Header)
	}
}

func TestWebsiteErrorsArePages(t *testing.T) {
	s := site(t, indexAndError) // without the page for errors
	r := s.visit("GET", "/%3Cscript%3E")
	if r.StatusCode != 403 || r.Header.Get("Content-Type") != "text/html; charset=utf-8" || !strings.Contains(r.body, "<li>Code: AccessDenied</li>") ||
		!strings.Contains(r.body, "&lt;script&gt;") || strings.Contains(r.body, "<script>") {
		t.Errorf("error page: %d %v\n%s", r.StatusCode, r.Header, r.body)
	}
	tests := []struct {
		method, path, host string
		status             int
		code               string
	}{
		{"PUT", "/x", "bucket.s3-web.test", 405, "MethodNotAllowed"},
		{"POST", "/", "bucket.s3-web.test", 405, "MethodNotAllowed"},
		{"GET", "/", "nowhere.s3-web.test", 404, "NoSuchBucket"},
		{"GET", "/" + strings.Repeat("k", 1025), "bucket.s3-web.test", 400, "KeyTooLong"},
	}
	for _, test := range tests {
		r := s.do(s.owner, test.method, test.path, "", "Host", test.host)
		if r.StatusCode != test.status || !strings.Contains(r.body, "<li>Code: "+test.code+"</li>") {
			t.Errorf("%s %s at %s: %d %s, want %d %s", test.method, test.path, test.host, r.StatusCode, r.body, test.status, test.code)
		}
	}
	s.do(s.owner, "DELETE", "/bucket?website", "").want(t, 204, "")
	if r := s.visit("GET", "/"); r.StatusCode != 404 || !strings.Contains(r.body, "NoSuchWebsiteConfiguration") {
		t.Errorf("a bucket that is no website: %d %s", r.StatusCode, r.body)
	}
}

func TestWebsiteRedirects(t *testing.T) {
	s := site(t, "<WebsiteConfiguration><RedirectAllRequestsTo><HostName>example.com</HostName><Protocol>https</Protocol></RedirectAllRequestsTo></WebsiteConfiguration>")
	if r := s.visit("GET", "/a%20b/c"); r.StatusCode != 301 || r.Header.Get("Location") != "https://example.com/a%20b/c" {
		t.Errorf("redirect of everything: %d %s", r.StatusCode, r.Header.Get("Location"))
	}
	rule := func(condition, to string) string {
		if condition != "" {
			condition = "<Condition>" + condition + "</Condition>"
		}
		return "<RoutingRule>" + condition + "<Redirect>" + to + "</Redirect></RoutingRule>"
	}
	prefix := func(p string) string { return "<KeyPrefixEquals>" + p + "</KeyPrefixEquals>" }
	s.configure(t, "<WebsiteConfiguration><IndexDocument><Suffix>index.html</Suffix></IndexDocument><RoutingRules>"+
		rule(prefix("old/"), "<ReplaceKeyPrefixWith>new/</ReplaceKeyPrefixWith>")+
		rule(prefix("one/"), "<ReplaceKeyWith>the one</ReplaceKeyWith><HttpRedirectCode>307</HttpRedirectCode>")+
		rule(prefix("lost/")+"<HttpErrorCodeReturnedEquals>403</HttpErrorCodeReturnedEquals>", "<HostName>found.example</HostName><Protocol>https</Protocol><ReplaceKeyPrefixWith>f/</ReplaceKeyPrefixWith>")+
		rule("<HttpErrorCodeReturnedEquals>403</HttpErrorCodeReturnedEquals>", "<HostName>other.example</HostName>")+
		"</RoutingRules></WebsiteConfiguration>").want(t, 200, "")
	s.page("lost/but-here", "here")
	tests := []struct {
		path     string
		status   int
		location string
	}{
		{"/old/a", 301, "http://bucket.s3-web.test/new/a"},
		{"/one/a", 307, "http://bucket.s3-web.test/the%20one"},
		{"/lost/but-here", 200, ""},
		{"/lost/x", 301, "https://found.example/f/x"},
		{"/else", 301, "http://other.example/else"},
	}
	for _, test := range tests {
		if r := s.visit("GET", test.path); r.StatusCode != test.status || r.Header.Get("Location") != test.location {
			t.Errorf("%s: %d %s, want %d %s", test.path, r.StatusCode, r.Header.Get("Location"), test.status, test.location)
		}
	}
}

func TestWebsiteAnswersOtherOrigins(t *testing.T) {
	s := site(t, indexAndError)
	s.page("index.html", "home")
	cors := "<CORSConfiguration><CORSRule><AllowedOrigin>https://app</AllowedOrigin><AllowedMethod>GET</AllowedMethod></CORSRule></CORSConfiguration>"
	s.do(s.owner, "PUT", "/bucket?cors", cors, md5Header(cors)...).want(t, 200, "")
	if r := s.visit("GET", "/", "Origin", "https://app"); r.Header.Get("Access-Control-Allow-Origin") != "https://app" {
		t.Errorf("headers %v", r.Header)
	}
	if r := s.visit("OPTIONS", "/", "Origin", "https://app", "Access-Control-Request-Method", "GET"); r.StatusCode != 200 || !slices.Equal(r.Header["Access-Control-Allow-Origin"], []string{"https://app"}) {
		t.Errorf("preflight: %d %v", r.StatusCode, r.Header)
	}
}
