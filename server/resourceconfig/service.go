// Package resourceconfig serves IBM's COS Resource Configuration API: GET and PATCH of /v1/b/BUCKET tell and set what of a bucket is
// no business of S3: its quota, its firewall, and where its events and metrics go.
package resourceconfig

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/icos-go/icos/server/iam"
	"github.com/icos-go/icos/server/store"
)

const (
	root    = "/v1/b/"
	maxBody = 256 << 10 // bytes: a thousand networks, and more
)

// Config says what a Service works on. Store and IAM are required.
type Config struct {
	Store *store.Store
	IAM   *iam.Service
	// Now is the clock of tokens. If nil, time.Now.
	Now func() time.Time
	// Today is the clock of the dates of buckets. If nil, Now.
	Today func() time.Time
	// Logger gets what goes wrong. If nil, silence.
	Logger *slog.Logger
}

// A Service is the API, an http.Handler for the paths of Serves. It may be used concurrently.
type Service struct {
	store *store.Store
	iam   *iam.Service
	now   func() time.Time
	today func() time.Time
	log   *slog.Logger
}

// New returns the service. It never closes what it is given.
func New(c Config) *Service {
	s := &Service{store: c.Store, iam: c.IAM, now: c.Now, today: c.Today, log: c.Logger}
	if s.now == nil {
		s.now = time.Now
	}
	if s.today == nil {
		s.today = s.now
	}
	if s.log == nil {
		s.log = slog.New(slog.DiscardHandler)
	}
	return s
}

// Serves reports whether path belongs to the API. No bucket's name is as short as v1.
func Serves(path string) bool { return strings.HasPrefix(path, root) }

// refusal is an answer that is an error.
type refusal struct {
	status        int
	code, message string
}

func (e *refusal) Error() string { return e.code + ": " + e.message }

func refuse(status int, code, message string) *refusal { return &refusal{status, code, message} }

func forbidden(a iam.Action) *refusal {
	return refuse(http.StatusForbidden, "AccessDenied", "Access denied: the action "+a.String()+" is needed on the bucket.")
}

// ServeHTTP answers one request. The firewall of a bucket does not keep anyone from here, so that no one who set it wrong is
// locked out.
func (s *Service) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	var err error
	switch r.Method {
	case http.MethodGet, http.MethodHead:
		err = s.get(w, r)
	case http.MethodPatch:
		err = s.patch(w, r)
	default:
		w.Header().Set("Allow", "GET, HEAD, PATCH")
		err = refuse(http.StatusMethodNotAllowed, "MethodNotAllowed", "There is GET and PATCH here.")
	}
	if err != nil {
		s.fail(w, r, err)
	}
}

// open returns the bucket that a request is about, and who asks.
func (s *Service) open(r *http.Request) (store.Bucket, iam.Principal, error) {
	scheme, token, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	if !strings.EqualFold(scheme, "Bearer") {
		return store.Bucket{}, iam.Principal{}, refuse(http.StatusUnauthorized, "Unauthorized", "An IAM bearer token is needed.")
	}
	who, err := s.iam.VerifyToken(strings.TrimSpace(token), s.now())
	if err != nil {
		return store.Bucket{}, who, refuse(http.StatusUnauthorized, "Unauthorized", "The bearer token is not valid or has expired.")
	}
	name, err := url.PathUnescape(strings.TrimPrefix(r.URL.EscapedPath(), root))
	if err != nil {
		return store.Bucket{}, who, refuse(http.StatusBadRequest, "InvalidURI", "The path is not properly escaped.")
	}
	b, err := s.store.Bucket(r.Context(), name)
	return b, who, err
}

func (s *Service) get(w http.ResponseWriter, r *http.Request) error {
	b, who, err := s.open(r)
	if err != nil {
		return err
	}
	may := s.may(who, &b)
	if !may(iam.BucketGetBasic) {
		return forbidden(iam.BucketGetBasic)
	}
	doc, err := s.document(r.Context(), &b, may)
	if err != nil {
		return err
	}
	tag, err := entityTag(settingsOf(&b))
	if err != nil {
		return err
	}
	w.Header().Set("ETag", tag)
	return answer(w, http.StatusOK, doc)
}

// may returns what of a bucket a caller's roles let it do.
func (s *Service) may(who iam.Principal, b *store.Bucket) func(iam.Action) bool {
	r := iam.Resource{Instance: b.Instance, Bucket: b.Name}
	return func(a iam.Action) bool { return s.iam.Allowed(who, a, r) }
}

func (s *Service) patch(w http.ResponseWriter, r *http.Request) error {
	b, who, err := s.open(r)
	if err != nil {
		return err
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
	if err != nil {
		return refuse(http.StatusBadRequest, "InvalidRequest", "The body cannot be read or is longer than 256 KiB.")
	}
	change, err := parsePatch(body)
	if err != nil {
		return err
	}
	var tag string
	_, err = s.store.UpdateBucket(r.Context(), b.Name, func(b *store.Bucket) error {
		// Once more, as while the body came the bucket may have become another's.
		may := s.may(who, b)
		for _, a := range change.actions() {
			if !may(a) {
				return forbidden(a)
			}
		}
		tag, err = change.apply(b, r.Header.Get("If-Match"), s.today())
		return err
	})
	if err != nil {
		return err
	}
	w.Header().Set("ETag", tag)
	w.WriteHeader(http.StatusOK)
	return nil
}

func (s *Service) fail(w http.ResponseWriter, r *http.Request, err error) {
	e, ok := errors.AsType[*refusal](err)
	switch {
	case ok:
	case errors.Is(err, store.ErrNoSuchBucket):
		e = refuse(http.StatusNotFound, "NoSuchBucket", "The specified bucket does not exist.")
	case errors.Is(err, context.Canceled):
		return
	default:
		s.log.Error("serve bucket configuration", "path", r.URL.Path, "error", err)
		e = refuse(http.StatusInternalServerError, "InternalError", "We encountered an internal error. Please try again.")
	}
	// A client that does not read the answer has gone, and nobody is left to tell.
	_ = answer(w, e.status, map[string]any{
		"status_code": e.status, "errors": []map[string]string{{"code": e.code, "message": e.message}},
	})
}

func answer(w http.ResponseWriter, status int, doc any) error {
	b, err := json.Marshal(doc)
	if err != nil {
		return err
	}
	h := w.Header()
	h.Set("Content-Type", "application/json")
	h.Set("Content-Length", strconv.Itoa(len(b)))
	w.WriteHeader(status)
	_, err = w.Write(b)
	return err
}
