package iam

import (
	"net/http"

	"github.com/icos-go/icos/internal/rest"
)

// An Error is an answer of IAM or of the Resource Controller that says no. Callers ask errors.Is for fs.ErrNotExist,
// fs.ErrExist and fs.ErrPermission, and errors.AsType[*iam.Error] for the rest.
type Error struct {
	Service    string // "iam"
	Op         string // such as "create policy"
	StatusCode int
	Code       string // of the service, such as policy_not_found; may be empty
	Message    string // of the service; may be empty
	RequestID  string // what IBM support asks for; may be empty
}

// Error says what was tried, on what, and what the service answered.
func (e *Error) Error() string { return (*rest.Error)(e).Error() }

// Is reports whether e is target in the terms of package io/fs: fs.ErrNotExist for what there is not, or no longer;
// fs.ErrExist for a policy that is there already; fs.ErrPermission for credentials that are refused or do not suffice.
func (e *Error) Is(target error) bool { return (*rest.Error)(e).Is(target) }

// newError makes the errors of this package, whose fields are those of internal/rest.
func newError(r *rest.Request, answer *http.Response, body []byte) error {
	return (*Error)(rest.NewError("iam", r, answer, body))
}
