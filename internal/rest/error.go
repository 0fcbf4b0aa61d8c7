package rest

import (
	"cmp"
	"encoding/json"
	"io/fs"
	"net/http"
	"strconv"
	"strings"
	"unicode"
)

// An Error is a refusal by a service. Packages have an Error of their own with the same fields, for those who read their documentation.
type Error struct {
	Service    string
	Op         string
	StatusCode int
	Code       string
	Message    string
	RequestID  string
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

// Is reports whether e is target in the terms of package io/fs.
func (e *Error) Is(target error) bool {
	switch target {
	case fs.ErrNotExist:
		return e.StatusCode == http.StatusNotFound || e.StatusCode == http.StatusGone
	case fs.ErrExist:
		return e.Code == "policy_conflict_error"
	case fs.ErrPermission:
		return e.StatusCode == http.StatusUnauthorized || e.StatusCode == http.StatusForbidden
	}
	return false
}

// NewError reads an answer that is an error. Its body may be anything: a proxy's page, say.
func NewError(service string, r *Request, resp *http.Response, body []byte) *Error {
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
	e := &Error{Service: service, Op: r.Op, StatusCode: resp.StatusCode}
	if r.About != "" {
		e.Op += " " + r.About
	}
	if json.Unmarshal(body, &doc) == nil {
		e.Code, e.Message = doc.Code, doc.Message
		if len(doc.Errors) > 0 {
			e.Code, e.Message = doc.Errors[0].Code, doc.Errors[0].Message
		}
	}
	e.Code, e.Message = Quiet(e.Code), Quiet(e.Message)
	e.RequestID = Quiet(cmp.Or(doc.Trace, doc.Transaction, requestID(resp.Header)))
	return e
}

// requestID is what the headers of an answer name the request by.
func requestID(h http.Header) string {
	return cmp.Or(h.Get("Transaction-Id"), h.Get("X-Request-Id"), h.Get("Correlation-Id"))
}

// Quiet makes text from the network fit to print: short, and without control characters.
func Quiet(s string) string {
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
