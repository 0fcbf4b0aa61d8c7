package auth

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"strings"
	"unicode"
)

// An IAMError is a refusal by the token endpoint.
type IAMError struct {
	StatusCode int
	Code       string // as "BXNIM0415E"; empty if the endpoint gave none
	Message    string // as the endpoint worded it
	RequestID  string // for IBM's support
	Endpoint   string
}

// Codes of IAM that we know what to do about.
const (
	codeKeyNotFound  = "BXNIM0415E"
	codeTokenInvalid = "BXNIM0407E"
)

// Error says what was refused, by whom, and what to do next when that is known.
func (e *IAMError) Error() string {
	var b strings.Builder
	fmt.Fprintf(&b, "get token: %s answered %d", e.Endpoint, e.StatusCode)
	if e.Code != "" {
		b.WriteString(" " + e.Code)
	}
	if e.Message != "" {
		fmt.Fprintf(&b, " %q", e.Message)
	}
	if e.RequestID != "" {
		fmt.Fprintf(&b, " (request %s)", e.RequestID)
	}
	if hint := e.hint(); hint != "" {
		b.WriteString("; " + hint)
	}
	return b.String()
}

func (e *IAMError) hint() string {
	switch {
	case e.Code == codeKeyNotFound:
		return "check that the API key is whole and not deleted, and that it is of the cloud this endpoint serves"
	case e.Code == codeTokenInvalid:
		return "check that the token is whole and was issued for this endpoint"
	case 300 <= e.StatusCode && e.StatusCode < 400:
		return "redirects are not followed, for the key would go along; name the final token endpoint"
	case e.StatusCode == http.StatusNotFound || e.StatusCode == http.StatusMethodNotAllowed:
		return "check the token endpoint; IBM Cloud's is " + DefaultEndpoint
	case e.StatusCode == http.StatusTooManyRequests:
		return "IAM limits how often one account may ask; share one client between goroutines"
	}
	return ""
}

// Is reports that a definite refusal is fs.ErrPermission.
func (e *IAMError) Is(target error) bool {
	return target == fs.ErrPermission && !e.Temporary()
}

// Temporary reports whether the same request may succeed later.
func (e *IAMError) Temporary() bool {
	return e.StatusCode >= 500 || e.StatusCode == http.StatusTooManyRequests || e.StatusCode == http.StatusRequestTimeout
}

// definite reports whether err is a refusal that a repetition would not change.
func definite(err error) bool {
	var e *IAMError
	return errors.As(err, &e) && !e.Temporary()
}

// newIAMError reads an error response. Its body may be anything: a proxy's page, say.
func newIAMError(endpoint string, r *http.Response, body []byte, secrets []string) *IAMError {
	var doc struct {
		Context struct {
			RequestID string `json:"requestId"`
		} `json:"context"`
		Code    string `json:"errorCode"`
		Message string `json:"errorMessage"`
	}
	e := &IAMError{StatusCode: r.StatusCode, Endpoint: endpoint}
	id := r.Header.Get("Transaction-Id")
	if json.Unmarshal(body, &doc) == nil {
		e.Code, e.Message = quiet(doc.Code, 64, secrets), quiet(doc.Message, 512, secrets)
		if doc.Context.RequestID != "" {
			id = doc.Context.RequestID
		}
	}
	e.RequestID = quiet(id, 128, secrets)
	return e
}

// quiet makes text from the network fit to print: short, without control characters,
// and without our secrets, should the server have sent them back.
func quiet(s string, limit int, secrets []string) string {
	for _, secret := range secrets {
		if secret != "" {
			s = strings.ReplaceAll(s, secret, redacted)
		}
	}
	s = strings.Map(func(r rune) rune {
		if unicode.IsPrint(r) {
			return r
		}
		return -1
	}, s)
	if len(s) > limit {
		s = strings.ToValidUTF8(s[:limit], "") + "…"
	}
	return s
}
