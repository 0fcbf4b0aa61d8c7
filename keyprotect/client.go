package keyprotect

import (
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/netip"
	"net/url"
	"strings"

	"github.com/icos-go/icos/auth"
)

// Config is what a Client needs to reach the service.
type Config struct {
	// Instance is the CRN or the UUID of the Key Protect instance. Required.
	Instance string

	// Endpoint is the URL of the service, such as https://us-south.kms.cloud.ibm.com. If empty, that of the region in the CRN of
	// Instance.
	Endpoint string

	// Credentials are an identity of IAM: auth.IAM, auth.TrustedProfile or auth.StaticToken. Required. HMAC keys are of no use here.
	Credentials auth.Credentials

	// HTTPClient sends the requests. If nil, one like http.DefaultClient. Redirects are never followed.
	HTTPClient *http.Client

	// Logger gets one debug record per attempt, without secrets. If nil, nothing is logged.
	Logger *slog.Logger
}

// LoadConfig returns the configuration found in the environment and in the credential files of the user, as icos.LoadConfig does:
// ICOS_KMS_INSTANCE and ICOS_KMS_ENDPOINT, or what stands beside the API key in the file that a local COS writes. The result may be
// changed before it is given to New.
func LoadConfig() (Config, error) {
	found, err := auth.Find(&auth.ChainOptions{PreferAPIKey: true})
	if err != nil {
		return Config{}, fmt.Errorf("load config: %w", err)
	}
	return Config{Instance: found.KMSInstance, Endpoint: found.KMSEndpoint, Credentials: found.Credentials}, nil
}

// A Client calls one instance of Key Protect. Its methods are safe for concurrent use. Where they take the id of a key, an alias
// will do.
type Client struct {
	base        *url.URL
	credentials auth.Credentials
	instance    string // UUID
	http        *http.Client
	logger      *slog.Logger
}

// New returns a Client. It does not touch the network.
func New(cfg Config) (*Client, error) {
	id, region, err := parseInstance(cfg.Instance)
	if err != nil {
		return nil, fmt.Errorf("keyprotect: %w", err)
	}
	if cfg.Credentials == nil {
		return nil, errors.New("keyprotect: Config.Credentials is nil; auth.IAM makes some of an API key")
	}
	if cfg.Endpoint == "" {
		if region == "" {
			return nil, errors.New("keyprotect: Config.Endpoint is empty, and Config.Instance is not a CRN that would name the region")
		}
		cfg.Endpoint = "https://" + region + ".kms.cloud.ibm.com"
	}
	base, err := parseEndpoint(cfg.Endpoint)
	if err != nil {
		return nil, fmt.Errorf("keyprotect: %w", err)
	}
	// A copy, because a redirect would take key material elsewhere.
	var hc http.Client
	if cfg.HTTPClient != nil {
		hc = *cfg.HTTPClient
	}
	hc.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	return &Client{base: base, credentials: cfg.Credentials, instance: id, http: &hc, logger: cfg.Logger}, nil
}

// parseInstance returns the UUID of an instance, and its region if that is known.
func parseInstance(s string) (id, region string, err error) {
	if s == "" {
		return "", "", errors.New("Config.Instance is empty: name the CRN or the UUID of the Key Protect instance")
	}
	if !strings.HasPrefix(s, "crn:") {
		if strings.ContainsAny(s, " :/\r\n") {
			return "", "", fmt.Errorf("instance %q is neither a CRN nor a UUID", s)
		}
		return s, "", nil
	}
	f := strings.Split(s, ":")
	if len(f) != 10 || f[4] != "kms" && f[4] != "hs-crypto" || f[7] == "" {
		return "", "", fmt.Errorf("instance %q is not the CRN of a Key Protect instance, crn:v1:bluemix:public:kms:…", s)
	}
	return f[7], f[5], nil
}

// parseEndpoint accepts https, and http to this machine: keys travel in the requests.
func parseEndpoint(s string) (*url.URL, error) {
	if !strings.Contains(s, "://") {
		s = "https://" + s
	}
	u, err := url.Parse(s)
	switch {
	case err != nil:
		return nil, fmt.Errorf("endpoint: %w", err)
	case u.User != nil:
		return nil, errors.New("endpoint: keys do not belong in the URL; use Config.Credentials")
	case u.Hostname() == "" || u.RawQuery != "" || u.Fragment != "":
		return nil, fmt.Errorf("endpoint %q: want https://host", s)
	case u.Scheme == "http" && !loopback(u.Hostname()):
		return nil, fmt.Errorf("endpoint %q: %w except to this machine; use https", s, auth.ErrPlaintext)
	case u.Scheme != "https" && u.Scheme != "http":
		return nil, fmt.Errorf("endpoint %q: scheme %q is neither https nor http", s, u.Scheme)
	}
	return &url.URL{Scheme: u.Scheme, Host: u.Host, Path: strings.TrimSuffix(strings.TrimSuffix(u.Path, "/"), "/api/v2")}, nil
}

func loopback(host string) bool {
	if strings.EqualFold(host, "localhost") {
		return true
	}
	addr, err := netip.ParseAddr(host)
	return err == nil && addr.Unmap().IsLoopback()
}
