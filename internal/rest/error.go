package rest

import (
	"cmp"
	"encoding/json"
	"net/http"
	"strconv"
	"strings"
	"unicode"
)

// An Error is a refusal by a service.
type Error struct {
	Service    string // "iam"
	Op         string // "create policy"
	StatusCode int
	Code       string // of the service, such as policy_not_found; may be empty
	Message    string // of the service; may be empty
	RequestID  string // what IBM's support asks for; may be empty
}

// Error says what was tried and what the service answered.
func (e *Error) Error() string {
	var b strings.Builder
	b.WriteString(e.Service + ": " + e.Op + ": ")
	b.WriteString(strings.TrimSuffix(cmp.Or(e.Message, strings.ToLower(http.StatusText(e.StatusCode)), "refused"), "."))
	b.WriteString(" (" + cmp.Or(e.Code, strconv.Itoa(e.StatusCode)))
	if e.RequestID != "" {
		b.WriteString(", request " + e.RequestID)
	}
	b.WriteString(")")
	return b.String()
}

// newError reads an answer that is an error. Its body may be anything: a proxy's page, say.
func newError(service, op string, r *http.Response, body []byte) *Error {
	var doc struct {
		Errors []struct {
			Code    string `json:"code"`
			Message string `json:"message"`
		} `json:"errors"`
		Code        string `json:"error_code"`
		Message     string `json:"message"`
		Trace       string `json:"trace"`
		Transaction string `json:"transaction_id"`
	}
	e := &Error{Service: service, Op: op, StatusCode: r.StatusCode}
	if json.Unmarshal(body, &doc) == nil {
		e.Code, e.Message = doc.Code, doc.Message
		if len(doc.Errors) > 0 {
			e.Code, e.Message = doc.Errors[0].Code, doc.Errors[0].Message
		}
	}
	e.Code, e.Message = quiet(e.Code), quiet(e.Message)
	e.RequestID = quiet(cmp.Or(doc.Trace, doc.Transaction, r.Header.Get("Transaction-Id")))
	return e
}

// quiet makes text from the network fit to print: short, and without control characters.
func quiet(s string) string {
	const limit = 500
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
