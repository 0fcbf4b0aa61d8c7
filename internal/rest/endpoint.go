package rest

import (
	"errors"
	"fmt"
	"net/url"
	"strings"

	"github.com/icos-go/icos/auth"
	"github.com/icos-go/icos/internal/loopback"
)

// Base returns the URL that a configured endpoint stands for, or preset if there is none: with https unless it says otherwise or is
// on this machine, and with path if it names none of its own. Plain http is for this machine, since tokens and keys travel with the requests.
func Base(endpoint, preset, path string) (string, error) {
	if endpoint == "" {
		endpoint = preset
	}
	raw := endpoint
	if !strings.Contains(raw, "://") {
		raw = "https://" + endpoint
		if u, err := url.Parse(raw); err == nil && loopback.Host(u.Hostname()) {
			raw = "http://" + endpoint
		}
	}
	u, err := url.Parse(raw)
	switch {
	case err != nil:
		return "", errors.New("endpoint: not a URL; want https://host") // err quotes it, and it may hold a secret
	case u.User != nil:
		return "", errors.New("endpoint: keys do not belong in the URL; use Config.Credentials")
	case u.Scheme != "https" && u.Scheme != "http":
		return "", fmt.Errorf("endpoint %q: scheme %q is neither https nor http", endpoint, u.Scheme)
	case u.Hostname() == "" || u.RawQuery != "" || u.Fragment != "":
		return "", fmt.Errorf("endpoint %q: want https://host", endpoint)
	case u.Scheme == "http" && !loopback.Host(u.Hostname()):
		return "", fmt.Errorf("endpoint %q: %w except to this machine; use https", endpoint, auth.ErrPlaintext)
	}
	if u.Path == "" || u.Path == "/" {
		u.Path, u.RawPath = path, ""
	}
	return strings.TrimRight(u.String(), "/"), nil
}

// CheckIdentity refuses credentials that these services do not know, with what to use instead.
func CheckIdentity(c auth.Credentials) error {
	if c == nil {
		return errors.New("Config.Credentials is nil: set it to auth.IAM(apiKey, nil)")
	}
	if _, ok := c.(auth.TokenSource); !ok {
		return errors.New("the credentials are no identity of IAM: use an API key, as HMAC keys are not accepted here")
	}
	return nil
}

// Find returns the identity of IAM that auth.Find finds, and the URL of the services beside its token endpoint, if that is not IBM's:
// a local server has all of them in one place. Otherwise the URL is empty, and they are where IBM has them.
func Find() (auth.Credentials, string, error) {
	found, err := auth.Find(&auth.ChainOptions{PreferAPIKey: true})
	if err != nil {
		return nil, "", err
	}
	return found.Credentials, Beside(found.AuthEndpoint), nil
}

// Beside returns the URL of the services beside a token endpoint, "" for IBM's own.
func Beside(tokenEndpoint string) string {
	u, err := url.Parse(tokenEndpoint)
	if err != nil || u.Host == "" || strings.HasSuffix(u.Hostname(), ".cloud.ibm.com") || strings.HasSuffix(u.Hostname(), ".bluemix.net") {
		return ""
	}
	return u.Scheme + "://" + u.Host
}
