package ats

import (
	"log/slog"
	"net/http"
	"sync/atomic"
	"time"

	"github.com/icos-go/icos/rapid"
	"github.com/icos-go/icos/server/iam"
	"github.com/icos-go/icos/server/store"
)

// Config says whose buckets a Service serves. Store, IAM and Access are required.
type Config struct {
	Store *store.Store
	IAM   *iam.Service
	// Access decides who may move what.
	Access Access
	// Now is the clock of tokens. If nil, time.Now.
	Now func() time.Time
	// Logger gets an Error line for each failure of ours, and at debug level a line for each request, without keys and
	// tokens. If nil, silence.
	Logger *slog.Logger
}

// Access decides about the requests to the S3 API that a transfer consists of: what is refused there is refused here.
// An *s3api.Authorizer does.
type Access interface {
	MayGet(who iam.Principal, b *store.Bucket, o *store.Object) bool
	MayList(who iam.Principal, b *store.Bucket, prefix string) bool
	MayPut(who iam.Principal, b *store.Bucket, key string) bool
}

// A Granter makes grants for sessions that end at this server. A *rapid.Listener is one.
type Granter interface {
	Grant(rapid.GrantOptions) (*rapid.Grant, error)
}

// A Service answers the Node API. It may be used concurrently.
type Service struct {
	store  *store.Store
	iam    *iam.Service
	access Access
	now    func() time.Time
	log    *slog.Logger
	rapid  atomic.Pointer[Granter]
}

// New returns a Service. It never closes what it is given.
func New(c Config) *Service {
	s := &Service{store: c.Store, iam: c.IAM, access: c.Access, now: c.Now, log: c.Logger}
	if s.now == nil {
		s.now = time.Now
	}
	if s.log == nil {
		s.log = slog.New(slog.DiscardHandler)
	}
	return s
}

// SetGranter has specs carry grants of g from now on; nil ends that.
func (s *Service) SetGranter(g Granter) {
	if g == nil {
		s.rapid.Store(nil)
		return
	}
	s.rapid.Store(&g)
}

// Serves reports whether a request is for the transfer service and not for the S3 API, where a bucket may be called files or
// info: nothing is posted to a key without a query there, and HTTP Basic authentication proves nothing.
func Serves(r *http.Request) bool {
	switch r.URL.Path {
	case pathUpload, pathDownload:
		if r.Method == http.MethodPost && r.URL.RawQuery == "" {
			return true
		}
	}
	_, _, basic := r.BasicAuth()
	return basic && (r.URL.Path == pathInfo || hasDir(r.URL.Path, pathFiles))
}

// The paths of the Node API.
const (
	pathInfo     = "/info"
	pathFiles    = "/files"
	pathUpload   = "/files/upload_setup"
	pathDownload = "/files/download_setup"
)

// ServeHTTP answers one request.
func (s *Service) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	start := s.now()
	status, doc := http.StatusOK, any(nil)
	var err error
	switch r.URL.Path {
	case pathInfo:
		doc, err = s.info(r)
	case pathUpload:
		doc, err = s.setup(w, r, upload)
	case pathDownload:
		doc, err = s.setup(w, r, download)
	default:
		err = &apiError{Code: http.StatusNotFound, Reason: "Not Found", UserMessage: "There is no such resource: " + r.URL.Path}
	}
	if err != nil {
		status, doc = s.refusal(w, r, err)
	}
	s.answer(w, status, doc)
	s.log.Debug("transfer service", "method", r.Method, "path", r.URL.Path, "status", status, "took", s.now().Sub(start))
}
