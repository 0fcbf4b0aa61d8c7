package awsv2

import (
	"errors"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/service/s3"

	"github.com/icos-go/icos"
)

var errNoEndpoint = errors.New("the configuration has neither Endpoint nor Location, and Amazon's SDK cannot look buckets up")

// NewClient returns a client of Amazon's SDK that reaches the service which an icos
// client with cfg reaches, with the same credentials. Of cfg it uses Endpoint or
// Location, VirtualHost, Credentials, InstanceID and HTTPClient. Options come last
// and may change anything. It does no I/O.
func NewClient(cfg icos.Config, options ...func(*s3.Options)) (*s3.Client, error) {
	endpoint, err := endpointOf(cfg)
	if err != nil {
		return nil, fmt.Errorf("new client: %w", err)
	}
	o := s3.Options{
		BaseEndpoint: &endpoint,
		Region:       region,
		UsePathStyle: !cfg.VirtualHost,
	}
	if cfg.HTTPClient != nil {
		o.HTTPClient = cfg.HTTPClient
	}
	WithCredentials(cfg.Credentials, cfg.InstanceID)(&o)
	return s3.New(o, options...), nil
}

// region is what the SDK insists on and nobody looks at: endpoints are given, and
// tokens and icos's signatures do not depend on it.
const region = "us-south"

// endpointOf returns the base URL that an icos client with cfg would use.
func endpointOf(cfg icos.Config) (string, error) {
	client, err := icos.NewClient(cfg)
	if err != nil {
		return "", err
	}
	defer client.Close()
	if s := client.S3(); s == nil {
		return "", errNoEndpoint
	}
	return client.Endpoint(), nil
}
