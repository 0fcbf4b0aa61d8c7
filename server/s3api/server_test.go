package s3api_test

import (
	"crypto/md5"
	"crypto/rand"
	"crypto/rsa"
	"encoding/base64"
	"encoding/xml"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/icos-go/icos/server/authn"
	"github.com/icos-go/icos/server/iam"
	"github.com/icos-go/icos/server/kms"
	"github.com/icos-go/icos/server/s3api"
	"github.com/icos-go/icos/server/store"
)

// signingKey is made once: it is the slowest thing here.
var signingKey = sync.OnceValues(func() (*rsa.PrivateKey, error) { return rsa.GenerateKey(rand.Reader, 2048) })

// user is somebody who sends requests.
type user struct {
	token    string // "" for nobody
	instance string
	keys     iam.HMACKeys
}

// server is a handler on a store of its own, served over loopback.
type server struct {
	t     testing.TB
	url   string
	host  string
	store *store.Store
	iam   *iam.Service
	keys  *kms.Service
	dir   string // of the store

	handler http.Handler
	client  http.RoundTripper

	owner  user // owns the bucket "bucket"
	other  user // of another instance
	nobody user // anonymous
}

type serverOptions struct {
	minPart  int64
	encrypt  bool
	hosts    []string
	websites []string
	nameHold time.Duration
	now      func() time.Time
	today    func() time.Time // of objects; nil for now
}

func newServer(t testing.TB, o serverOptions) *server {
	t.Helper()
	key, err := signingKey()
	if err != nil {
		t.Fatal(err)
	}
	if o.today == nil {
		o.today = o.now
	}
	dir := t.TempDir()
	st, err := store.Open(dir, &store.Options{MinPartSize: o.minPart, Now: o.today})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := st.Close(); err != nil {
			t.Errorf("close store: %v", err)
		}
	})
	service, err := iam.New(iam.Config{SigningKey: key, Now: o.now})
	if err != nil {
		t.Fatal(err)
	}
	keys, err := kms.New(kms.Config{IAM: service, Now: o.today, TokenNow: o.now})
	if err != nil {
		t.Fatal(err)
	}
	h := s3api.New(s3api.Config{
		Keys: keys, Encrypt: o.encrypt,
		Logger: slog.New(slog.NewTextHandler(t.Output(), &slog.HandlerOptions{Level: slog.LevelError})),
		Store:  st, IAM: service, Now: o.now, Today: o.today, Hosts: o.hosts, WebsiteHosts: o.websites, NameHold: o.nameHold, Reserved: []string{"identity"},
		Authn: authn.New(authn.Config{Directory: service, Now: o.now, Hosts: o.hosts}),
	})
	ts := httptest.NewServer(h)
	t.Cleanup(ts.Close)
	s := &server{t: t, url: ts.URL, host: strings.TrimPrefix(ts.URL, "http://"), store: st, iam: service, keys: keys, dir: dir, handler: h, client: http.DefaultTransport}
	s.owner = s.user(service.First())
	credential, err := service.CreateInstance(t.Context(), "other")
	if err != nil {
		t.Fatal(err)
	}
	s.other = s.user(credential)
	s.do(s.owner, "PUT", "/bucket", "", "Ibm-Service-Instance-Id", s.owner.instance).want(t, 200, "")
	return s
}

func (s *server) user(c iam.ServiceCredential) user {
	_, p, found := s.iam.AccessKey(c.HMACKeys.AccessKeyID)
	if !found {
		s.t.Fatal("the credential has no access key")
	}
	token, _, err := s.iam.NewToken(p.ID)
	if err != nil {
		s.t.Fatal(err)
	}
	return user{token: token, instance: p.Instance, keys: c.HMACKeys}
}

// response is an answer that was read whole.
type response struct {
	*http.Response
	what string
	body string
}

// do sends a request to a path that goes on the wire as it is. Headers are names and values in turn.
func (s *server) do(who user, method, path, body string, headers ...string) *response {
	s.t.Helper()
	r, err := s.try(who, method, path, body, headers...)
	if err != nil {
		s.t.Fatal(err)
	}
	return r
}

func (s *server) try(who user, method, path, body string, headers ...string) (*response, error) {
	var reader io.Reader
	if body != "" {
		reader = strings.NewReader(body)
	}
	r, err := http.NewRequest(method, s.url, reader)
	if err != nil {
		return nil, err
	}
	path, query, found := strings.Cut(path, "?")
	r.URL = &url.URL{Scheme: r.URL.Scheme, Host: s.host, Opaque: path, RawQuery: query, ForceQuery: found}
	if strings.HasPrefix(path, "//") {
		r.URL.Opaque = "//" + s.host + path // sent in absolute form
	}
	if who.token != "" {
		r.Header.Set("Authorization", "Bearer "+who.token)
	}
	for i := 0; i+1 < len(headers); i += 2 {
		if headers[i] == "Host" {
			r.Host = headers[i+1]
			continue
		}
		r.Header.Add(headers[i], headers[i+1])
	}
	res, err := s.client.RoundTrip(r)
	if err != nil {
		return nil, err
	}
	defer res.Body.Close()
	b, err := io.ReadAll(res.Body)
	if err != nil {
		return nil, err
	}
	return &response{Response: res, what: method + " " + path + "?" + query, body: string(b)}, nil
}

// put stores an object as the owner.
func (s *server) put(path, body string, headers ...string) *response {
	s.t.Helper()
	r := s.do(s.owner, "PUT", path, body, headers...)
	r.want(s.t, 200, "")
	return r
}

// errorDocument is what COS says of an error.
type errorDocument struct {
	XMLName                            xml.Name
	Code, Message, Resource, RequestId string //nolint:revive // as in the document
	Status                             int    `xml:"httpStatusCode"`
}

// want checks the status and, for an error with a body, its document. An empty code means an answer that is no error.
func (r *response) want(t testing.TB, status int, code string) {
	t.Helper()
	if r.StatusCode != status {
		t.Errorf("%s: status %d, want %d: %s", r.what, r.StatusCode, status, r.body)
		return
	}
	if id := r.Header.Get("X-Amz-Request-Id"); id == "" || id != r.Header.Get("X-Clv-Request-Id") {
		t.Errorf("%s: request ids %q and %q", r.what, id, r.Header.Get("X-Clv-Request-Id"))
	}
	if code == "" || r.Request.Method == "HEAD" {
		return
	}
	var doc errorDocument
	if err := xml.Unmarshal([]byte(r.body), &doc); err != nil {
		t.Errorf("%s: %v in %s", r.what, err, r.body)
		return
	}
	if doc.Code != code {
		t.Errorf("%s: code %s (%s), want %s", r.what, doc.Code, doc.Message, code)
	}
	if doc.XMLName != (xml.Name{Local: "Error"}) || doc.Status != status || doc.Message == "" || doc.RequestId != r.Header.Get("X-Amz-Request-Id") {
		t.Errorf("%s: error document %s", r.what, r.body)
	}
}

// decode reads the document of an answer.
func decode[T any](t testing.TB, r *response) T {
	t.Helper()
	var v T
	if err := xml.Unmarshal([]byte(r.body), &v); err != nil {
		t.Fatalf("%s: %v in %s", r.what, err, r.body)
	}
	return v
}

// md5Header is the Content-MD5 of a body, as name and value.
func md5Header(body string) []string {
	sum := md5.Sum([]byte(body))
	return []string{"Content-MD5", base64.StdEncoding.EncodeToString(sum[:])}
}
