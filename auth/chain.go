package auth

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"runtime"
	"strings"
)

// ChainOptions say where Find looks. The zero value is the process's environment and
// files.
type ChainOptions struct {
	Getenv func(name string) string // default os.Getenv
	Home   string                   // default os.UserHomeDir

	// Profile, if set, is the only place where credentials are looked for: a profile
	// of ~/.aws/credentials and ~/.aws/config.
	Profile string

	// PreferAPIKey lets the API key of a service credential win over the HMAC keys
	// beside it: for what needs an identity of IAM, as a delegated token does.
	PreferAPIKey bool

	ReadFile   func(name string) ([]byte, error)      // default os.ReadFile, bounded
	Stat       func(name string) (fs.FileInfo, error) // default os.Stat, or with a ReadFile none: files are then not checked for being world-readable
	HTTPClient *http.Client                           // for the token exchange; see IAMOptions
}

// Find looks for credentials where IBM's and AWS's tools keep them. The first place
// that has some is used:
//
//  1. ICOS_API_KEY; ICOS_TOKEN; ICOS_ACCESS_KEY_ID with ICOS_SECRET_ACCESS_KEY
//  2. the service credential named by ICOS_CREDENTIALS_FILE; the profile named by ICOS_PROFILE
//  3. IBM_API_KEY_ID
//  4. TRUSTED_PROFILE_ID or TRUSTED_PROFILE_NAME, with CR_TOKEN_FILE_PATH or IBM_SERVICE_ID_API_KEY
//  5. IBMCLOUD_API_KEY; IC_API_KEY
//  6. the service credential named by COS_CREDENTIALS_FILE, else ~/.bluemix/cos_credentials
//  7. ~/.aws/credentials and ~/.aws/config (AWS_SHARED_CREDENTIALS_FILE, AWS_CONFIG_FILE, AWS_PROFILE)
//  8. AWS_ACCESS_KEY_ID with AWS_SECRET_ACCESS_KEY
//
// In a service credential HMAC keys win over the API key, unless PreferAPIKey is
// set; in a profile ibm_api_key_id wins over the AWS pair. An AWS pair is an API
// key and an instance id if its secret is the CRN of a COS instance or a UUID, or
// if the profile sets signature_version to oauth or iam.
//
// Other values come from their ICOS variable (ICOS_INSTANCE_ID, ICOS_ENDPOINT,
// ICOS_AUTH_ENDPOINT, ICOS_LOCATION, ICOS_KMS_ENDPOINT, ICOS_KMS_INSTANCE), else from beside the credentials, else from
// IBM_SERVICE_INSTANCE_ID or IBMCLOUD_COS_INSTANCE, IBMCLOUD_COS_ENDPOINT,
// IBM_AUTH_ENDPOINT and IC_REGION. AWS_ENDPOINT_URL_S3, AWS_ENDPOINT_URL and the
// AWS region count for AWS pairs only.
//
// A file that cannot be understood is an error, and so is half a pair; Find does not
// go on to credentials that the user did not mean. When there is nothing at all the
// error is a *NotFoundError. With any error, the Found that is returned has no
// Credentials and tells what was seen. o may be nil.
func Find(o *ChainOptions) (*Found, error) {
	f := newFinder(o)
	won, err := f.search()
	f.settle(won)
	if err != nil {
		return f.found, err
	}
	if won == nil {
		return f.found, &NotFoundError{Looked: f.found.Skipped}
	}
	return f.found, nil
}

// A value is a text and where it was found.
type value struct {
	text    string
	source  string
	warning string
}

// A candidate is credentials that were found, and what was found beside them.
type candidate struct {
	kind    Kind
	aws     bool // an AWS pair: AWS's endpoint variables count
	apiKey  value
	token   value
	access  value
	secret  value
	session value
	profile ProfileOptions
	named   value // the profile's id or name

	instance, endpoint, endpointsURL, authEndpoint, region value
	kmsEndpoint, kmsInstance                               value
}

// A place is one step of the chain. look returns nil if it has no credentials.
type place struct {
	name string
	look func() (*candidate, error)
}

type finder struct {
	o     ChainOptions
	found *Found
	files map[string]file // read once each
}

func newFinder(o *ChainOptions) *finder {
	f := &finder{found: new(Found), files: make(map[string]file)}
	if o != nil {
		f.o = *o
	}
	if f.o.Getenv == nil {
		f.o.Getenv = os.Getenv
	}
	if f.o.Home == "" {
		f.o.Home, _ = os.UserHomeDir() // without a home there are no files in it
	}
	if f.o.Stat == nil && f.o.ReadFile == nil {
		f.o.Stat = os.Stat
	}
	if f.o.ReadFile == nil {
		f.o.ReadFile = readBounded
	}
	return f
}

func (f *finder) places() []place {
	if f.o.Profile != "" {
		return []place{{"profile " + f.o.Profile, func() (*candidate, error) { return f.profile(f.o.Profile) }}}
	}
	return []place{
		{"ICOS_API_KEY, ICOS_TOKEN, ICOS_ACCESS_KEY_ID", f.icosVariables},
		{"ICOS_CREDENTIALS_FILE", f.icosFile},
		{"ICOS_PROFILE", f.icosProfile},
		{"IBM_API_KEY_ID", f.ibmVariables},
		{"TRUSTED_PROFILE_ID, TRUSTED_PROFILE_NAME", f.trustedProfile},
		{"IBMCLOUD_API_KEY, IC_API_KEY", f.cloudVariables},
		{"COS credentials file", f.cosFile},
		{"AWS files", f.awsFiles},
		{"AWS_ACCESS_KEY_ID", f.awsVariables},
	}
}

// search returns the first candidate. The places after it are looked at too, so that
// the user can be told what did not count.
func (f *finder) search() (*candidate, error) {
	var won *candidate
	for _, p := range f.places() {
		c, err := p.look()
		switch {
		case won != nil && err != nil:
			f.skip(p.name, "not needed, and not usable: "+err.Error())
		case err != nil:
			return nil, err
		case won != nil && c != nil:
			f.skip(c.origin().source, "comes after "+won.origin().source)
		case c != nil:
			won = c
		}
	}
	return won, nil
}

func (f *finder) skip(source, why string) {
	f.found.Skipped = append(f.found.Skipped, Skipped{Source: source, Why: why})
}

// origin is the value that made c a candidate.
func (c *candidate) origin() value {
	for _, v := range []value{c.apiKey, c.token, c.access} {
		if v.text != "" {
			return v
		}
	}
	return c.named
}

// settle fills in f.found; won may be nil.
func (f *finder) settle(won *candidate) {
	c := cmp.Or(won, new(candidate))
	found := f.found
	found.InstanceID = f.use("instance id", f.first(c.instance, "ICOS_INSTANCE_ID", "IBM_SERVICE_INSTANCE_ID", "IBMCLOUD_COS_INSTANCE"))
	found.Endpoint = f.use("endpoint", f.first(c.endpoint, "ICOS_ENDPOINT", "IBMCLOUD_COS_ENDPOINT"))
	found.EndpointsURL = f.use("endpoints list", c.endpointsURL)
	found.AuthEndpoint = f.use("auth endpoint", f.first(c.authEndpoint, "ICOS_AUTH_ENDPOINT", "IBM_AUTH_ENDPOINT"))
	found.Location = f.use("location", f.first(value{}, "ICOS_LOCATION", "IC_REGION"))
	found.KMSEndpoint = f.use("Key Protect endpoint", f.first(c.kmsEndpoint, "ICOS_KMS_ENDPOINT"))
	found.KMSInstance = f.use("Key Protect instance", f.first(c.kmsInstance, "ICOS_KMS_INSTANCE"))
	if won == nil {
		return
	}
	if !won.aws {
		for _, name := range []string{"AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL"} {
			if v := f.env(name); v.text != "" {
				f.skip(v.source, "counts for AWS keys only; use ICOS_ENDPOINT")
			}
		}
	}
	found.Kind = won.kind
	switch won.kind {
	case KindAPIKey:
		f.useSecret("API key", won.apiKey)
		found.Credentials = IAM(won.apiKey.text, &IAMOptions{Endpoint: found.AuthEndpoint, HTTPClient: f.o.HTTPClient})
	case KindTrustedProfile:
		f.use("trusted profile", won.named)
		p := won.profile
		p.Endpoint, p.HTTPClient = found.AuthEndpoint, f.o.HTTPClient
		found.Credentials = TrustedProfile(p)
	case KindToken:
		f.useSecret("token", won.token)
		found.Credentials = StaticToken(won.token.text)
	case KindHMAC:
		f.use("access key id", won.access)
		f.useSecret("secret access key", won.secret)
		keys := HMAC(won.access.text, won.secret.text)
		if region := f.use("region", won.region); region != "" {
			keys = keys.WithRegion(region)
		}
		if won.session.text != "" {
			f.useSecret("session token", won.session)
			keys = keys.WithSessionToken(won.session.text)
		}
		found.Credentials = keys
	}
}

// first returns the value of a setting: that of the ICOS variable, else the one found
// beside the credentials, else that of the first other variable that is set. A
// profile that was asked for by name comes before the ICOS variable.
func (f *finder) first(own value, icos string, others ...string) value {
	order := []value{f.env(icos), own}
	if f.o.Profile != "" {
		order[0], order[1] = order[1], order[0]
	}
	for _, name := range others {
		order = append(order, f.env(name))
	}
	for _, v := range order {
		if v.text != "" {
			return v
		}
	}
	return value{}
}

// use records where a value comes from and returns its text.
func (f *finder) use(field string, v value) string {
	if v.text != "" {
		shown := v.text
		if u, err := url.Parse(shown); err == nil && u.User != nil {
			shown = u.Redacted()
		}
		f.found.Sources = append(f.found.Sources, Source{Field: field, Source: v.source, Value: shown, Warning: v.warning})
	}
	return v.text
}

func (f *finder) useSecret(field string, v value) {
	f.found.Sources = append(f.found.Sources, Source{Field: field, Source: v.source, Value: redacted, Warning: v.warning})
}

// env returns a variable; one that is empty counts as not set.
func (f *finder) env(name string) value {
	return value{text: strings.TrimSpace(f.o.Getenv(name)), source: "environment " + name}
}

// A file is what was read of a file.
type file struct {
	name    string
	data    []byte
	warning string
	exists  bool
}

// read reads a file, once. A file that is not there is no error; nor is one in its
// default place that may not be read. named says that the user named it.
func (f *finder) read(name string, named bool) (file, error) {
	if got, ok := f.files[name]; ok {
		return got, nil
	}
	got := file{name: name}
	data, err := f.o.ReadFile(name)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		f.skip(name, "does not exist")
	case errors.Is(err, fs.ErrPermission) && !named:
		f.skip(name, "may not be read by this user")
	case err != nil:
		return got, fmt.Errorf("find credentials: read file: %w", err)
	case len(data) > maxFile:
		return got, fmt.Errorf("find credentials: %s is longer than %d bytes", name, maxFile)
	default:
		got.exists, got.data, got.warning = true, data, f.permissions(name)
	}
	f.files[name] = got
	return got, nil
}

// permissions returns a warning if everyone on the machine can read the file.
func (f *finder) permissions(name string) string {
	if f.o.Stat == nil || runtime.GOOS == "windows" {
		return ""
	}
	info, err := f.o.Stat(name)
	if err != nil || info.Mode().Perm()&0o004 == 0 {
		return "" // it was read a moment ago; whether it is too open no longer matters
	}
	return "everyone on this machine can read this file; chmod 600 " + name
}

// path expands a leading ~/ as IBM's SDKs do.
func (f *finder) path(name string) string {
	if rest, ok := strings.CutPrefix(name, "~/"); ok && f.o.Home != "" {
		return filepath.Join(f.o.Home, rest)
	}
	return name
}
