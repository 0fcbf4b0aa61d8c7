package iam

import (
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"strings"
)

// Where the APIs are that manage policies and credentials.
const (
	pathPoliciesV1   = "/v1/policies"
	pathPoliciesV2   = "/v2/policies"
	pathResourceKeys = "/v2/resource_keys"
)

// maxDocument bounds the body of a request that manages something, in bytes.
const maxDocument = 64 << 10

// ServesPath reports whether path belongs to the APIs that manage credentials (IBM's Resource Controller, /v2/resource_keys) and
// policies (IBM's IAM Policy Management, /v1/policies and /v2/policies).
func ServesPath(path string) bool {
	for _, root := range [...]string{pathPoliciesV1, pathPoliciesV2, pathResourceKeys} {
		if rest, found := strings.CutPrefix(path, root); found && (rest == "" || rest[0] == '/') {
			return true
		}
	}
	return false
}

// refusal is an answer of these APIs that is an error.
type refusal struct {
	status  int
	code    string
	message string
}

func (e *refusal) Error() string { return e.code + ": " + e.message }

func refuseInvalid(message string) *refusal {
	return &refusal{http.StatusBadRequest, "invalid_body", message}
}

func refuseForbidden() *refusal {
	// The code is spelled as IAM does.
	return &refusal{http.StatusForbidden, "insufficent_permissions", "You are not authorized to do this: it takes a Manager of the service instance."}
}

func refuseMissing(what string) *refusal {
	return &refusal{http.StatusNotFound, "not_found", "There is no such " + what + "."}
}

// serveManagement serves the APIs of ServesPath, and reports whether r was for one.
func (s *Service) serveManagement(w http.ResponseWriter, r *http.Request) bool {
	path := r.URL.Path
	if !ServesPath(path) {
		return false
	}
	root, id := path, ""
	if i := strings.IndexByte(path[len("/v1/"):], '/'); i >= 0 {
		root, id = path[:len("/v1/")+i], path[len("/v1/")+i+1:]
	}
	m := management{Service: s, r: r, id: id}
	body, status, err := m.serve(w, root)
	switch {
	case err != nil:
		s.refuseManagement(w, root, err)
	case body == nil:
		w.WriteHeader(status)
	default:
		s.answer(w, status, body)
	}
	return true
}

// management is one request to manage something.
type management struct {
	*Service
	r  *http.Request
	id string // what is named after the root of the API; "" for all of it

	who Principal
}

// serve answers with a document, or with none, and a status.
func (m *management) serve(w http.ResponseWriter, root string) (body any, status int, err error) {
	if m.who, err = m.caller(); err != nil {
		return nil, 0, err
	}
	var in []byte
	if m.r.Method == http.MethodPost {
		if in, err = io.ReadAll(http.MaxBytesReader(w, m.r.Body, maxDocument)); err != nil {
			return nil, 0, refuseInvalid("The body cannot be read or is longer than 64 KiB.")
		}
	}
	keys := root == pathResourceKeys
	form := policyForm(formV1{})
	if root == pathPoliciesV2 {
		form = formV2{}
	}
	switch verb := m.r.Method; {
	case verb == http.MethodPost && m.id == "" && keys:
		body, err = m.createKey(in)
		return body, http.StatusCreated, err
	case verb == http.MethodPost && m.id == "":
		body, err = m.createPolicy(in, form)
		return body, http.StatusCreated, err
	case verb == http.MethodGet && m.id == "" && keys:
		body = m.listKeys()
	case verb == http.MethodGet && m.id == "":
		body, err = m.listPolicies(form)
	case verb == http.MethodGet && keys:
		body, err = m.key()
	case verb == http.MethodGet:
		body, err = m.policy(form)
	case verb == http.MethodDelete && m.id != "" && keys:
		return nil, http.StatusNoContent, m.deleteKey()
	case verb == http.MethodDelete && m.id != "":
		return nil, http.StatusNoContent, m.deletePolicy()
	default:
		err = &refusal{http.StatusMethodNotAllowed, "method_not_allowed", "There is POST and GET here, and GET and DELETE of one."}
	}
	return body, http.StatusOK, err
}

// caller returns whose bearer token the request carries.
func (m *management) caller() (Principal, error) {
	scheme, token, _ := strings.Cut(m.r.Header.Get("Authorization"), " ")
	if !strings.EqualFold(scheme, "Bearer") {
		return Principal{}, &refusal{http.StatusUnauthorized, "missing_auth", "An IAM bearer token is needed."}
	}
	p, err := m.VerifyToken(strings.TrimSpace(token), m.now())
	if err != nil {
		return Principal{}, &refusal{http.StatusUnauthorized, "invalid_token", "The bearer token is not valid or has expired."}
	}
	return p, nil
}

// refuseManagement answers with an error in the form of the API.
func (s *Service) refuseManagement(w http.ResponseWriter, root string, err error) {
	e, ok := errors.AsType[*refusal](err)
	switch {
	case ok:
	case errors.Is(err, ErrPolicy), errors.Is(err, ErrRole):
		e = refuseInvalid(reason(err))
	case errors.Is(err, ErrNotFound):
		e = refuseMissing("policy or credential")
	case errors.Is(err, ErrTooMany):
		e = &refusal{http.StatusForbidden, "policy_limit_exceeded", reason(err)}
	default:
		s.fail(w, err)
		return
	}
	trace := newUUID()
	w.Header().Set("Transaction-Id", trace)
	s.log.Info("refused to manage identities", "path", root, "code", e.code, "request", trace)
	if root == pathResourceKeys {
		s.answer(w, e.status, map[string]any{"error_code": e.code, "message": e.message, "status_code": e.status, "transaction_id": trace})
		return
	}
	s.answer(w, e.status, map[string]any{
		"trace": trace, "status_code": e.status, "errors": []map[string]string{{"code": e.code, "message": e.message}},
	})
}

// reason is an error without the step that it begins with, which is that of the request: clients say it themselves.
func reason(err error) string {
	text := err.Error()
	for _, step := range [...]string{"iam: ", "create policy: ", "create credential: "} {
		text = strings.TrimPrefix(text, step)
	}
	return text
}

// read parses the body of a request.
func read(b []byte, into any) error {
	if err := json.Unmarshal(b, into); err != nil {
		return refuseInvalid("The body is not the JSON of a request: " + err.Error())
	}
	return nil
}
