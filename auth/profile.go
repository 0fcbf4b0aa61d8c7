package auth

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net/http"
	"net/url"
)

// ProfileOptions configure TrustedProfile.
type ProfileOptions struct {
	ID        string // the profile, as "Profile-" and a UUID; this or Name
	Name      string // the profile's name
	AccountID string // the account that Name is in; default the workload's own

	// TokenFile holds the identity of the workload, a compute resource token, which
	// the platform renews; it is read again for each exchange. By default the places
	// where IBM's platforms mount it are tried in turn.
	TokenFile string

	// APIKey, of a service id, takes the place of the token file for a program that
	// runs elsewhere: it is exchanged for a token, and that for one of the profile.
	APIKey string

	Endpoint   string       // as in IAMOptions
	HTTPClient *http.Client // as in IAMOptions
}

// Format implements fmt.Formatter: options may hold an API key.
func (ProfileOptions) Format(f fmt.State, verb rune) { redactor{}.Format(f, verb) }

// LogValue implements slog.LogValuer.
func (ProfileOptions) LogValue() slog.Value { return redactor{}.LogValue() }

// MarshalText implements encoding.TextMarshaler, so that JSON is redacted too.
func (ProfileOptions) MarshalText() ([]byte, error) { return redactor{}.MarshalText() }

// tokenFiles are where Kubernetes clusters and Code Engine mount the compute resource
// token, in the order of IBM's SDK core.
var tokenFiles = [...]string{
	"/var/run/secrets/tokens/vault-token",
	"/var/run/secrets/tokens/sa-token",
	"/var/run/secrets/codeengine.cloud.ibm.com/compute-resource-token/token",
}

// maxTokenFile bounds a compute resource token.
const maxTokenFile = 64 << 10

// TrustedProfile gets tokens for a trusted profile, which a workload may act as
// because of where it runs: there is no key to keep. A mistake in o is an error of
// the first use.
func TrustedProfile(o ProfileOptions) *IAMCredentials {
	return newIAM(&profileLogin{o: o, readFile: readBounded}, newExchanger(o.Endpoint, o.HTTPClient))
}

type profileLogin struct {
	o        ProfileOptions
	readFile func(name string) ([]byte, error)
}

func (l *profileLogin) form(ctx context.Context, x *exchanger) (form, error) {
	f := form{values: make(url.Values)}
	switch {
	case l.o.ID != "":
		f.values.Set("profile_id", l.o.ID)
	case l.o.Name != "":
		f.values.Set("profile_name", l.o.Name)
		if l.o.AccountID != "" {
			f.values.Set("account", l.o.AccountID)
		}
	default:
		return form{}, errors.New("get token: the trusted profile has neither id nor name")
	}
	if l.o.APIKey != "" {
		t, err := (&session{login: apiKeyLogin(l.o.APIKey), exchanger: x}).fetch(ctx)
		if err != nil {
			return form{}, fmt.Errorf("log in to assume the trusted profile: %w", err)
		}
		f.values.Set("grant_type", grantAssume)
		f.values.Set("access_token", t.Value)
		f.secrets = []string{t.Value}
		return f, nil
	}
	token, err := l.computeToken()
	if err != nil {
		return form{}, err
	}
	f.values.Set("grant_type", grantCRToken)
	f.values.Set("cr_token", token)
	f.secrets = []string{token}
	return f, nil
}

func (l *profileLogin) computeToken() (string, error) {
	names := tokenFiles[:]
	if l.o.TokenFile != "" {
		names = []string{l.o.TokenFile}
	}
	for _, name := range names {
		b, err := l.readFile(name)
		switch {
		case errors.Is(err, fs.ErrNotExist) && l.o.TokenFile == "":
			continue
		case err != nil:
			return "", fmt.Errorf("get token: read compute resource token: %w", err)
		case len(b) > maxTokenFile:
			return "", fmt.Errorf("get token: compute resource token %s is longer than %d bytes", name, maxTokenFile)
		}
		token := string(bytes.TrimSpace(b))
		if err := checkToken(token); err != nil {
			return "", fmt.Errorf("get token: compute resource token %s: %w", name, err)
		}
		return token, nil
	}
	return "", fmt.Errorf("get token: no compute resource token at %q; mount one, or name its file in CR_TOKEN_FILE_PATH: %w",
		names, fs.ErrNotExist)
}
