package kms

import (
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/icos-go/icos/server/iam"
)

const (
	basePath    = "/api/v2/"
	maxBody     = 64 << 10 // bytes of a request; a standard key has at most maxStandard
	defaultRing = "default"
)

// Serves reports whether a request is for this service, and not for a bucket with the name api.
func Serves(r *http.Request) bool {
	return r.Header["Bluemix-Instance"] != nil && strings.HasPrefix(r.URL.Path, basePath)
}

// request is one request on its way.
type request struct {
	*Service
	log         *slog.Logger
	w           http.ResponseWriter
	r           *http.Request
	ix          *index
	who         iam.Principal
	instance    string // UUID
	now         time.Time
	correlation string
	operation   string // what failed, as errors say it: "Key could not be wrapped"
}

// ServeHTTP serves the Key Protect API below /api/v2/.
func (s *Service) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	q := &request{Service: s, log: s.log, w: w, r: r, now: s.now().UTC().Truncate(time.Second), correlation: r.Header.Get("Correlation-Id")}
	if q.correlation == "" || len(q.correlation) > 128 {
		q.correlation = newUUID()
	}
	w.Header().Set("Correlation-Id", q.correlation)
	if err := q.serve(); err != nil {
		q.fail(err)
	}
}

func (q *request) serve() error {
	q.operation = "Request could not be served"
	path, err := splitPath(q.r.URL.EscapedPath())
	if err != nil {
		return err
	}
	if err := q.authenticate(); err != nil {
		return err
	}
	q.ix = q.state.Load()
	if !q.ix.rec.hasInstance(q.instance) {
		return errUnauthorized()
	}
	return q.route(path)
}

// splitPath returns the elements of a path after basePath.
func splitPath(escaped string) ([]string, error) {
	path := strings.Split(strings.TrimSuffix(strings.TrimPrefix(escaped, basePath), "/"), "/")
	for i := range path {
		var err error
		if path[i], err = url.PathUnescape(path[i]); err != nil {
			return nil, errBadBody("the path is not properly percent-encoded")
		}
	}
	return path, nil
}

// authenticate finds out who asks, for which instance.
func (q *request) authenticate() error {
	scheme, token, _ := strings.Cut(q.r.Header.Get("Authorization"), " ")
	if !strings.EqualFold(scheme, "Bearer") {
		return errUnauthorized()
	}
	var err error
	q.who, err = q.iam.VerifyToken(strings.TrimSpace(token), q.tokenNow())
	switch {
	case errors.Is(err, iam.ErrTokenExpired):
		return errUnauthorized()
	case err != nil:
		return errToken()
	}
	q.instance = instanceID(strings.TrimSpace(q.r.Header.Get("Bluemix-Instance")))
	return nil
}

// route finds the operation that a method and a path mean.
func (q *request) route(path []string) error {
	if path[0] != "keys" {
		return errNotImplemented()
	}
	if ring := q.r.Header.Get("X-Kms-Key-Ring"); ring != "" && ring != defaultRing && len(path) > 1 {
		return errNoKey()
	}
	type route struct {
		method, rest string
	}
	id, rest, last := "", "", ""
	if len(path) > 1 {
		id = path[1]
	}
	if len(path) > 2 {
		rest = path[2]
	}
	if len(path) > 3 {
		last = path[3]
	}
	if len(path) > 4 {
		return errNotImplemented()
	}
	switch (route{q.r.Method, rest}) {
	case route{"GET", ""}:
		if id == "" {
			return q.do(reader, "Keys could not be listed", q.list)
		}
		if id == "registrations" {
			return q.do(reader, "Registrations could not be listed", q.listAllRegistrations)
		}
		return q.withKey(reader, "Key could not be retrieved", id, q.get)
	case route{"HEAD", ""}:
		if id == "" {
			return q.do(reader, "Keys could not be counted", q.count)
		}
	case route{"POST", ""}:
		if id == "" {
			return q.do(writer, "Key could not be created", q.create)
		}
		if action := q.r.URL.Query().Get("action"); action != "" { // the form of before 2020
			return q.action(id, action)
		}
	case route{"DELETE", ""}:
		if id != "" {
			return q.withKey(manager, "Key could not be deleted", id, q.delete)
		}
	case route{"GET", "metadata"}:
		return q.withKey(reader, "Key metadata could not be retrieved", id, q.getMetadata)
	case route{"POST", "actions"}:
		return q.action(id, last)
	case route{"POST", "restore"}:
		return q.withKey(manager, "Key could not be restored", id, q.restore)
	case route{"GET", "versions"}:
		return q.withKey(reader, "Key versions could not be retrieved", id, q.listVersions)
	case route{"GET", "registrations"}:
		return q.withKey(reader, "Registrations could not be listed", id, q.listRegistrations)
	case route{"POST", "aliases"}:
		return q.withKey(writer, "Key alias could not be created", id, func(k *key) error { return q.createAlias(k, last) })
	case route{"DELETE", "aliases"}:
		return q.withKey(writer, "Key alias could not be deleted", id, func(k *key) error { return q.deleteAlias(k, last) })
	}
	return errNotImplemented()
}

func (q *request) action(id, name string) error {
	switch name {
	case "wrap":
		return q.withKey(reader, "Key could not be wrapped", id, q.wrap)
	case "unwrap":
		return q.withKey(reader, "Key could not be unwrapped", id, q.unwrap)
	case "rewrap":
		return q.withKey(reader, "Key could not be rewrapped", id, q.rewrap)
	case "rotate":
		return q.withKey(writer, "Key could not be rotated", id, q.rotate)
	case "disable":
		return q.withKey(manager, "Key could not be disabled", id, q.disable)
	case "enable":
		return q.withKey(manager, "Key could not be enabled", id, q.enable)
	case "restore":
		return q.withKey(manager, "Key could not be restored", id, q.restore)
	}
	return errNotImplemented()
}

func (q *request) do(n need, operation string, serve func() error) error {
	q.operation = operation
	if !q.has(n) {
		return errUnauthorized()
	}
	return serve()
}

// withKey serves an operation on one key of the instance, named by its id or an alias.
func (q *request) withKey(n need, operation, name string, serve func(*key) error) error {
	return q.do(n, operation, func() error {
		if k := q.find(name); k != nil {
			return serve(k)
		}
		return errNoKey()
	})
}

func (q *request) find(name string) *key {
	if k := q.ix.keys[name]; k != nil && k.Instance == q.instance {
		return k
	}
	for _, k := range q.ix.rec.Keys {
		if k.Instance == q.instance && k.aliased(name) {
			return k
		}
	}
	return nil
}

// body reads a JSON document into v. It reports whether there is one.
func (q *request) body(v any) (bool, error) {
	b, err := io.ReadAll(http.MaxBytesReader(q.w, q.r.Body, maxBody))
	if err != nil {
		if _, ok := errors.AsType[*http.MaxBytesError](err); ok {
			return false, errBadBody("it is too long")
		}
		return false, errBadBody("it was cut short")
	}
	if len(b) == 0 {
		return false, nil
	}
	if json.Unmarshal(b, v) != nil {
		// What package json says may quote the body.
		return true, errBadBody("Please ensure the data passed had valid formatting with no invalid characters")
	}
	return true, nil
}

// mustBody is body for operations that need one.
func (q *request) mustBody(v any) error {
	found, err := q.body(v)
	if err == nil && !found {
		err = errNoBody()
	}
	return err
}

// prefers reports whether the client asks for a form of the answer: minimal or representation.
func (q *request) prefers(form string) bool {
	for _, value := range q.r.Header["Prefer"] {
		for part := range strings.SplitSeq(value, ",") {
			name, v, _ := strings.Cut(strings.TrimSpace(part), "=")
			if strings.EqualFold(name, "return") && strings.EqualFold(strings.Trim(v, `"`), form) {
				return true
			}
		}
	}
	return false
}

func (q *request) noContent() error {
	q.w.WriteHeader(http.StatusNoContent)
	return nil
}

func (q *request) keys(status int, list ...keyResource) error {
	q.answer(status, typeKey, collect(typeKey, list))
	return nil
}
