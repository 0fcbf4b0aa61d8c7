package iam

import (
	"encoding/json"
	"net/http"
	"os"
	"strconv"
	"time"
)

// A protocolError is a refusal of the token endpoint, with IBM's code.
type protocolError struct {
	code    string
	message string
	status  int
}

func (e *protocolError) Error() string { return e.code + ": " + e.message }

func errKeyNotFound() *protocolError {
	return &protocolError{"BXNIM0415E", "Provided API key could not be found.", http.StatusBadRequest}
}

func errSuppliedToken() *protocolError {
	return &protocolError{"BXNIM0407E", "Supplied token failed to validate.", http.StatusBadRequest}
}

func errRefreshExpired() *protocolError {
	return &protocolError{"BXNIM0408E", "Provided refresh token has expired.", http.StatusBadRequest}
}

func errSessionGone() *protocolError {
	return &protocolError{"BXNIM0439E", "The session behind the refresh token is no longer valid.", http.StatusBadRequest}
}

func errMalformedRequest(why string) *protocolError {
	return &protocolError{"BXNIM0400E", "The request is malformed: " + why + ".", http.StatusBadRequest}
}

// contextTime is the layout of IBM's startTime and endTime.
const contextTime = "02.01.2006 15:04:05:000 MST"

type errorBody struct {
	Context errorContext `json:"context"`
	Code    string       `json:"errorCode"`
	Message string       `json:"errorMessage"`
}

type errorContext struct {
	RequestID   string `json:"requestId"`
	RequestType string `json:"requestType"`
	UserAgent   string `json:"userAgent"`
	URL         string `json:"url"`
	InstanceID  string `json:"instanceId"`
	ThreadID    string `json:"threadId"`
	Host        string `json:"host"`
	StartTime   string `json:"startTime"`
	EndTime     string `json:"endTime"`
	ElapsedTime string `json:"elapsedTime"` // milliseconds
	Locale      string `json:"locale"`
	ClusterName string `json:"clusterName"`
}

func (s *Service) refuse(w http.ResponseWriter, r *http.Request, e *protocolError, start time.Time) {
	end := s.now()
	id := newUUID()
	host, err := os.Hostname()
	if err != nil {
		host = "localhost"
	}
	w.Header().Set("Transaction-Id", id)
	s.log.Info("refused a token request", "code", e.code, "path", r.URL.Path, "request", id)
	s.answer(w, e.status, &errorBody{
		Context: errorContext{
			RequestID: id, RequestType: "incoming.Identity_Token", UserAgent: r.UserAgent(),
			URL: baseURL(r) + r.URL.Path, InstanceID: "icos", ThreadID: "1", Host: host,
			StartTime: start.UTC().Format(contextTime), EndTime: end.UTC().Format(contextTime),
			ElapsedTime: strconv.FormatInt(end.Sub(start).Milliseconds(), 10),
			Locale:      "en_US", ClusterName: "icos",
		},
		Code:    e.code,
		Message: e.message,
	})
}

// answer writes JSON that must not be cached, as RFC 6749 §5.1 demands of
// anything that may hold a token.
func (s *Service) answer(w http.ResponseWriter, status int, body any) {
	b, err := json.Marshal(body)
	if err != nil {
		http.Error(w, http.StatusText(http.StatusInternalServerError), http.StatusInternalServerError)
		s.log.Error("encode answer", "error", err)
		return
	}
	h := w.Header()
	h.Set("Content-Type", "application/json")
	h.Set("Content-Length", strconv.Itoa(len(b)))
	if h.Get("Cache-Control") == "" {
		h.Set("Cache-Control", "no-cache, no-store, must-revalidate")
		h.Set("Pragma", "no-cache")
	}
	w.WriteHeader(status)
	if _, err := w.Write(b); err != nil {
		s.log.Debug("send answer", "error", err)
	}
}
