package icos_test

import (
	"errors"
	"io"
	"io/fs"
	"net/http"
	"net/url"
	"reflect"
	"strings"
	"testing"

	"github.com/icos-go/icos"
	"github.com/icos-go/icos/icostest"
	"github.com/icos-go/icos/s3"
)

func TestWebsite(t *testing.T) {
	cos := icostest.NewServer(t)
	ctx := t.Context()
	bucket := cos.Client().Bucket("my-site")
	if err := bucket.Create(ctx, nil); err != nil {
		t.Fatal(err)
	}
	if _, err := bucket.Website(ctx); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("website of a bucket that is none: %v", err)
	}
	for _, want := range []icos.Website{
		{IndexDocument: "index.html"},
		{RedirectAllTo: &icos.WebsiteRedirect{HostName: "example.com", Protocol: "https"}},
		{IndexDocument: "index.html", ErrorDocument: "a <b> & c", RoutingRules: []icos.RoutingRule{
			{KeyPrefix: "old/", RedirectTo: icos.WebsiteRedirect{ReplacePrefix: new("")}},
			{ErrorCode: 404, RedirectTo: icos.WebsiteRedirect{HostName: "h", Protocol: "http", Code: 302, ReplaceKey: new("k")}},
		}},
	} {
		if err := bucket.SetWebsite(ctx, want); err != nil {
			t.Fatal(err)
		}
		if got, err := bucket.Website(ctx); err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("got %+v, %v, want %+v", got, err, want)
		}
	}
	var e *icos.Error
	if err := bucket.SetWebsite(ctx, icos.Website{IndexDocument: "a/b"}); !errors.As(err, &e) || e.Code != "InvalidArgument" {
		t.Errorf("an index with a slash: %v", err)
	}
	for _, bad := range []icos.Website{
		{IndexDocument: "a\x00"},
		{RedirectAllTo: &icos.WebsiteRedirect{HostName: "h", Code: 302}},
	} {
		if err := bucket.SetWebsite(ctx, bad); err == nil || errors.As(err, &e) && e.StatusCode != 0 && e.RequestID != "" {
			t.Errorf("%+v: %v, want it refused before it is sent", bad, err)
		}
	}

	if _, err := bucket.Object("index.html").Put(ctx, strings.NewReader("<p>welcome"), &icos.PutOptions{ACL: icos.PublicRead, ContentType: "text/html"}); err != nil {
		t.Fatal(err)
	}
	address, err := bucket.WebsiteURL(ctx)
	if err != nil {
		t.Fatal(err)
	}
	if got := visit(t, cos.URL, address); got != "<p>welcome" {
		t.Errorf("%s shows %q", address, got)
	}

	if err := bucket.DeleteWebsite(ctx); err != nil {
		t.Fatal(err)
	}
	if _, err := bucket.Website(ctx); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("website after it was deleted: %v", err)
	}
}

// visit asks for address at a server, whatever its host resolves to.
func visit(t *testing.T, server, address string) string {
	t.Helper()
	u, err := url.Parse(address)
	if err != nil {
		t.Fatal(err)
	}
	r, err := http.NewRequestWithContext(t.Context(), "GET", server+u.Path, nil)
	if err != nil {
		t.Fatal(err)
	}
	r.Host = u.Host
	res, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	b, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func TestWebsiteURL(t *testing.T) {
	for endpoint, want := range map[string]string{
		"https://s3.us-south.cloud-object-storage.appdomain.cloud":      "https://b.s3-web.us-south.cloud-object-storage.appdomain.cloud/",
		"https://s3.private.eu-de.cloud-object-storage.appdomain.cloud": "https://b.s3-web.private.eu-de.cloud-object-storage.appdomain.cloud/",
		"http://127.0.0.1:9000": "http://b.s3-web.localhost:9000/",
		"http://[::1]:9000":     "http://b.s3-web.localhost:9000/",
		"http://localhost:9000": "http://b.s3-web.localhost:9000/",
		"https://cos.lan":       "https://b.s3-web.cos.lan/",
	} {
		c, err := s3.New(s3.Config{Endpoint: endpoint})
		if err != nil {
			t.Fatal(err)
		}
		if got := c.WebsiteURL("b"); got != want {
			t.Errorf("website at %s: %s, want %s", endpoint, got, want)
		}
	}
}
