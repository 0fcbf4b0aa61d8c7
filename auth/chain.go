package auth

import (
	"errors"
	"io/fs"
	"net/http"
)

// ChainOptions say where Find looks. The zero value is the process's environment
// and files.
type ChainOptions struct {
	Getenv   func(string) string               // default os.Getenv
	Home     string                            // default os.UserHomeDir()
	Profile  string                            // if set, only this profile of the AWS files is used
	ReadFile func(name string) ([]byte, error) // default os.ReadFile, bounded
	Stat     func(name string) (fs.FileInfo, error)
	Client   *http.Client // for the token exchange; see IAMOptions
}

// Kind is a kind of credentials.
type Kind string

// The kinds of credentials.
const (
	KindAPIKey         Kind = "api-key"
	KindHMAC           Kind = "hmac"
	KindTrustedProfile Kind = "trusted-profile"
	KindToken          Kind = "token"
	KindAnonymous      Kind = "anonymous"
)

// A Source says where one value of Found comes from.
type Source struct {
	Field   string // "api key", "instance id", "endpoint", …
	Source  string // a variable, or a file and the place in it
	Value   string // REDACTED if the value is a secret
	Warning string // what is wrong with the source, if anything
}

// A Skipped is a place that was looked at and not used.
type Skipped struct {
	Source string
	Why    string
}

// Found is what Find found. It holds no secret outside Credentials, which print as
// REDACTED.
type Found struct {
	Credentials  Credentials
	Kind         Kind
	InstanceID   string
	Endpoint     string
	EndpointsURL string
	AuthEndpoint string
	Location     string
	Sources      []Source
	Skipped      []Skipped
}

// Find looks for credentials where IBM's and AWS's tools keep them. o may be nil.
func Find(o *ChainOptions) (*Found, error) { return nil, errors.New("no credentials found") }
