package sigv4

import (
	"errors"
	"fmt"
	"net/url"
	"strconv"
	"strings"
	"time"
)

// ErrScheme is returned for an Authorization header of another scheme, and for a
// query that is not presigned with Signature Version 4.
var ErrScheme = errors.New("not " + Algorithm)

// ErrMalformed is in the chain of every other error of the parsers.
var ErrMalformed = errors.New("malformed " + Algorithm + " authorization")

// Bounds on what the parsers accept from the network.
const (
	maxAuthorization = 8 << 10
	maxSignedHeaders = 128
)

// An Authorization is what a signer wrote into the Authorization header or query.
type Authorization struct {
	AccessKeyID   string
	Scope         Scope
	SignedHeaders []string // lower case, sorted, no duplicates, "host" among them
	Signature     string   // 64 lower-case hex digits
}

// String returns the value of an Authorization header.
func (a Authorization) String() string {
	b := make([]byte, 0, 320)
	b = append(b, Algorithm+" Credential="...)
	b = append(b, a.AccessKeyID...)
	b = append(b, '/')
	b = a.Scope.append(b)
	b = append(b, ", SignedHeaders="...)
	b = appendNames(b, a.SignedHeaders)
	b = append(b, ", Signature="...)
	b = append(b, a.Signature...)
	return string(b)
}

// ParseAuthorization reads the value of an Authorization header. The error is
// ErrScheme when it is of another scheme, and wraps ErrMalformed otherwise.
func ParseAuthorization(header string) (Authorization, error) {
	rest, ok := strings.CutPrefix(header, Algorithm)
	if !ok || rest == "" || rest[0] != ' ' && rest[0] != '\t' {
		return Authorization{}, ErrScheme
	}
	if len(header) > maxAuthorization {
		return Authorization{}, malformed("longer than %d bytes", maxAuthorization)
	}
	var credential, signed, signature string
	for field := range strings.SplitSeq(rest, ",") {
		name, value, ok := strings.Cut(strings.Trim(field, " \t"), "=")
		if !ok {
			return Authorization{}, malformed("a part is not name=value")
		}
		var into *string
		switch name {
		case "Credential":
			into = &credential
		case "SignedHeaders":
			into = &signed
		case "Signature":
			into = &signature
		default:
			return Authorization{}, malformed("unknown part %q", name)
		}
		if *into != "" {
			return Authorization{}, malformed("%s given twice", name)
		}
		*into = value
	}
	return assemble(credential, signed, signature)
}

// A Presigned is what a signer wrote into the query of a presigned URL.
type Presigned struct {
	Authorization
	Time          time.Time
	Expires       time.Duration // after Time; whole seconds, at least one
	SecurityToken string        // X-Amz-Security-Token, often empty
}

// ParseQuery reads the query of a presigned URL. The error is ErrScheme when the
// query has no X-Amz-Algorithm or another one, and wraps ErrMalformed otherwise.
// Whether the URL has expired is for the caller, who has the clock.
func ParseQuery(q url.Values) (Presigned, error) {
	if q.Get("X-Amz-Algorithm") != Algorithm {
		return Presigned{}, ErrScheme
	}
	for _, name := range []string{
		"X-Amz-Algorithm", "X-Amz-Credential", "X-Amz-Date", "X-Amz-Expires", "X-Amz-SignedHeaders", "X-Amz-Signature",
	} {
		if n := len(q[name]); n != 1 {
			return Presigned{}, malformed("%s given %d times", name, n)
		}
		if len(q.Get(name)) > maxAuthorization {
			return Presigned{}, malformed("%s longer than %d bytes", name, maxAuthorization)
		}
	}
	a, err := assemble(q.Get("X-Amz-Credential"), q.Get("X-Amz-SignedHeaders"), q.Get("X-Amz-Signature"))
	if err != nil {
		return Presigned{}, err
	}
	t, err := ParseTime(q.Get("X-Amz-Date"))
	if err != nil {
		return Presigned{}, malformed("X-Amz-Date is not %s", TimeFormat)
	}
	if t.Format("20060102") != a.Scope.Date {
		return Presigned{}, malformed("the scope is of another day than X-Amz-Date")
	}
	// A signed 32-bit count of seconds is 68 years: more than any client asks for,
	// and it cannot overflow a Duration.
	seconds, err := strconv.ParseInt(q.Get("X-Amz-Expires"), 10, 32)
	if err != nil || seconds < 1 {
		return Presigned{}, malformed("X-Amz-Expires is not a positive number of seconds")
	}
	return Presigned{
		Authorization: a,
		Time:          t,
		Expires:       time.Duration(seconds) * time.Second,
		SecurityToken: q.Get("X-Amz-Security-Token"),
	}, nil
}

func assemble(credential, signed, signature string) (Authorization, error) {
	a := Authorization{Signature: signature}
	var err error
	if a.AccessKeyID, a.Scope, err = parseCredential(credential); err != nil {
		return Authorization{}, err
	}
	if a.SignedHeaders, err = parseSigned(signed); err != nil {
		return Authorization{}, err
	}
	if len(signature) != 64 || strings.Trim(signature, "0123456789abcdef") != "" {
		return Authorization{}, malformed("Signature is not 64 hex digits")
	}
	return a, nil
}

// parseCredential reads "id/date/region/service/aws4_request" from its end, since
// an access key id may contain slashes.
func parseCredential(credential string) (id string, s Scope, err error) {
	var parts [4]string // service, region, date after the terminator is gone
	id = credential
	for i := range parts {
		cut := strings.LastIndexByte(id, '/')
		if cut < 0 {
			return "", Scope{}, malformed("Credential is not id/date/region/service/%s", terminator)
		}
		id, parts[i] = id[:cut], id[cut+1:]
	}
	s = Scope{Service: parts[1], Region: parts[2], Date: parts[3]}
	switch {
	case parts[0] != terminator:
		return "", Scope{}, malformed("Credential does not end in %s", terminator)
	case id == "" || s.Region == "" || s.Service == "":
		return "", Scope{}, malformed("Credential has an empty part")
	case len(s.Date) != 8 || strings.Trim(s.Date, "0123456789") != "":
		return "", Scope{}, malformed("Credential has no date YYYYMMDD")
	}
	return id, s, nil
}

func parseSigned(signed string) ([]string, error) {
	if n := strings.Count(signed, ";"); n >= maxSignedHeaders {
		return nil, malformed("more than %d signed headers", maxSignedHeaders)
	}
	names := strings.Split(signed, ";")
	host := false
	for i, name := range names {
		if name == "" || strings.ToLower(name) != name {
			return nil, malformed("SignedHeaders has an empty or upper-case name")
		}
		if i > 0 && names[i-1] >= name {
			return nil, malformed("SignedHeaders is not sorted")
		}
		host = host || name == "host"
	}
	if !host {
		return nil, malformed("SignedHeaders lacks host")
	}
	return names, nil
}

func malformed(format string, args ...any) error {
	return fmt.Errorf("%w: "+format, append([]any{ErrMalformed}, args...)...)
}
