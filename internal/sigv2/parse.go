package sigv2

import (
	"errors"
	"fmt"
	"net/url"
	"strconv"
	"strings"
	"time"
)

// ErrScheme is returned for an Authorization header of another scheme, and for a
// query that is not presigned with Signature Version 2.
var ErrScheme = errors.New("not a Version 2 signature")

// ErrMalformed is in the chain of every other error of the parsers.
var ErrMalformed = errors.New("malformed Version 2 authorization")

// maxAuthorization bounds what the parsers accept from the network.
const maxAuthorization = 1 << 10

// An Authorization names the key and carries the signature.
type Authorization struct {
	AccessKeyID string
	Signature   string // base64
}

// String returns the value of an Authorization header.
func (a Authorization) String() string { return "AWS " + a.AccessKeyID + ":" + a.Signature }

// ParseAuthorization reads the value of an Authorization header, "AWS id:signature".
// The error is ErrScheme when it is of another scheme, and wraps ErrMalformed
// otherwise.
func ParseAuthorization(header string) (Authorization, error) {
	rest, ok := strings.CutPrefix(header, "AWS ")
	if !ok {
		return Authorization{}, ErrScheme
	}
	if len(header) > maxAuthorization {
		return Authorization{}, fmt.Errorf("%w: longer than %d bytes", ErrMalformed, maxAuthorization)
	}
	rest = strings.Trim(rest, " \t")
	cut := strings.LastIndexByte(rest, ':')
	if cut <= 0 || cut == len(rest)-1 {
		return Authorization{}, fmt.Errorf("%w: want id:signature", ErrMalformed)
	}
	return Authorization{AccessKeyID: rest[:cut], Signature: rest[cut+1:]}, nil
}

// A Presigned is what a signer wrote into the query of a presigned URL.
type Presigned struct {
	Authorization
	Expires    time.Time // to the second
	RawExpires string    // as written, which is what was signed
}

// ParseQuery reads the query of a presigned URL. The error is ErrScheme when it has
// no Signature parameter, and wraps ErrMalformed otherwise. Whether the URL has
// expired is for the caller, who has the clock.
func ParseQuery(q url.Values) (Presigned, error) {
	if !q.Has("Signature") || q.Has("X-Amz-Algorithm") {
		return Presigned{}, ErrScheme
	}
	for _, name := range []string{"AWSAccessKeyId", "Signature", "Expires"} {
		switch v := q[name]; {
		case len(v) != 1:
			return Presigned{}, fmt.Errorf("%w: %s given %d times", ErrMalformed, name, len(v))
		case v[0] == "":
			return Presigned{}, fmt.Errorf("%w: %s is empty", ErrMalformed, name)
		case len(v[0]) > maxAuthorization:
			return Presigned{}, fmt.Errorf("%w: %s longer than %d bytes", ErrMalformed, name, maxAuthorization)
		}
	}
	raw := q.Get("Expires")
	seconds, err := strconv.ParseInt(raw, 10, 64)
	if err != nil {
		return Presigned{}, fmt.Errorf("%w: Expires is not a number of seconds", ErrMalformed)
	}
	return Presigned{
		Authorization: Authorization{AccessKeyID: q.Get("AWSAccessKeyId"), Signature: q.Get("Signature")},
		Expires:       time.Unix(seconds, 0),
		RawExpires:    raw,
	}, nil
}
