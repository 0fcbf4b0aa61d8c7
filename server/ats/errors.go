package ats

import (
	"encoding/json"
	"errors"
	"net/http"
	"strconv"
)

// An apiError is what the Node API says of an error, of a request as a whole or of one of the transfers in it. Its code is an
// HTTP status.
type apiError struct {
	Code        int    `json:"code"`
	Reason      string `json:"reason"`
	UserMessage string `json:"user_message"`
}

func (e *apiError) Error() string {
	return strconv.Itoa(e.Code) + " " + e.Reason + ": " + e.UserMessage
}

// refuse returns the error of a status, with what is wrong in one sentence.
func refuse(status int, message string) *apiError {
	return &apiError{Code: status, Reason: http.StatusText(status), UserMessage: message}
}

func badRequest(message string) *apiError { return refuse(http.StatusBadRequest, message) }

// errorDocument is an answer that is an error.
type errorDocument struct {
	Error *apiError `json:"error"`
}

// refusal is the answer to a request that failed as a whole.
func (s *Service) refusal(w http.ResponseWriter, r *http.Request, err error) (status int, doc any) {
	e, ok := errors.AsType[*apiError](err)
	if !ok {
		if r.Context().Err() == nil {
			s.log.Error("transfer service", "path", r.URL.Path, "error", err)
		}
		e = refuse(http.StatusInternalServerError, "The request could not be served. Please try again.")
	}
	switch e.Code {
	case http.StatusUnauthorized:
		w.Header().Set("WWW-Authenticate", `Basic realm="Aspera Node"`)
	case http.StatusMethodNotAllowed:
		w.Header().Set("Allow", allowed(r.URL.Path))
	}
	return e.Code, &errorDocument{e}
}

// allowed is the method that a path has.
func allowed(path string) string {
	if path == pathInfo {
		return http.MethodGet
	}
	return http.MethodPost
}

// answer writes a document that must not be cached, as it may hold tokens and keys.
func (s *Service) answer(w http.ResponseWriter, status int, doc any) {
	b, err := json.Marshal(doc)
	if err != nil {
		s.log.Error("encode answer of the transfer service", "error", err)
		http.Error(w, http.StatusText(http.StatusInternalServerError), http.StatusInternalServerError)
		return
	}
	h := w.Header()
	h.Set("Content-Type", "application/json")
	h.Set("Content-Length", strconv.Itoa(len(b)))
	h.Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	if _, err := w.Write(b); err != nil {
		s.log.Debug("send answer of the transfer service", "error", err)
	}
}
