package kms

import (
	"encoding/json"
	"errors"
	"net/http"
	"strings"
)

// apiError is a refusal, with the code of Key Protect.
type apiError struct {
	status  int
	code    string // empty for a failure of ours
	message string
	field   string // the one that is wrong; empty if it is not about one
	query   bool   // field is a query parameter
}

func (e *apiError) Error() string { return e.code + ": " + e.message }

func errUnauthorized() *apiError {
	return &apiError{
		status: http.StatusUnauthorized, code: "UNAUTHORIZED_ERR",
		message: "Unauthorized: The user does not have access to the specified resource",
	}
}

func errToken() *apiError {
	return &apiError{
		status: http.StatusBadRequest, code: "BEARER_SUB_EXTRACTION_ERR",
		message: "Extracting the subject from the bearer token failed: Make sure that the token is the right one and not altered",
	}
}

func errNoKey() *apiError {
	return &apiError{status: http.StatusNotFound, code: "KEY_NOT_FOUND_ERR", message: "Key does not exist"}
}

func errState() *apiError {
	return &apiError{status: http.StatusConflict, code: "KEY_ACTION_INVALID_STATE_ERR", message: "Key is not in a valid state"}
}

func errDeleted() *apiError {
	return &apiError{
		status: http.StatusGone, code: "KEY_DELETED_ERR",
		message: "Key has already been deleted. Please delete references to this key.",
	}
}

func errNotRoot() *apiError {
	return &apiError{
		status: http.StatusBadRequest, code: "KEY_ROOT_REQ_ERR", message: "Requested action can only be completed with a root key.",
	}
}

func errCiphertext() *apiError {
	return &apiError{
		status: http.StatusUnprocessableEntity, code: "UNPROCESSABLE_CIPHERTEXT_ERR",
		message: "The provided ciphertext is invalid or corrupted, or belongs to another key or other additional authenticated data",
	}
}

func errBadBody(why string) *apiError {
	return &apiError{status: http.StatusBadRequest, code: "BAD_BODY_ERR", message: "Invalid body data was passed: " + why}
}

func errNoBody() *apiError {
	return &apiError{status: http.StatusBadRequest, code: "NO_BODY_ERR", message: "Missing body in request"}
}

func errField(field, why string) *apiError {
	return &apiError{status: http.StatusBadRequest, code: "INVALID_FIELD_ERR", message: "The field `" + field + "` " + why, field: field}
}

func errQuery(name, why string) *apiError {
	return &apiError{
		status: http.StatusBadRequest, code: "INVALID_QUERY_PARAM_ERR", message: "The query_param `" + name + "` " + why,
		field: name, query: true,
	}
}

func errNotImplemented() *apiError {
	return &apiError{
		status: http.StatusNotImplemented, code: "NOT_IMPLEMENTED_ERR",
		message: "This operation of Key Protect is not implemented by the local service",
	}
}

type errorBody struct {
	Metadata  metadata        `json:"metadata"`
	Resources []errorResource `json:"resources"`
}

type errorResource struct {
	Message string   `json:"errorMsg"`
	Reasons []reason `json:"reasons,omitempty"`
}

type reason struct {
	Code     string  `json:"code"`
	Message  string  `json:"message"`
	Status   int     `json:"status"`
	MoreInfo string  `json:"moreInfo"`
	Target   *target `json:"target,omitempty"`
}

type target struct {
	Type string `json:"type"` // field or query_param
	Name string `json:"name"`
}

// fail answers with an error.
func (q *request) fail(err error) {
	e, ok := errors.AsType[*apiError](err)
	if !ok {
		q.log.Error("key protect request failed", "operation", q.operation, "correlation", q.correlation, "err", err)
		e = &apiError{status: http.StatusInternalServerError, message: "Please try again."}
	}
	text := http.StatusText(e.status) + ": "
	body := errorBody{Metadata: metadata{Type: "application/vnd.ibm.kms.error+json", Total: 1}}
	switch {
	case e.code == "":
		text += e.message
		body.Resources = []errorResource{{Message: text}}
	default:
		r := reason{Code: e.code, Message: e.message, Status: e.status, MoreInfo: "https://cloud.ibm.com/apidocs/key-protect"}
		if e.field != "" {
			r.Target = &target{Type: "field", Name: e.field}
			if e.query {
				r.Target.Type = "query_param"
			}
		}
		text += strings.TrimSuffix(q.operation, ".") + ". Please see `reasons` for more details. (" + e.code + ")"
		body.Resources = []errorResource{{text, []reason{r}}}
	}
	q.log.Info("refused a key protect request", "operation", q.operation, "status", e.status, "code", e.code, "correlation", q.correlation)
	q.answer(e.status, "application/vnd.ibm.kms.error+json", &body)
}

// answer writes JSON.
func (q *request) answer(status int, contentType string, body any) {
	b, err := json.Marshal(body)
	if err != nil {
		q.log.Error("encode key protect answer", "operation", q.operation, "err", err)
		http.Error(q.w, http.StatusText(http.StatusInternalServerError), http.StatusInternalServerError)
		return
	}
	h := q.w.Header()
	h.Set("Content-Type", contentType)
	h.Set("Cache-Control", "no-store") // keys may be in it
	q.w.WriteHeader(status)
	if _, err := q.w.Write(b); err != nil {
		q.log.Debug("send key protect answer", "err", err)
	}
}
