package s3

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"sync"
	"sync/atomic"

	"github.com/icos-go/icos/auth"
)

// Config is what a Client needs to reach the service.
type Config struct {
	// Endpoint is the URL of the service, such as
	// https://s3.us-south.cloud-object-storage.appdomain.cloud. Required. A host
	// without a scheme means https, or http for a loopback host.
	Endpoint string

	// Credentials authorize requests. If nil, requests are anonymous.
	Credentials auth.Credentials

	// InstanceID is the CRN or UUID of the service instance, which creating and
	// listing buckets need with IAM credentials.
	InstanceID string

	// HTTPClient sends the requests. If nil, one with the Transport of
	// NewTransport. Its CheckRedirect is not used: the Client follows redirects
	// itself, within the domain of Endpoint. Its Timeout, if any, bounds each
	// attempt to the end of its body: leave it zero where objects are large.
	HTTPClient *http.Client

	// Logger gets one debug record per attempt, with neither secrets nor
	// signatures in it. If nil, nothing is logged.
	Logger *slog.Logger

	// VirtualHost puts the bucket into the host name where its name allows that. If false, it is
	// the first element of the path, which works everywhere.
	VirtualHost bool

	// UserAgent precedes the library's own name in the User-Agent header, such as "backup/1.2".
	UserAgent string

	// Checksum is what uploads are checked with. If empty, CRC32C.
	Checksum ChecksumAlgorithm

	// Retry says how failed requests are repeated.
	Retry RetryPolicy
}

// A Client calls the service. Its methods are safe for concurrent use.
type Client struct {
	base        *url.URL
	credentials auth.Credentials
	instanceID  string
	http        *http.Client
	direct      http.RoundTripper // that of http, if there is nothing else to http
	logger      *slog.Logger
	virtualHost bool
	agent       string
	checksum    ChecksumAlgorithm
	retry       RetryPolicy

	budget  budget
	skew    atomic.Int64 // nanoseconds by which the clock of the service is ahead; 0 until it complains
	plans   sync.Map     // reflect.Type → *plan
	buffers sync.Pool    // *buffer
	blocks  sync.Pool    // *[]byte of blockSize
	smalls  sync.Pool    // *[]byte of smallSize
}

// New returns a Client. It does not touch the network.
func New(cfg Config) (*Client, error) {
	base, err := parseEndpoint(cfg.Endpoint)
	if err != nil {
		return nil, fmt.Errorf("s3: %w", err)
	}
	c := &Client{
		base:        base,
		credentials: cfg.Credentials,
		instanceID:  cfg.InstanceID,
		logger:      cfg.Logger,
		virtualHost: cfg.VirtualHost,
		agent:       "icos-go",
		checksum:    cfg.Checksum,
		retry:       cfg.Retry,
	}
	if cfg.UserAgent != "" {
		c.agent = cfg.UserAgent + " " + c.agent
	}
	if !validHeader(c.agent) || !validHeader(c.instanceID) {
		return nil, errors.New("s3: UserAgent or InstanceID has a control character, which a header cannot carry")
	}
	if c.checksum == "" {
		c.checksum = CRC32C
	}
	if c.checksum != NoChecksum && c.checksum.header() == "" {
		return nil, fmt.Errorf("s3: checksum algorithm %q is not known", c.checksum)
	}
	c.retry.setDefaults()
	c.budget.size = 10 * int64(c.retry.Budget)
	c.budget.left.Store(c.budget.size)
	c.buffers.New = func() any { return new(buffer) }
	c.smalls.New = func() any { b := make([]byte, smallSize); return &b }
	c.blocks.New = func() any { b := make([]byte, blockSize); return &b }

	// A copy, because following redirects with a signature made for another host is of no use.
	hc := http.Client{Transport: NewTransport(nil)}
	if cfg.HTTPClient != nil {
		hc = *cfg.HTTPClient
	}
	if hc.Transport == nil {
		hc.Transport = http.DefaultTransport
	}
	if hc.Jar == nil && hc.Timeout == 0 {
		c.direct = hc.Transport
	}
	hc.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	c.http = &hc
	return c, nil
}

// CloseIdleConnections closes the connections that no request is using. The Client can still be used.
func (c *Client) CloseIdleConnections() { c.http.CloseIdleConnections() }

// Do sends a request for which this package has no method: it authorizes it,
// retries it when that is safe, and turns an answer that says no into an [*Error].
// r.URL may leave out scheme and host; a body is repeated if r.GetBody is
// set, as http.NewRequest does for the usual readers. r itself is not changed. The caller closes
// the body of the response. op is the name used in errors. This is a low-level function
// that most users won't need.
func (c *Client) Do(ctx context.Context, op string, r *http.Request) (*http.Response, error) {
	x := &exchange{
		op:       operation{name: op, method: r.Method},
		base:     c.base,
		path:     r.URL.Path,
		rawPath:  r.URL.RawPath,
		rawQuery: r.URL.RawQuery,
		header:   r.Header.Clone(),
		live:     true,
	}
	if r.URL.Host != "" {
		x.base = &url.URL{Scheme: r.URL.Scheme, Host: r.URL.Host}
	} else if c.base.Path != "" {
		x.path = c.base.Path + x.path
		if x.rawPath != "" {
			x.rawPath = c.base.EscapedPath() + x.rawPath
		}
	}
	if x.header == nil {
		x.header = make(http.Header)
	}
	if x.header["User-Agent"] == nil {
		x.header.Set("User-Agent", c.agent)
	}
	if r.Body != nil && r.Body != http.NoBody {
		if r.ContentLength <= 0 {
			return nil, x.wrap(errors.New("no ContentLength: the service needs to know the length before the first byte"))
		}
		defer r.Body.Close()
		x.body = &source{size: r.ContentLength, stream: r.Body}
		if r.GetBody != nil {
			x.body = &source{size: r.ContentLength, reopen: func() (io.Reader, error) { return r.GetBody() }}
		}
	}
	return c.do(ctx, x)
}
