package s3

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"strconv"
	"strings"
)

// An Error is an answer of the service that says no. Callers ask errors.Is for
// fs.ErrNotExist, fs.ErrExist and fs.ErrPermission, and errors.AsType[*s3.Error] for the rest.
type Error struct {
	Op         string // "PutObject"
	Bucket     string
	Key        string
	Code       string // "NoSuchKey"; for an answer without a body, a name for the status such as "NotFound"
	Message    string
	StatusCode int
	RequestID  string // what IBM support asks for
	Resource   string // as the service names it; may be empty

	onlyNew bool // the request was to fail if there is an object
}

// Error says what was tried, on what, and what the service answered.
func (e *Error) Error() string {
	var b strings.Builder
	b.WriteString("s3: " + where(e.Op, e.Bucket, e.Key) + ": ")
	if e.Message != "" {
		b.WriteString(strings.TrimSuffix(e.Message, ".") + " (" + e.Code)
	} else {
		b.WriteString(cmp.Or(strings.ToLower(http.StatusText(e.StatusCode)), "status "+strconv.Itoa(e.StatusCode)) + " (" + e.Code)
	}
	if e.RequestID != "" {
		b.WriteString(", request " + e.RequestID)
	}
	b.WriteString(")")
	return b.String()
}

// Is reports whether e is target in the terms of package io/fs: fs.ErrNotExist for a
// missing bucket, object, upload or configuration; fs.ErrExist for a bucket name
// that is taken, for a legal hold that there is and for an object that IfNoneMatch "*" protects;
// fs.ErrPermission for credentials that are refused or do not suffice.
func (e *Error) Is(target error) bool {
	switch target {
	case fs.ErrNotExist:
		return e.StatusCode == http.StatusNotFound
	case fs.ErrExist:
		return e.Code == "BucketAlreadyExists" || e.Code == "BucketAlreadyOwnedByYou" ||
			e.StatusCode == http.StatusConflict && e.Op == "AddLegalHold" ||
			e.StatusCode == http.StatusPreconditionFailed && e.onlyNew
	case fs.ErrPermission:
		// An archived object and a wrong clock are 403 too, but no question of permission.
		return e.StatusCode == http.StatusUnauthorized ||
			e.StatusCode == http.StatusForbidden && e.Code != "InvalidObjectState" && e.Code != codeSkewed
	}
	return false
}

// ErrChecksum is what an error is when bytes did not match their checksum: they
// were damaged on the way, or stored damaged.
var ErrChecksum = errors.New("checksum mismatch")

// Codes that the client acts upon.
const (
	codeSkewed       = "RequestTimeTooSkewed"
	codeNoSuchUpload = "NoSuchUpload"
)

func where(op, bucket, key string) string {
	switch {
	case bucket == "":
		return op
	case key == "":
		return op + " " + bucket
	}
	return op + " " + bucket + "/" + key
}

// wrap says which call err is of. An *Error says so itself.
func (x *exchange) wrap(err error) error {
	if e, ok := err.(*Error); ok {
		return e
	}
	return fmt.Errorf("s3: %s: %w", where(x.op.name, x.bucket, x.key), err)
}

// errorOf makes the Error for an answer and the beginning of its body.
func (x *exchange) errorOf(r *http.Response, body []byte) *Error {
	e := &Error{
		Op: x.op.name, Bucket: x.bucket, Key: x.key,
		StatusCode: r.StatusCode,
		RequestID:  r.Header.Get("X-Amz-Request-Id"),
		onlyNew:    len(x.header["If-None-Match"]) > 0 && x.header["If-None-Match"][0] == "*",
	}
	if e.RequestID == "" {
		e.RequestID = r.Header.Get("X-Clv-Request-Id")
	}
	e.read(body)
	if e.Code == "" {
		e.Code = codeOf(e.StatusCode)
	}
	if e.Message == "" {
		e.Message = summary(body)
	}
	return e
}

// read fills e from an error document. What is none, such as the page of a proxy, leaves
// e without a code.
func (e *Error) read(body []byte) {
	s := newScanner(body)
	if s.root("Error") != nil {
		return
	}
	status := 0
	for d := s.depth; s.child(d); {
		switch string(s.name()) {
		case "Code":
			e.Code = strings.TrimSpace(s.str())
		case "Message":
			e.Message = strings.TrimSpace(s.str())
		case "Resource":
			e.Resource = s.str()
		case "RequestId":
			if id := s.str(); e.RequestID == "" {
				e.RequestID = id
			}
		case "httpStatusCode":
			status, _ = strconv.Atoi(string(s.text())) // informal; checked below
		}
	}
	if e.StatusCode < 300 {
		// An error after the fact: the status line was sent before it was known.
		if e.StatusCode = statusOf(e.Code); status >= 300 && status < 600 {
			e.StatusCode = status
		}
	}
}

// statusOf returns the status of an error that came with 200.
func statusOf(code string) int {
	switch code {
	case "NoSuchBucket", "NoSuchKey", codeNoSuchUpload:
		return http.StatusNotFound
	case "AccessDenied":
		return http.StatusForbidden
	case "PreconditionFailed":
		return http.StatusPreconditionFailed
	case "InvalidPart", "InvalidPartOrder", "EntityTooSmall", "EntityTooLarge", "InvalidArgument", "InvalidRequest", "MalformedXML", "BadDigest", "RequestTimeout":
		return http.StatusBadRequest
	case "SlowDown", "ServiceUnavailable":
		return http.StatusServiceUnavailable
	}
	return http.StatusInternalServerError
}

// codeOf names the status of an answer that has no body, as those to HEAD.
func codeOf(status int) string {
	switch status {
	case http.StatusBadRequest:
		return "BadRequest"
	case http.StatusForbidden:
		return "Forbidden"
	case http.StatusServiceUnavailable:
		return "ServiceUnavailable"
	case http.StatusInternalServerError:
		return "InternalError"
	case http.StatusRequestedRangeNotSatisfiable:
		return "InvalidRange"
	}
	if text := http.StatusText(status); text != "" {
		return strings.NewReplacer(" ", "", "-", "").Replace(text)
	}
	return "Status" + strconv.Itoa(status)
}

// summary returns the words of a body that is not for us, such as the HTML of
// a proxy: without tags and line ends, and not more than a line.
func summary(body []byte) string {
	const limit = 160
	var b strings.Builder
	tag, space := false, false
	for _, r := range string(body[:min(len(body), 4<<10)]) {
		switch {
		case r == '<':
			tag, space = true, true
		case r == '>' && tag:
			tag = false
		case tag:
		case r <= ' ' || r == 0x7f:
			space = true
		default:
			if space && b.Len() > 0 {
				b.WriteByte(' ')
			}
			space = false
			b.WriteRune(r)
		}
		if b.Len() >= limit {
			return b.String() + "…"
		}
	}
	return b.String()
}
