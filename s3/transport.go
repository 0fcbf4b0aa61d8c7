package s3

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"log/slog"
	"net"
	"net/http"
	"sync"
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
	// direction, while one is waited for, be it for the answer to a request. Then it is cut, which fails the
	// request with a timeout that is retried like any other. If zero, 60 s; if negative, never.
	StallTimeout time.Duration

	// Congestion is the congestion control by which connections send, on Linux. If empty,
	// "bbr" if the kernel has it, except within this machine: over long or lossy paths that is several
	// times faster than the usual "cubic". If "system", what the system has chosen stays. One that the
	// kernel does not have, or does not let this user choose, leaves what the system has chosen, too.
	Congestion string

	// Logger gets a debug record when Congestion is not to be had. If nil, nothing is logged.
	Logger *slog.Logger
}

// Sizes of the buffers of each connection. A request for, or with, a small
// object fits one write, and the head of an answer one read; larger bodies bypass them where they can.
const (
	writeBuffer = 64 << 10
	readBuffer  = 32 << 10
)

// NewTransport returns an http.Transport for moving objects. It is HTTP/1.1 only, because over
// HTTP/2 all transfers share one connection and its one congestion window;
// it does not decompress, does not bound the time of a whole
// request, and verifies TLS, version 1.2 or later. The caller may change it
// before using it. o may be nil.
func NewTransport(o *TransportOptions) *http.Transport {
	var opts TransportOptions
	if o != nil {
		opts = *o
	}
	if opts.DialContext == nil {
		opts.DialContext = (&net.Dialer{Timeout: 10 * time.Second, KeepAlive: 15 * time.Second}).DialContext
	}
	if opts.MaxConns <= 0 {
		opts.MaxConns = 128
	}
	idle := 90 * time.Second
	if opts.StallTimeout == 0 {
		opts.StallTimeout = 60 * time.Second
	}
	if stall := opts.StallTimeout; stall > 0 {
		// An idle connection waits for bytes too, so it has to be given up before it counts as stalled.
		idle = min(idle, stall*3/4)
	}
	control := newCongestion(&opts)
	blocks := &sync.Pool{New: func() any { b := make([]byte, writeBuffer); return &b }}
	dial := func(ctx context.Context, network, address string) (net.Conn, error) {
		conn, err := opts.DialContext(ctx, network, address)
		if err != nil {
			return nil, err
		}
		control.apply(ctx, conn)
		if opts.StallTimeout > 0 {
			conn = newStallConn(conn, opts.StallTimeout, blocks)
		}
		return conn, nil
	}
	protocols := new(http.Protocols)
	protocols.SetHTTP1(true)
	return &http.Transport{
		Proxy:                 http.ProxyFromEnvironment,
		DialContext:           dial,
		TLSClientConfig:       &tls.Config{MinVersion: tls.VersionTLS12, RootCAs: opts.RootCAs},
		TLSHandshakeTimeout:   10 * time.Second,
		ExpectContinueTimeout: 5 * time.Second,
		IdleConnTimeout:       idle,
		MaxIdleConns:          0, // bounded per host only
		MaxIdleConnsPerHost:   opts.MaxConns,
		DisableCompression:    true,
		WriteBufferSize:       writeBuffer,
		ReadBufferSize:        readBuffer,
		Protocols:             protocols,
	}
}
