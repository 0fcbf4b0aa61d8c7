package s3api_test

import (
	"strings"
	"testing"
)

const corsDocument = `<CORSConfiguration xmlns="http://s3.amazonaws.com/doc/2006-03-01/">
<CORSRule><ID>one</ID><AllowedOrigin>https://*.example.test</AllowedOrigin><AllowedMethod>PUT</AllowedMethod><AllowedMethod>GET</AllowedMethod>
<AllowedHeader>x-amz-*</AllowedHeader><AllowedHeader>Content-Type</AllowedHeader><ExposeHeader>ETag</ExposeHeader><MaxAgeSeconds>60</MaxAgeSeconds></CORSRule>
<CORSRule><AllowedOrigin>*</AllowedOrigin><AllowedMethod>GET</AllowedMethod></CORSRule>
</CORSConfiguration>`

func TestCORSConfiguration(t *testing.T) {
	s := newServer(t, serverOptions{})
	s.do(s.owner, "GET", "/bucket?cors", "").want(t, 404, "NoSuchCORSConfiguration")
	s.do(s.owner, "PUT", "/bucket?cors", corsDocument).want(t, 400, "InvalidRequest") // no digest
	s.do(s.owner, "PUT", "/bucket?cors", corsDocument, md5Header(corsDocument)...).want(t, 200, "")
	r := s.do(s.owner, "GET", "/bucket?cors", "")
	r.want(t, 200, "")
	want := strings.ReplaceAll(corsDocument[strings.Index(corsDocument, "<CORSRule>"):], "\n", "")
	if !strings.HasSuffix(r.body, want) {
		t.Errorf("got  %s\nwant %s", r.body, want)
	}
	s.do(s.owner, "DELETE", "/bucket?cors", "").want(t, 204, "")
	s.do(s.owner, "GET", "/bucket?cors", "").want(t, 404, "NoSuchCORSConfiguration")
}

func TestCORSConfigurationErrors(t *testing.T) {
	s := newServer(t, serverOptions{})
	rule := func(s string) string {
		return "<CORSConfiguration><CORSRule>" + s + "</CORSRule></CORSConfiguration>"
	}
	const valid = "<AllowedOrigin>*</AllowedOrigin><AllowedMethod>GET</AllowedMethod>"
	tests := []struct{ body, code string }{
		{"", "MissingRequestBodyError"},
		{"<CORSConfiguration/>", "MalformedXML"},
		{rule("<AllowedMethod>GET</AllowedMethod>"), "MalformedXML"},
		{rule("<AllowedOrigin>*</AllowedOrigin>"), "MalformedXML"},
		{rule(valid + "<AllowedMethod>PATCH</AllowedMethod>"), "InvalidRequest"},
		{rule(valid + "<AllowedMethod>get</AllowedMethod>"), "InvalidRequest"},
		{rule(valid + "<AllowedOrigin>http://*.*</AllowedOrigin>"), "InvalidRequest"},
		{rule(valid + "<AllowedHeader>*-*</AllowedHeader>"), "InvalidRequest"},
		{rule(valid + "<ExposeHeader>x-*</ExposeHeader>"), "InvalidRequest"},
		{rule(valid + "<ExposeHeader>a&#13;&#10;b</ExposeHeader>"), "MalformedXML"},
		{rule(valid + "<MaxAgeSeconds>soon</MaxAgeSeconds>"), "MalformedXML"},
		{rule(valid + "<MaxAgeSeconds>-1</MaxAgeSeconds>"), "MalformedXML"},
		{rule(valid + "<Unknown/>"), "MalformedXML"},
		{rule(valid + "<ID>" + strings.Repeat("x", 256) + "</ID>"), "InvalidArgument"},
		{"<CORSConfiguration>" + strings.Repeat("<CORSRule>"+valid+"</CORSRule>", 101) + "</CORSConfiguration>", "MalformedXML"},
		{rule(valid + strings.Repeat(" ", 64<<10)), "MaxMessageLengthExceeded"},
	}
	for _, test := range tests {
		s.do(s.owner, "PUT", "/bucket?cors", test.body, md5Header(test.body)...).want(t, 400, test.code)
	}
	s.do(s.owner, "GET", "/bucket?cors", "").want(t, 404, "NoSuchCORSConfiguration")
}

func TestPreflight(t *testing.T) {
	s := newServer(t, serverOptions{})
	const origin, method, request = "Origin", "Access-Control-Request-Method", "Access-Control-Request-Headers"
	s.do(s.nobody, "OPTIONS", "/bucket/k", "", origin, "https://a.example.test", method, "GET").want(t, 403, "AccessForbidden")
	s.do(s.owner, "PUT", "/bucket?cors", corsDocument, md5Header(corsDocument)...).want(t, 200, "")
	tests := []struct {
		name    string
		headers []string
		status  int
		code    string
		allow   string // Access-Control-Allow-Origin
		methods string
	}{
		{"rule one", []string{origin, "https://a.example.test", method, "PUT", request, "X-Amz-Meta-K, content-type"}, 200, "", "https://a.example.test", "PUT, GET"},
		{"rule two", []string{origin, "http://elsewhere.test", method, "GET"}, 200, "", "*", "GET"},
		{"header not allowed", []string{origin, "https://a.example.test", method, "PUT", request, "X-Other"}, 403, "AccessForbidden", "", ""},
		{"method not allowed", []string{origin, "https://a.example.test", method, "DELETE"}, 403, "AccessForbidden", "", ""},
		{"origin not allowed", []string{origin, "https://example.test.evil", method, "PUT"}, 403, "AccessForbidden", "", ""},
		{"no origin", []string{method, "PUT"}, 400, "BadRequest", "", ""},
		{"no method", []string{origin, "https://a.example.test"}, 400, "BadRequest", "", ""},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			for _, path := range []string{"/bucket", "/bucket/k", "/bucket/k?uploads"} {
				r := s.do(s.nobody, "OPTIONS", path, "", test.headers...)
				r.want(t, test.status, test.code)
				if got := r.Header.Get("Access-Control-Allow-Origin"); got != test.allow {
					t.Errorf("allowed origin %q, want %q", got, test.allow)
				}
				if got := r.Header.Get("Access-Control-Allow-Methods"); got != test.methods {
					t.Errorf("allowed methods %q, want %q", got, test.methods)
				}
				if test.status == 200 && r.Header.Get("Vary") == "" {
					t.Error("no Vary")
				}
			}
		})
	}
	r := s.do(s.nobody, "OPTIONS", "/bucket", "", tests[0].headers...)
	for name, want := range map[string]string{
		"Access-Control-Allow-Credentials": "true", "Access-Control-Allow-Headers": "X-Amz-Meta-K, content-type",
		"Access-Control-Max-Age": "60", "Access-Control-Expose-Headers": "ETag",
	} {
		if got := r.Header.Get(name); got != want {
			t.Errorf("%s = %q, want %q", name, got, want)
		}
	}
	s.do(s.nobody, "OPTIONS", "/", "", origin, "x", method, "GET").want(t, 403, "AccessForbidden")
	s.do(s.nobody, "OPTIONS", "/nosuchbucket", "", origin, "x", method, "GET").want(t, 403, "AccessForbidden")
}

func TestCORSHeadersOnAnswers(t *testing.T) {
	s := newServer(t, serverOptions{})
	s.put("/bucket/k", "hello")
	s.do(s.owner, "PUT", "/bucket?cors", corsDocument, md5Header(corsDocument)...).want(t, 200, "")
	for _, test := range []struct {
		who    user
		origin string
		path   string
		want   string
	}{
		{s.owner, "https://a.example.test", "/bucket/k", "https://a.example.test"},
		{s.owner, "https://a.example.test", "/bucket/none", "https://a.example.test"}, // a script may read errors too
		{s.nobody, "http://elsewhere.test", "/bucket/k", "*"},
		{s.owner, "", "/bucket/k", ""},
	} {
		var headers []string
		if test.origin != "" {
			headers = []string{"Origin", test.origin}
		}
		r := s.do(test.who, "GET", test.path, "", headers...)
		if got := r.Header.Get("Access-Control-Allow-Origin"); got != test.want {
			t.Errorf("%s from %q: allowed origin %q, want %q", test.path, test.origin, got, test.want)
		}
	}
	if got := s.do(s.owner, "DELETE", "/bucket/k", "", "Origin", "https://a.example.test").Header.Get("Access-Control-Allow-Origin"); got != "" {
		t.Errorf("a method that no rule allows got %q", got)
	}
}
