package aspera

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"strconv"
	"strings"
)

// Errors of a Manager, beside those of package transfer: a transfer that found
// no place in the queue ends with transfer.ErrQueueFull, one that was canceled
// with transfer.ErrCanceled.
var (
	// ErrCredentials says that the client's credentials cannot be delegated to the
	// transfer service.
	ErrCredentials = errors.New("credentials are of no use for Aspera")

	// ErrNoAscp says that the ascp program was not found, or does not run. It is
	// errors.ErrUnsupported.
	ErrNoAscp error = unsupported("no usable ascp")

	// ErrNoEngine says that bytes cannot travel in the way that was asked for. It is
	// errors.ErrUnsupported.
	ErrNoEngine error = unsupported("engine cannot be had")
)

// unsupported is an error that no repetition would cure.
type unsupported string

func (e unsupported) Error() string { return string(e) }

func (unsupported) Is(target error) bool { return target == errors.ErrUnsupported }

// A ConfigError says what is wrong with a [Config].
type ConfigError struct {
	Field  string
	Reason string
}

func (e *ConfigError) Error() string { return e.Field + " " + e.Reason }

// A SpecError says why there is no transfer spec: the bucket is not enabled for
// Aspera, or it or its transfer service refused, or answered with nonsense. It is
// fs.ErrPermission and fs.ErrNotExist where the answer says so.
type SpecError struct {
	Step        string // what was tried: get connection info, get delegated token, set up upload, set up download
	Bucket      string
	StatusCode  int    // of the HTTP answer, or the code in it; 0 if there was none
	Reason      string // as the service worded it; may be empty
	UserMessage string // as the service worded it for people; may be empty
	Err         error  // what happened otherwise; may be nil
}

func (e *SpecError) Error() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s of bucket %q: ", e.Step, e.Bucket)
	switch {
	case e.Err != nil:
		b.WriteString(e.Err.Error())
	default:
		b.WriteString("the transfer service answered " + strconv.Itoa(e.StatusCode))
		if text := cmp.Or(e.UserMessage, e.Reason); text != "" {
			fmt.Fprintf(&b, " %q", text)
		}
	}
	if hint := e.hint(); hint != "" {
		b.WriteString("; " + hint)
	}
	return b.String()
}

func (e *SpecError) hint() string {
	switch {
	case e.Step == stepInfo && errors.Is(e, fs.ErrPermission):
		return "the role must allow cloud-object-storage.bucket.get_fasp_connection_info"
	case strings.Contains(strings.ToLower(e.Reason+e.UserMessage), "wrong client id"):
		return "the API key must belong to an account that the transfer service knows"
	}
	return ""
}

func (e *SpecError) Unwrap() error { return e.Err }

// Is reports whether the answer was that of target in the terms of package io/fs.
func (e *SpecError) Is(target error) bool {
	switch target {
	case fs.ErrPermission:
		return e.StatusCode == http.StatusUnauthorized || e.StatusCode == http.StatusForbidden
	case fs.ErrNotExist:
		return e.StatusCode == http.StatusNotFound
	}
	return false
}

// A TransferError says that ascp failed.
type TransferError struct {
	Code        int    // of ascp, such as 5 for missing permissions; 0 if it gave none
	Description string // as ascp worded it; may be empty
	File        string // the file it was about; may be empty
	Sessions    int    // how many were begun
	Output      string // the end of what ascp wrote to its standard error; may be empty
	Err         error  // what happened to the program itself; may be nil
}

func (e *TransferError) Error() string {
	var b strings.Builder
	b.WriteString("ascp")
	if e.File != "" {
		b.WriteString(" " + e.File)
	}
	switch {
	case e.Description != "":
		b.WriteString(": " + e.Description)
	case e.Err != nil:
		b.WriteString(": " + e.Err.Error())
	default:
		b.WriteString(": it failed without saying why")
	}
	if e.Code != 0 {
		fmt.Fprintf(&b, " (code %d)", e.Code)
	}
	if e.Output != "" && e.Description == "" {
		lines := strings.Split(strings.TrimSpace(e.Output), "\n")
		fmt.Fprintf(&b, ": %q", lines[len(lines)-1])
	}
	return b.String()
}

func (e *TransferError) Unwrap() error { return e.Err }

// Codes of ascp that say what package io/fs has an error for.
const (
	codeNoFile      = 4
	codePermission  = 5
	codeExists      = 42
	codeNotAllowed  = 34
	codeNoAuthority = 19
)

// Is reports whether the code is that of target in the terms of package io/fs.
func (e *TransferError) Is(target error) bool {
	switch target {
	case fs.ErrNotExist:
		return e.Code == codeNoFile
	case fs.ErrPermission:
		return e.Code == codePermission || e.Code == codeNotAllowed || e.Code == codeNoAuthority
	case fs.ErrExist:
		return e.Code == codeExists
	}
	return false
}
