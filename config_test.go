package icos_test

import (
	"context"
	"encoding/xml"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/icos-go/icos"
	"github.com/icos-go/icos/auth"
)

func TestNewClientExplainsWhatIsWrong(t *testing.T) {
	keys := auth.HMAC("id", "secret")
	tests := map[string]struct {
		cfg  icos.Config
		want string // "" for none
	}{
		"nothing":               {icos.Config{}, "Config.Credentials"},
		"host":                  {icos.Config{Credentials: keys, Endpoint: "s3.us-south.cloud-object-storage.appdomain.cloud"}, ""},
		"loopback":              {icos.Config{Credentials: keys, Endpoint: "localhost:9000"}, ""},
		"loopback over http":    {icos.Config{Credentials: keys, Endpoint: "http://[::1]:9000/"}, ""},
		"plain http":            {icos.Config{Credentials: keys, Endpoint: "http://example.com"}, "use https"},
		"plain http, anonymous": {icos.Config{Credentials: auth.Anonymous, Endpoint: "http://example.com"}, ""},
		"anonymous, nowhere":    {icos.Config{Credentials: auth.Anonymous}, "Config.Endpoint or Config.Location"},
		"keys, nowhere":         {icos.Config{Credentials: keys}, ""},
		"location":              {icos.Config{Credentials: auth.Anonymous, Location: "eu-de-smart"}, ""},
		"scheme":                {icos.Config{Credentials: keys, Endpoint: "ftp://example.com"}, `"ftp"`},
		"path":                  {icos.Config{Credentials: keys, Endpoint: "https://example.com/my-bucket"}, "remove the path"},
		"user":                  {icos.Config{Credentials: keys, Endpoint: "https://me:geheim@example.com"}, "Config.Credentials"},
		"query":                 {icos.Config{Credentials: keys, Endpoint: "https://example.com?x=y"}, "query"},
		"no host":               {icos.Config{Credentials: keys, Endpoint: "https://"}, "no host"},
		"no URL":                {icos.Config{Credentials: keys, Endpoint: "https://exa mple.com"}, "endpoint"},
		"endpoints over http":   {icos.Config{Credentials: keys, EndpointsURL: "http://example.com/endpoints"}, "https"},
	}
	for name, test := range tests {
		c, err := icos.NewClient(test.cfg)
		if test.want == "" && err != nil || test.want != "" && (err == nil || !strings.Contains(err.Error(), test.want)) {
			t.Errorf("%s: %v, want something about %q", name, err, test.want)
		}
		if err != nil && strings.Contains(err.Error(), "geheim") {
			t.Errorf("%s: the error tells the password: %v", name, err)
		}
		if err == nil {
			if err := c.Close(); err != nil {
				t.Error(err)
			}
		}
	}
}

func TestEndpointFollowsFromTheLocation(t *testing.T) {
	for location, want := range map[string]string{
		"us-south-standard": "https://s3.us-south.cloud-object-storage.appdomain.cloud",
		"eu-smart":          "https://s3.eu.cloud-object-storage.appdomain.cloud",
		"ams03-cold":        "https://s3.ams03.cloud-object-storage.appdomain.cloud",
		"mars-north-smart":  "", // to be looked up
		"":                  "",
	} {
		c, err := icos.NewClient(icos.Config{Credentials: auth.HMAC("id", "secret"), Location: location})
		if err != nil {
			t.Fatal(err)
		}
		if got := c.Endpoint(); got != want {
			t.Errorf("endpoint of %q is %q, want %q", location, got, want)
		}
	}
}

// regions plays a service of two regions, each with an endpoint, and the list of
// endpoints. Every region lists all buckets; each serves only its own.
type regions struct {
	endpoints map[string]*httptest.Server
	list      *httptest.Server
	buckets   map[string]string // location by name

	mu       sync.Mutex
	lookups  int // lists of buckets
	fetches  int // of the list of endpoints
	requests []string
	broken   atomic.Bool // refuses to list buckets
}

func newRegions(t *testing.T, buckets map[string]string) *regions {
	s := &regions{endpoints: map[string]*httptest.Server{}, buckets: buckets}
	doc := ""
	for _, region := range []string{"us-south", "eu-de"} {
		srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { s.serve(region, w, r) }))
		t.Cleanup(srv.Close)
		s.endpoints[region] = srv
		doc += fmt.Sprintf(`%q:{"public":{%q:%q}},`, region, region, srv.URL)
	}
	doc = `{"service-endpoints":{"regional":{` + strings.TrimSuffix(doc, ",") + `}}}`
	s.list = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.fetches++
		fmt.Fprint(w, doc)
	}))
	t.Cleanup(s.list.Close)
	return s
}

func (s *regions) serve(region string, w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.requests = append(s.requests, region+" "+r.Method)
	fail := func(status int, code string) {
		w.WriteHeader(status)
		if r.Method != http.MethodHead {
			fmt.Fprintf(w, "<Error><Code>%s</Code></Error>", code)
		}
	}
	if r.URL.Path == "/" {
		s.lookups++
		if s.broken.Load() {
			fail(http.StatusForbidden, "AccessDenied")
			return
		}
		type bucket struct{ Name, LocationConstraint string }
		var doc struct {
			XMLName xml.Name `xml:"ListAllMyBucketsResult"`
			Buckets []bucket `xml:"Buckets>Bucket"`
		}
		for name, location := range s.buckets {
			if strings.HasPrefix(name, r.URL.Query().Get("prefix")) {
				doc.Buckets = append(doc.Buckets, bucket{name, location})
			}
		}
		_ = xml.NewEncoder(w).Encode(&doc) // the client will notice
		return
	}
	bucket, key, _ := strings.Cut(strings.TrimPrefix(r.URL.Path, "/"), "/")
	switch location := s.buckets[bucket]; {
	case r.Method == http.MethodPut && key == "":
		s.buckets[bucket] = region + "-standard"
	case !strings.HasPrefix(location, region):
		fail(http.StatusNotFound, "NoSuchBucket")
	case r.Method == http.MethodGet && key != "here":
		fail(http.StatusNotFound, "NoSuchKey")
	case r.Method == http.MethodDelete:
		w.WriteHeader(http.StatusNoContent)
	}
}

func (s *regions) client(t *testing.T, cfg icos.Config) *icos.Client {
	t.Helper()
	cfg.Credentials = auth.HMAC("id", "secret")
	cfg.EndpointsURL = s.list.URL
	c, err := icos.NewClient(cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := c.Close(); err != nil {
			t.Error(err)
		}
	})
	return c
}

func TestBucketIsFoundByItsName(t *testing.T) {
	s := newRegions(t, map[string]string{"home": "us-south-smart", "away": "eu-de-standard"})
	c := s.client(t, icos.Config{})
	if c.Endpoint() != "" || c.S3() != nil {
		t.Errorf("endpoint is %q without being looked for", c.Endpoint())
	}
	var wg sync.WaitGroup
	for i := range 16 {
		wg.Go(func() {
			name := []string{"home", "away"}[i%2]
			if _, err := c.Bucket(name).Object("here").Stat(ctx); err != nil {
				t.Errorf("%s: %v", name, err)
			}
		})
	}
	wg.Wait()
	if s.lookups != 2 || s.fetches != 1 {
		t.Errorf("%d look-ups and %d fetches for two buckets, want 2 and 1", s.lookups, s.fetches)
	}
	if _, err := c.Bucket("nowhere").Object("here").Stat(ctx); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("bucket that is nowhere: %v", err)
	}
	if err := c.Bucket("new").Create(ctx, nil); err == nil || !strings.Contains(err.Error(), "CreateOptions.Location") {
		t.Errorf("Create without a place: %v", err)
	}
	if err := c.Bucket("new").Create(ctx, &icos.CreateOptions{Location: "eu-de-standard"}); err != nil {
		t.Error(err)
	}
	if err := c.Bucket("new").Object("here").Delete(ctx); err != nil {
		t.Error(err)
	}
	if err := c.Bucket("new2").Create(ctx, &icos.CreateOptions{Location: "mars-standard"}); err == nil || !strings.Contains(err.Error(), "eu-de, us-south") {
		t.Errorf("Create on Mars: %v", err)
	}
}

func TestWrongEndpointIsNamed(t *testing.T) {
	s := newRegions(t, map[string]string{"home": "us-south-smart", "away": "eu-de-standard"})
	c := s.client(t, icos.Config{Endpoint: s.endpoints["us-south"].URL})
	calls := map[string]func(b *icos.Bucket) error{
		"Get":  func(b *icos.Bucket) error { _, err := b.Object("here").Get(ctx, nil); return err },
		"Stat": func(b *icos.Bucket) error { _, err := b.Object("here").Stat(ctx); return err },
		"Put": func(b *icos.Bucket) error {
			_, err := b.Object("here").Put(ctx, strings.NewReader("x"), nil)
			return err
		},
		"Delete": func(b *icos.Bucket) error { return b.Object("here").Delete(ctx) },
		"Exists": func(b *icos.Bucket) error { _, err := b.Exists(ctx); return err },
		"List": func(b *icos.Bucket) error {
			for _, err := range b.Objects(ctx, nil) {
				return err
			}
			return nil
		},
	}
	want := fmt.Sprintf(`bucket "away" is in eu-de; this client uses us-south: set Endpoint to %s`, s.endpoints["eu-de"].URL)
	for name, call := range calls {
		err := call(c.Bucket("away"))
		e, ok := errors.AsType[*icos.WrongEndpointError](err)
		if !ok || !strings.HasSuffix(err.Error(), want) {
			t.Errorf("%s: %v, want %s", name, err, want)
			continue
		}
		if errors.Is(err, fs.ErrNotExist) {
			t.Errorf("%s: a bucket that is elsewhere is said not to exist", name)
		}
		if said, ok := errors.AsType[*icos.Error](err); !ok || said.StatusCode != http.StatusNotFound {
			t.Errorf("%s: what the service said is lost: %v", name, said)
		}
		if e.Bucket != "away" || e.Location != "eu-de" || e.Endpoint != s.endpoints["eu-de"].URL {
			t.Errorf("%s: %+v", name, e)
		}
	}
	if s.lookups != 1 {
		t.Errorf("%d look-ups for one bucket, want 1", s.lookups)
	}
}

// A key that is missing from a bucket that is here costs one look-up, and success none.
func TestLookUpsAreRare(t *testing.T) {
	s := newRegions(t, map[string]string{"home": "us-south-smart"})
	c := s.client(t, icos.Config{Endpoint: s.endpoints["us-south"].URL})
	for range 3 {
		if _, err := c.Bucket("home").Object("here").Stat(ctx); err != nil {
			t.Fatal(err)
		}
	}
	if s.lookups != 0 || s.fetches != 0 {
		t.Errorf("%d look-ups and %d fetches for requests that succeeded", s.lookups, s.fetches)
	}
	for range 3 {
		if _, err := c.Bucket("home").Object("missing").Get(ctx, nil); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("missing key: %v", err)
		}
	}
	if s.lookups != 1 {
		t.Errorf("%d look-ups for three missing keys, want 1", s.lookups)
	}

	s.broken.Store(true) // no right to list buckets
	for range 3 {
		if _, err := c.Bucket("other").Object("here").Get(ctx, nil); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("bucket that cannot be looked up: %v, want what the service said", err)
		}
	}
	if s.lookups != 2 {
		t.Errorf("%d look-ups, want 2", s.lookups)
	}
}

func TestLookUpIsCancelled(t *testing.T) {
	s := newRegions(t, nil)
	c := s.client(t, icos.Config{})
	ctx, cancel := context.WithCancel(ctx)
	cancel()
	if _, err := c.Bucket("any").Object("key").Stat(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("Stat: %v, want context.Canceled", err)
	}
}
