// Package resourceconfig tells and sets what of a bucket is no business of S3: its quota, its firewall, and where its events and
// metrics go. It speaks to IBM's COS Resource Configuration API, or to the local server of icos, which has the same.
//
//	client, err := resourceconfig.New(resourceconfig.Config{Credentials: auth.IAM(key, nil)})
//	err = client.SetQuota(ctx, "my-bucket", 10<<30)
//
// The credentials must be an identity of IAM, which HMAC keys are not.
package resourceconfig

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"time"

	"github.com/icos-go/icos/auth"
	"github.com/icos-go/icos/internal/rest"
)

// DefaultEndpoint is where IBM Cloud has the API.
const DefaultEndpoint = "https://config.cloud-object-storage.cloud.ibm.com/v1"

// Config is what a Client needs to reach the service.
type Config struct {
	// Credentials are an identity of IAM: auth.IAM, auth.TrustedProfile or auth.StaticToken, or whatever else is an
	// auth.TokenSource. Required. HMAC keys are of no use here.
	Credentials auth.Credentials

	// Endpoint is the URL of the service; without a path it gets /v1. If empty, DefaultEndpoint.
	Endpoint string

	// HTTPClient sends the requests, each attempt for up to 30 seconds. If nil, one like http.DefaultClient. Redirects
	// are never followed.
	HTTPClient *http.Client

	// Logger gets one debug record per attempt, without secrets. If nil, nothing is logged.
	Logger *slog.Logger
}

// LoadConfig returns the configuration found in the environment and in the credential files of the user, as icos.LoadConfig does, but
// prefers an API key to the HMAC keys beside it. Beside the token endpoint of a local server, this service is there too. The result
// may be changed before it is given to [New].
func LoadConfig() (Config, error) {
	credentials, endpoint, err := rest.Find()
	if err != nil {
		return Config{}, fmt.Errorf("load config: %w", err)
	}
	return Config{Credentials: credentials, Endpoint: endpoint}, nil
}

// A Client reads and changes the settings of buckets. Its methods are safe for concurrent use, and it needs no closing. Requests are
// retried when that may help.
type Client struct{ rest *rest.Client }

// New returns a Client. It does not touch the network.
func New(cfg Config) (*Client, error) {
	if err := rest.CheckIdentity(cfg.Credentials); err != nil {
		return nil, fmt.Errorf("resourceconfig: %w", err)
	}
	base, err := rest.Base(cfg.Endpoint, DefaultEndpoint, "/v1")
	if err != nil {
		return nil, fmt.Errorf("resourceconfig: %w", err)
	}
	return &Client{&rest.Client{
		Service: "resourceconfig", Base: base, Credentials: cfg.Credentials, HTTP: rest.NewHTTP(cfg.HTTPClient), Logger: cfg.Logger,
		Refusal: newError,
	}}, nil
}

// A Bucket is what the API tells of a bucket. What the caller may not see is absent, and so is what is not set.
type Bucket struct {
	Name        string    `json:"name"`
	CRN         string    `json:"crn"`
	InstanceID  string    `json:"service_instance_id"`
	InstanceCRN string    `json:"service_instance_crn"`
	Created     time.Time `json:"time_created"`
	Updated     time.Time `json:"time_updated"`
	Objects     int64     `json:"object_count"`
	Bytes       int64     `json:"bytes_used"`
	Quota       int64     `json:"hard_quota"` // bytes; 0 is none
	Firewall    *Firewall `json:"firewall"`
	Tracking    *Tracking `json:"activity_tracking"`
	Metrics     *Metrics  `json:"metrics_monitoring"`

	// ETag identifies the settings. In Patch.IfMatch it makes sure that they have not changed since.
	ETag string `json:"-"`
}

// A Firewall says from where a bucket can be reached, whatever policies and ACLs allow.
type Firewall struct {
	Allowed  []string `json:"allowed_ip,omitzero"`           // addresses and networks in CIDR notation; if empty, all
	Denied   []string `json:"denied_ip,omitzero"`            // addresses and networks
	Networks []string `json:"allowed_network_type,omitzero"` // public, private, direct; if empty, all
}

// Tracking says which events go to Activity Tracker.
type Tracking struct {
	Reads      bool   `json:"read_data_events"`
	Writes     bool   `json:"write_data_events"`
	Management bool   `json:"management_events,omitempty"`
	CRN        string `json:"activity_tracker_crn,omitempty"` // of the instance that gets them
}

// Metrics says which metrics go to IBM Cloud Monitoring.
type Metrics struct {
	Usage    bool   `json:"usage_metrics_enabled"`
	Requests bool   `json:"request_metrics_enabled"`
	CRN      string `json:"metrics_monitoring_crn,omitempty"` // of the instance that gets them
}

// Bucket returns what the API tells of a bucket.
func (c *Client) Bucket(ctx context.Context, name string) (*Bucket, error) {
	b := new(Bucket)
	r := &rest.Request{Op: "get configuration of", About: name, Method: http.MethodGet, Path: path(name)}
	if name == "" {
		return nil, c.rest.Errorf(r, "no bucket")
	}
	h, err := c.rest.Do(ctx, r, b)
	if err != nil {
		return nil, err
	}
	b.ETag = h.Get("ETag")
	return b, nil
}

func path(bucket string) string { return "/b/" + url.PathEscape(bucket) }

// A Patch changes settings. What is nil stays as it is.
type Patch struct {
	Quota    *int64    `json:"hard_quota,omitempty"` // bytes; 0 is none
	Firewall *Firewall `json:"firewall,omitempty"`   // of its lists, those that are not nil replace what is set
	Tracking *Tracking `json:"activity_tracking,omitempty"`
	Metrics  *Metrics  `json:"metrics_monitoring,omitempty"`

	IfMatch string `json:"-"` // the ETag that the settings must have, unless empty
}

// Update changes settings of a bucket, all of them or none. If they no longer have the ETag of the Patch, the error has status 412.
func (c *Client) Update(ctx context.Context, name string, p Patch) error {
	r := &rest.Request{
		Op: "change configuration of", About: name, Method: http.MethodPatch, Path: path(name),
		Header: http.Header{"Content-Type": {"application/merge-patch+json"}}, Body: &p,
		Repeatable: p.IfMatch == "", // the ETag that was asked for is gone once it was done
	}
	if name == "" {
		return c.rest.Errorf(r, "no bucket")
	}
	if p.IfMatch != "" {
		r.Header.Set("If-Match", p.IfMatch)
	}
	_, err := c.rest.Do(ctx, r, nil)
	return err
}

// SetQuota sets how many bytes a bucket can hold; 0 takes the limit away.
func (c *Client) SetQuota(ctx context.Context, name string, bytes int64) error {
	return c.Update(ctx, name, Patch{Quota: &bytes})
}

// SetFirewall lets only the addresses and networks reach a bucket. Without any, all may. The types of networks that may are left
// as they are.
func (c *Client) SetFirewall(ctx context.Context, name string, allowed ...string) error {
	return c.Update(ctx, name, Patch{Firewall: &Firewall{Allowed: append([]string{}, allowed...), Denied: []string{}}})
}
