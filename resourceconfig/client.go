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
	"errors"
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

// Config says who asks, and where.
type Config struct {
	// Credentials must hand out bearer tokens, as those of auth.IAM do. They are required.
	Credentials auth.Credentials
	// Endpoint is the URL of the API; without a path it gets /v1. If empty, DefaultEndpoint.
	Endpoint string
	// HTTPClient sends the requests. If nil, one like http.DefaultClient. Redirects are never followed.
	HTTPClient *http.Client
	// Logger gets a line at debug level for each request, without secrets. If nil, silence.
	Logger *slog.Logger
}

// A Client reads and changes the settings of buckets. It may be used concurrently, and needs no closing.
type Client struct{ rest *rest.Client }

// Error is a refusal by the API, with its code.
type Error = rest.Error

// New returns a client.
func New(cfg Config) (*Client, error) {
	if cfg.Credentials == nil {
		return nil, errors.New("resourceconfig: Config.Credentials is nil; set it to auth.IAM(…)")
	}
	if _, ok := cfg.Credentials.(auth.TokenSource); !ok {
		return nil, errors.New("resourceconfig: the credentials are no identity of IAM; use an API key, as HMAC keys are not accepted here")
	}
	base, err := rest.Base(cfg.Endpoint, DefaultEndpoint, "/v1")
	if err != nil {
		return nil, fmt.Errorf("resourceconfig: Config.Endpoint: %w", err)
	}
	return &Client{&rest.Client{
		Service: "resourceconfig", Base: base, Credentials: cfg.Credentials, HTTP: cfg.HTTPClient, Logger: cfg.Logger,
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
	h, err := c.rest.Do(ctx, &rest.Request{Op: "get configuration of " + name, Method: http.MethodGet, Path: path(name)}, b)
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

// Update changes settings of a bucket, all of them or none.
func (c *Client) Update(ctx context.Context, name string, p *Patch) error {
	h := http.Header{"Content-Type": {"application/merge-patch+json"}}
	if p.IfMatch != "" {
		h.Set("If-Match", p.IfMatch)
	}
	r := &rest.Request{Op: "change configuration of " + name, Method: http.MethodPatch, Path: path(name), Header: h, Body: p}
	_, err := c.rest.Do(ctx, r, nil)
	return err
}

// SetQuota sets how many bytes a bucket can hold; 0 takes the limit away.
func (c *Client) SetQuota(ctx context.Context, name string, bytes int64) error {
	return c.Update(ctx, name, &Patch{Quota: &bytes})
}

// SetFirewall lets only the addresses and networks reach a bucket. Without any, all may. The types of networks that may are left
// as they are.
func (c *Client) SetFirewall(ctx context.Context, name string, allowed ...string) error {
	return c.Update(ctx, name, &Patch{Firewall: &Firewall{Allowed: append([]string{}, allowed...), Denied: []string{}}})
}
