package auth

import (
	"errors"
	"fmt"
	"strings"
)

// Kind is a kind of credentials.
type Kind string

// The kinds of credentials.
const (
	KindAPIKey         Kind = "api-key"
	KindHMAC           Kind = "hmac"
	KindTrustedProfile Kind = "trusted-profile"
	KindToken          Kind = "token"
	KindAnonymous      Kind = "anonymous" // never found; for those who choose it
)

// Found is what Find found. It holds no secret outside Credentials, which print as
// REDACTED.
type Found struct {
	Credentials  Credentials // nil if there are none
	Kind         Kind        // empty if there are none
	InstanceID   string      // the service instance: a CRN or a UUID
	Endpoint     string      // of COS, if one was named
	EndpointsURL string      // the list of COS's endpoints, if it was named
	AuthEndpoint string      // of IAM, if one was named
	Location     string      // as "us-south", if one was named
	KMSEndpoint  string      // of Key Protect, if one was named
	KMSInstance  string      // of Key Protect, if one was named: a CRN or a UUID

	Sources []Source  // where each value above comes from
	Skipped []Skipped // what was looked at and not used
}

// A Source says where one value of Found comes from.
type Source struct {
	Field   string `json:"field"`             // "API key", "instance id", "endpoint" and so on
	Source  string `json:"source"`            // a variable, or a file and the place in it
	Value   string `json:"value"`             // REDACTED if the value is a secret
	Warning string `json:"warning,omitempty"` // what is wrong with the source, and what to do
}

// A Skipped is a place that was looked at and not used.
type Skipped struct {
	Source string `json:"source"`
	Why    string `json:"why"`
}

// ErrNoProfile is in the chain of the error when a profile that was asked for is in
// none of the files.
var ErrNoProfile = errors.New("no such profile")

// ErrNoCredentials is what a *NotFoundError is to errors.Is.
var ErrNoCredentials = errors.New("no credentials found")

// A NotFoundError lists every place that has no credentials. It is ErrNoCredentials.
type NotFoundError struct{ Looked []Skipped }

// Error names the places and what to do.
func (e *NotFoundError) Error() string {
	var b strings.Builder
	b.WriteString("find credentials: none found; set ICOS_API_KEY, or save a service credential as ~/.bluemix/cos_credentials (looked at ")
	for i, s := range e.Looked {
		if i > 0 {
			b.WriteString("; ")
		}
		fmt.Fprintf(&b, "%s: %s", s.Source, s.Why)
	}
	b.WriteString(")")
	return b.String()
}

// Is reports whether target is ErrNoCredentials.
func (e *NotFoundError) Is(target error) bool { return target == ErrNoCredentials }

// A PartialError says that one half of a pair of keys is there and the other is not.
type PartialError struct {
	Source  string // where the first half is
	Missing string // the name of the other half
}

// Error implements error.
func (e *PartialError) Error() string {
	return fmt.Sprintf("find credentials: %s is set, but %s is not; set both or neither", e.Source, e.Missing)
}
