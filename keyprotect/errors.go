package keyprotect

import (
	"encoding/json"
	"io/fs"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/icos-go/icos/internal/rest"
)

// An Error is an answer of Key Protect that says no. Callers ask errors.Is for fs.ErrNotExist, fs.ErrExist and
// fs.ErrPermission, and errors.AsType[*keyprotect.Error] for the rest.
type Error struct {
	Op            string // "wrap"
	Key           string // id or alias; empty if it was not about one key
	StatusCode    int
	Message       string
	Reasons       []Reason
	CorrelationID string // what IBM support asks for
}

// A Reason is why a request was refused.
type Reason struct {
	Code    string // "KEY_NOT_FOUND_ERR"
	Message string
}

// Code returns the code of the first reason, such as KEY_ACTION_INVALID_STATE_ERR, and "" if there is none.
func (e *Error) Code() string {
	if len(e.Reasons) == 0 {
		return ""
	}
	return e.Reasons[0].Code
}

// Has reports whether one of the reasons has that code.
func (e *Error) Has(code string) bool {
	return slices.ContainsFunc(e.Reasons, func(r Reason) bool { return r.Code == code })
}

// Error says what was tried, on what, and what the service answered.
func (e *Error) Error() string {
	var b strings.Builder
	b.WriteString("keyprotect: " + e.Op)
	if e.Key != "" {
		b.WriteString(" " + e.Key)
	}
	b.WriteString(": ")
	switch {
	case len(e.Reasons) > 0:
		for i, r := range e.Reasons {
			if i > 0 {
				b.WriteString("; ")
			}
			b.WriteString(strings.TrimSuffix(r.Message, ".") + " (" + r.Code)
		}
	case e.Message != "":
		b.WriteString(strings.TrimSuffix(e.Message, ".") + " (" + strconv.Itoa(e.StatusCode))
	default:
		b.WriteString(strings.ToLower(http.StatusText(e.StatusCode)) + " (" + strconv.Itoa(e.StatusCode))
	}
	if e.CorrelationID != "" {
		b.WriteString(", correlation id " + e.CorrelationID)
	}
	b.WriteString(")")
	return b.String()
}

// Is reports whether e is target in the terms of package io/fs: fs.ErrNotExist for a key that there is not, or no longer;
// fs.ErrExist for an alias that is taken; fs.ErrPermission for credentials that are refused or do not suffice.
func (e *Error) Is(target error) bool {
	switch target {
	case fs.ErrNotExist:
		return e.StatusCode == http.StatusNotFound || e.StatusCode == http.StatusGone
	case fs.ErrExist:
		return e.Has("KEY_ALIAS_NOT_UNIQUE_ERR")
	case fs.ErrPermission:
		return e.StatusCode == http.StatusUnauthorized || e.StatusCode == http.StatusForbidden || e.Has("BEARER_SUB_EXTRACTION_ERR")
	}
	return false
}

// newError reads the answer to a request that was refused.
func newError(r *rest.Request, answer *http.Response, body []byte) error {
	e := &Error{Op: r.Op, Key: r.About, StatusCode: answer.StatusCode, CorrelationID: rest.Quiet(answer.Header.Get("Correlation-Id"))}
	var doc page[struct {
		Message string `json:"errorMsg"`
		Reasons []struct {
			Code    string `json:"code"`
			Message string `json:"message"`
		} `json:"reasons"`
	}]
	if json.Unmarshal(body, &doc) != nil || len(doc.Resources) == 0 {
		return e // the page of a proxy, say; the status has to do
	}
	e.Message = rest.Quiet(doc.Resources[0].Message)
	for _, r := range doc.Resources[0].Reasons {
		e.Reasons = append(e.Reasons, Reason{rest.Quiet(r.Code), rest.Quiet(r.Message)})
	}
	return e
}
