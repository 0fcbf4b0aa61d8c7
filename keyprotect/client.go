package keyprotect

import (
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"strings"

	"github.com/icos-go/icos/auth"
	"github.com/icos-go/icos/internal/rest"
)

// Config is what a Client needs to reach the service.
type Config struct {
	// Instance is the CRN or the UUID of the Key Protect instance. Required.
	Instance string

	// Endpoint is the URL of the service, such as https://us-south.kms.cloud.ibm.com. If empty, that of the region in
	// the CRN of Instance.
	Endpoint string

	// Credentials are an identity of IAM: auth.IAM, auth.TrustedProfile or auth.StaticToken, or whatever else is an
	// auth.TokenSource. Required. HMAC keys are of no use here.
	Credentials auth.Credentials

	// HTTPClient sends the requests, each attempt for up to 30 seconds. If nil, one like http.DefaultClient. Redirects
	// are never followed.
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

// A Client calls one instance of Key Protect. Its methods are safe for concurrent use, and it needs no closing. Where they take the
// id of a key, an alias will do.
type Client struct{ rest *rest.Client }

// New returns a Client. It does not touch the network.
func New(cfg Config) (*Client, error) {
	id, region, err := parseInstance(cfg.Instance)
	if err != nil {
		return nil, fmt.Errorf("keyprotect: %w", err)
	}
	if err := rest.CheckIdentity(cfg.Credentials); err != nil {
		return nil, fmt.Errorf("keyprotect: %w", err)
	}
	preset := "https://" + region + ".kms.cloud.ibm.com"
	if cfg.Endpoint == "" && region == "" {
		return nil, errors.New("keyprotect: Config.Endpoint is empty, and Config.Instance is not a CRN that would name the region")
	}
	base, err := rest.Base(cfg.Endpoint, preset, "")
	if err != nil {
		return nil, fmt.Errorf("keyprotect: %w", err)
	}
	return &Client{&rest.Client{
		Service:     "keyprotect",
		Base:        strings.TrimSuffix(base, "/api/v2") + "/api/v2",
		Header:      http.Header{"Accept": {typeKey}, "Bluemix-Instance": {id}},
		Credentials: cfg.Credentials,
		HTTP:        rest.NewHTTP(cfg.HTTPClient),
		Logger:      cfg.Logger,
		Refusal:     newError,
		Stale:       stale,
	}}, nil
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
