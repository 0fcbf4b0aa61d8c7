package icos

import (
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"strings"

	"github.com/icos-go/icos/auth"
	"github.com/icos-go/icos/internal/loopback"
	"github.com/icos-go/icos/s3"
)

// Config is what a [Client] needs to know. It is copied by [NewClient].
type Config struct {
	// Endpoint is the base URL of the service, such as
	// https://s3.us-south.cloud-object-storage.appdomain.cloud. A host without a
	// scheme means https, or http for a loopback host.
	//
	// If empty, the endpoint is that of Location; if Location is empty too, each
	// bucket is looked up once, which credentials that may list the buckets of
	// the instance can do.
	Endpoint string

	// Credentials say who is calling: auth.IAM, auth.HMAC, auth.TrustedProfile
	// and so on, or auth.Anonymous for public buckets. Required.
	Credentials auth.Credentials

	// InstanceID is the CRN or the UUID of the service instance. With IAM
	// credentials it is needed to list and to create buckets, and for nothing else.
	InstanceID string

	// Location is the location constraint of new buckets, such as
	// us-south-standard. If empty, the service chooses: the standard class of
	// the endpoint's region.
	Location string

	// EndpointsURL is where the list of endpoints by region is read from when
	// one is needed. If empty, a built-in list is used, and IBM's public list
	// for a region that it lacks.
	EndpointsURL string

	// HTTPClient sends the requests. If nil, one with the transport of
	// s3.NewTransport, which gives up connections that stand still. A Timeout, if
	// any, bounds each request to the end of its body: leave it zero where objects
	// are large. It is not closed by Close.
	HTTPClient *http.Client

	// VirtualHost puts the name of the bucket in the host name rather than in
	// the path.
	VirtualHost bool

	// UserAgent is put in front of icos's own User-Agent.
	UserAgent string

	// Checksum is what uploads are checked with on arrival. If empty, CRC32C;
	// s3.NoChecksum is for stores that refuse such headers.
	Checksum s3.ChecksumAlgorithm

	// Retry says how failed requests are repeated. The zero value is up to six
	// attempts with growing pauses.
	Retry s3.RetryPolicy

	// Logger receives one record for each attempt, at debug level, without
	// secrets. If nil, nothing is logged.
	Logger *slog.Logger
}

// LoadConfig returns the configuration found in the environment and in the
// credential files of the user. The first place that holds keys wins:
//
//   - the variables ICOS_*, then IBM's (IBM_API_KEY_ID, IBMCLOUD_API_KEY, …)
//   - the file named by COS_CREDENTIALS_FILE
//   - ~/.bluemix/cos_credentials, a service credential as IBM Cloud shows it;
//     its HMAC keys are preferred to its API key
//   - ~/.aws/credentials and the variables AWS_*
//
// Package [auth] documents the names. The result may be changed before it is
// given to [NewClient]. If there are no keys anywhere the error lists the
// places that were looked at.
func LoadConfig() (Config, error) {
	found, err := auth.Find(nil)
	if err != nil {
		return Config{}, fmt.Errorf("load config: %w", err)
	}
	return Config{
		Endpoint:     found.Endpoint,
		EndpointsURL: found.EndpointsURL,
		Credentials:  found.Credentials,
		InstanceID:   found.InstanceID,
		Location:     found.Location,
	}, nil
}

// parseEndpoint turns what people write for an endpoint into a base URL without
// a path. The anonymous may use plain http to anywhere, since they have nothing
// to give away.
func parseEndpoint(s string, anonymous bool) (*url.URL, error) {
	raw := s
	if !strings.Contains(s, "://") {
		scheme := "https://"
		if u, err := url.Parse("http://" + s); err == nil && loopback.Host(u.Hostname()) {
			scheme = "http://"
		}
		raw = scheme + s
	}
	u, err := url.Parse(raw)
	if err != nil {
		return nil, fmt.Errorf("endpoint: %w", err)
	}
	switch {
	case u.Scheme != "https" && u.Scheme != "http":
		return nil, fmt.Errorf("endpoint %q: scheme %q is neither https nor http", s, u.Scheme)
	case u.Hostname() == "":
		return nil, fmt.Errorf("endpoint %q: no host", s)
	case u.User != nil:
		return nil, errors.New("endpoint: keys do not belong in the URL; use Config.Credentials")
	case u.RawQuery != "" || u.Fragment != "":
		return nil, fmt.Errorf("endpoint %q: a query or fragment makes no sense in an endpoint", s)
	case u.Path != "" && u.Path != "/":
		return nil, fmt.Errorf("endpoint %q: remove the path %q; buckets are named by Client.Bucket", s, u.Path)
	case u.Scheme == "http" && !anonymous && !loopback.Host(u.Hostname()):
		return nil, fmt.Errorf("endpoint %q: credentials are not sent over plain http except to loopback; use https", s)
	}
	return &url.URL{Scheme: u.Scheme, Host: u.Host}, nil
}
