package main

import (
	"bytes"
	"context"
	"crypto/tls"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"time"

	"github.com/quic-go/quic-go"

	"github.com/icos-go/icos/rapid"
)

// Ports of the server.
const (
	tcpPort   = ":7001" // bare streams
	quicPort  = ":7001"
	rapidPort = ":33001" // rapid over UDP, its grants over TCP
	httpPort  = ":8080"
	httpsPort = ":8443"
)

// rawDestination is what a rapid stream with the bare protocol is opened to; other
// streams reach the object server.
const rawDestination = "raw.invalid:7001"

func dialTCP(host string) dialFunc {
	var d net.Dialer
	return func(ctx context.Context) (net.Conn, error) { return d.DialContext(ctx, "tcp", host+tcpPort) }
}

// quicConfig has windows that are no limit on any of the links.
func quicConfig() *quic.Config {
	return &quic.Config{
		InitialStreamReceiveWindow:     8 << 20,
		MaxStreamReceiveWindow:         128 << 20,
		InitialConnectionReceiveWindow: 16 << 20,
		MaxConnectionReceiveWindow:     256 << 20,
		MaxIncomingStreams:             1000,
		MaxIdleTimeout:                 5 * time.Minute,
	}
}

const quicProtocol = "icos-bench"

// quicConn is a QUIC stream as a net.Conn.
type quicConn struct {
	*quic.Stream
	conn *quic.Conn
}

func (c quicConn) LocalAddr() net.Addr  { return c.conn.LocalAddr() }
func (c quicConn) RemoteAddr() net.Addr { return c.conn.RemoteAddr() }

// dialQUIC opens streams, each of a connection of its own: streams of one
// connection share its congestion control, and together are as fast as one.
func dialQUIC(host string, t *tls.Config) dialFunc {
	t = t.Clone()
	t.NextProtos = []string{quicProtocol}
	return func(ctx context.Context) (net.Conn, error) {
		conn, err := quic.DialAddr(ctx, host+quicPort, t, quicConfig())
		if err != nil {
			return nil, err
		}
		s, err := conn.OpenStreamSync(ctx)
		if err != nil {
			return nil, err
		}
		return quicConn{s, conn}, nil
	}
}

func serveQUIC(ctx context.Context, l *quic.Listener) error {
	for {
		conn, err := l.Accept(ctx)
		if err != nil {
			return err
		}
		go func() {
			for {
				s, err := conn.AcceptStream(ctx)
				if err != nil {
					return
				}
				go serve(quicConn{s, conn})
			}
		}()
	}
}

// grants asks the bench's own server for grants, which gives them to anyone.
func grants(host string) rapid.Granter {
	var d net.Dialer
	client := &http.Client{Transport: &http.Transport{DialContext: d.DialContext}}
	return rapid.GranterFunc(func(ctx context.Context, _, _ string) (*rapid.Grant, error) {
		req, err := http.NewRequestWithContext(ctx, "POST", "http://"+host+rapidPort+"/grant", nil)
		if err != nil {
			return nil, err
		}
		resp, err := client.Do(req)
		if err != nil {
			return nil, err
		}
		defer resp.Body.Close()
		if resp.StatusCode != http.StatusOK {
			text, _ := io.ReadAll(io.LimitReader(resp.Body, 1024))
			return nil, fmt.Errorf("grant: %s: %s", resp.Status, bytes.TrimSpace(text))
		}
		g := new(rapid.Grant)
		return g, json.NewDecoder(resp.Body).Decode(g)
	})
}

// grantHandler gives a grant to anyone: the server is reached from its own
// network namespaces only.
func grantHandler(l *rapid.Listener, host string) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		g, err := l.Grant(rapid.GrantOptions{})
		if err != nil {
			http.Error(w, err.Error(), http.StatusServiceUnavailable)
			return
		}
		g.Addrs = []string{host + rapidPort}
		json.NewEncoder(w).Encode(g)
	})
}
