// Package iam manages who may do what with IBM Cloud Object Storage: service credentials, which the Resource Controller calls
// resource keys, and the policies that give roles.
//
// A [Client] speaks to IBM Cloud, or to the local server of icos, which has the same two APIs:
//
//	client, err := iam.New(iam.Config{Credentials: auth.IAM(key, nil)})
//	made, err := client.CreateKey(ctx, &iam.KeyInput{Instance: crn, Name: "reports", HMAC: true})
//	policy, err := client.CreatePolicy(ctx, &iam.Policy{
//		Subject: made.IAMID(), Roles: []iam.Role{iam.Writer}, Instance: crn, Bucket: "reports", Prefix: "2026/",
//	})
//
// The credentials must be an identity of IAM, which HMAC keys are not.
package iam

import (
	"errors"
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

// Config says who manages, and where.
type Config struct {
	// Credentials must hand out bearer tokens, as those of auth.IAM do. They are required.
	Credentials auth.Credentials
	// Endpoint is the URL of IAM's policies. If empty, DefaultEndpoint.
	Endpoint string
	// ResourceController is the URL of the resource keys. If empty, Endpoint if that is set, else DefaultResourceController.
	ResourceController string
	// HTTPClient sends the requests. If nil, one like http.DefaultClient. Redirects are never followed.
	HTTPClient *http.Client
	// Logger gets a line at debug level for each request, without secrets. If nil, silence.
	Logger *slog.Logger
}

// A Client manages credentials and policies. It may be used concurrently, and needs no closing.
type Client struct {
	policies *rest.Client
	keys     *rest.Client
}

// Error is a refusal by IAM or the Resource Controller, with its code.
type Error = rest.Error

// New returns a client.
func New(cfg Config) (*Client, error) {
	if cfg.Credentials == nil {
		return nil, errors.New("iam: Config.Credentials is nil; set it to auth.IAM(…)")
	}
	if _, ok := cfg.Credentials.(auth.TokenSource); !ok {
		return nil, errors.New("iam: the credentials are no identity of IAM; use an API key, as HMAC keys cannot manage access")
	}
	controller := cfg.ResourceController
	if controller == "" {
		controller = cfg.Endpoint
	}
	c := &Client{
		policies: &rest.Client{Service: "iam", Credentials: cfg.Credentials, HTTP: cfg.HTTPClient, Logger: cfg.Logger},
		keys:     &rest.Client{Service: "iam", Credentials: cfg.Credentials, HTTP: cfg.HTTPClient, Logger: cfg.Logger},
	}
	var err error
	if c.policies.Base, err = rest.Base(cfg.Endpoint, DefaultEndpoint, ""); err != nil {
		return nil, fmt.Errorf("iam: Config.Endpoint: %w", err)
	}
	if c.keys.Base, err = rest.Base(controller, DefaultResourceController, ""); err != nil {
		return nil, fmt.Errorf("iam: Config.ResourceController: %w", err)
	}
	return c, nil
}

// splitCRN returns the account and the id of the COS instance in a CRN. Of an id alone, the account is empty.
func splitCRN(s string) (account, instance string, err error) {
	if !strings.HasPrefix(s, "crn:") {
		return "", s, nil
	}
	f := strings.Split(s, ":")
	if len(f) != 10 || f[4] != service || !strings.HasPrefix(f[6], "a/") || f[7] == "" {
		return "", "", fmt.Errorf("iam: %q is not the CRN of a COS instance", s)
	}
	return f[6][len("a/"):], f[7], nil
}

// service is the name of COS in policies.
const service = "cloud-object-storage"
