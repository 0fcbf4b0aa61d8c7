package auth

import (
	"errors"
	"fmt"
	"net/url"

	"github.com/icos-go/icos/internal/loopback"
)

// ErrPlaintext is in the chain of the error when a secret would have been sent over
// plain http to another machine.
var ErrPlaintext = errors.New("refused over plain http")

// checkTransport refuses to send what (a bearer token, a signature, an API key) to u
// where others could read it: a bearer token read on the way is good for an hour,
// and a signature of an unsigned payload lets anyone replace the payload.
func checkTransport(u *url.URL, what string) error {
	switch {
	case u == nil || u.Host == "":
		return fmt.Errorf("the request has no host to send %s to", what)
	case u.Scheme == "https":
		return nil
	case u.Scheme == "http" && loopback.Host(u.Hostname()):
		return nil
	case u.Scheme == "http":
		return fmt.Errorf("%w: anyone on the way to %s could read %s; use https://%s (plain http is for localhost)",
			ErrPlaintext, u.Host, what, u.Host)
	}
	return fmt.Errorf("unknown scheme %q of %s; use https://", u.Scheme, u.Host)
}
