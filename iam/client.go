// Package iam manages who may do what with IBM Cloud Object Storage: service credentials, which the Resource Controller calls
// resource keys, and the policies that give roles.
//
// A [Client] speaks to IBM Cloud, or to the local server of icos, which has the same two APIs:
//
//	client, err := iam.New(iam.Config{Credentials: auth.IAM(key, nil)})
//	made, err := client.CreateKey(ctx, crn, "reports", &iam.CreateKeyOptions{HMAC: true})
//	policy, err := client.CreatePolicy(ctx, &iam.Policy{
//		Subject: made.IAMID(), Roles: []iam.Role{iam.Writer}, Instance: crn, Bucket: "reports", Prefix: "2026/",
//	})
//
// The credentials must be an identity of IAM, which HMAC keys are not.
package iam

import (
	"cmp"
	"fmt"
	"log/slog"
	"net/http"
	"strings"

	"github.com/icos-go/icos/auth"
	"github.com/icos-go/icos/internal/rest"
)

// Where IBM Cloud has its APIs.
const (
	DefaultEndpoint           = "https://iam.cloud.ibm.com"
	DefaultResourceController = "https://resource-controller.cloud.ibm.com"
)

// Config is what a Client needs to reach the services.
type Config struct {
	// Credentials are an identity of IAM: auth.IAM, auth.TrustedProfile or auth.StaticToken, or whatever else is an
	// auth.TokenSource. Required. HMAC keys are of no use here.
	Credentials auth.Credentials

	// Endpoint is the URL of the policies. If empty, DefaultEndpoint.
	Endpoint string

	// ResourceController is the URL of the resource keys. If empty, Endpoint, and if that is empty,
	// DefaultResourceController.
	ResourceController string

	// HTTPClient sends the requests, each attempt for up to 30 seconds. If nil, one like http.DefaultClient. Redirects
	// are never followed.
	HTTPClient *http.Client

	// Logger gets one debug record per attempt, without secrets. If nil, nothing is logged.
	Logger *slog.Logger
}

// LoadConfig returns the configuration found in the environment and in the credential files of the user, as icos.LoadConfig does, but
// prefers an API key to the HMAC keys beside it. Beside the token endpoint of a local server, the other services are there too. The
// result may be changed before it is given to [New].
func LoadConfig() (Config, error) {
	credentials, endpoint, err := rest.Find()
	if err != nil {
		return Config{}, fmt.Errorf("load config: %w", err)
	}
	return Config{Credentials: credentials, Endpoint: endpoint}, nil
}

// A Client manages credentials and policies. Its methods are safe for concurrent use, and it needs no closing. Requests that may be
// carried out twice are retried when that may help.
type Client struct {
	policies *rest.Client
	keys     *rest.Client
}

// New returns a Client. It does not touch the network.
func New(cfg Config) (*Client, error) {
	if err := rest.CheckIdentity(cfg.Credentials); err != nil {
		return nil, fmt.Errorf("iam: %w", err)
	}
	policies, err := rest.Base(cfg.Endpoint, DefaultEndpoint, "")
	if err != nil {
		return nil, fmt.Errorf("iam: %w", err)
	}
	controller := cmp.Or(cfg.ResourceController, cfg.Endpoint)
	keys, err := rest.Base(controller, DefaultResourceController, "")
	if err != nil {
		return nil, fmt.Errorf("iam: resource controller: %w", err)
	}
	at := func(base string) *rest.Client {
		return &rest.Client{
			Service: "iam", Base: base, Credentials: cfg.Credentials, HTTP: rest.NewHTTP(cfg.HTTPClient), Logger: cfg.Logger, Refusal: newError,
		}
	}
	return &Client{policies: at(policies), keys: at(keys)}, nil
}

// splitCRN returns the account and the id of an instance of a service in a CRN. Of an id alone, the account is empty.
func splitCRN(service, s string) (account, instance string, err error) {
	if !strings.HasPrefix(s, "crn:") {
		return "", s, nil
	}
	f := strings.Split(s, ":")
	if len(f) != 10 || f[4] != service || !strings.HasPrefix(f[6], "a/") || f[7] == "" {
		return "", "", fmt.Errorf("%q is not the CRN of an instance of %s", s, service)
	}
	return f[6][len("a/"):], f[7], nil
}

// service is the name of COS in policies.
const service = "cloud-object-storage"

// KeyProtect is the name of Key Protect in policies.
const KeyProtect = "kms"
