package main

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/json"
	"encoding/pem"
	"errors"
	"flag"
	"fmt"
	"io"
	"math/big"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/quic-go/quic-go"

	"github.com/icos-go/icos/bench/internal/null"
	"github.com/icos-go/icos/rapid"
)

// serverReport is what the server says when it is stopped.
type serverReport struct {
	Puts   []object // one for each request that carried an object or a part of one
	Totals rapid.Totals
}

// server is the far side of every measurement: bare streams over TCP, QUIC and
// rapid, and an object server that stores nothing over HTTP, HTTPS and rapid.
type server struct {
	mu   sync.Mutex
	puts []*timedBody // guarded by mu
}

// received is what came in PUT requests so far, those that go on included.
func (s *server) received() []object {
	s.mu.Lock()
	defer s.mu.Unlock()
	all := make([]object, len(s.puts))
	for i, b := range s.puts {
		b.mu.Lock()
		all[i] = b.o
		b.mu.Unlock()
	}
	return all
}

func serverMain(ctx context.Context, args []string) error {
	fs := flag.NewFlagSet("server", flag.ContinueOnError)
	host := fs.String("host", "", "`address` to listen on")
	dir := fs.String("dir", "", "`folder` to write the certificate to")
	withRapid := fs.Bool("rapid", false, "listen for rapid sessions, too")
	noGSO := fs.Bool("no-offload", false, "rapid without offload")
	if err := fs.Parse(args); err != nil {
		return err
	}
	cert, err := certify(*host, filepath.Join(*dir, "cert.pem"))
	if err != nil {
		return err
	}
	var listeners []io.Closer
	defer func() {
		for _, l := range listeners {
			l.Close()
		}
	}()
	listen := func(port string) (net.Listener, error) {
		l, err := net.Listen("tcp", *host+port)
		if err == nil {
			listeners = append(listeners, l)
		}
		return l, err
	}

	raw, err := listen(tcpPort)
	if err != nil {
		return err
	}
	go acceptRaw(raw)
	q, err := quic.ListenAddr(*host+quicPort, &tls.Config{Certificates: []tls.Certificate{cert}, NextProtos: []string{quicProtocol}}, quicConfig())
	if err != nil {
		return err
	}
	listeners = append(listeners, q)
	go serveQUIC(ctx, q)

	s := &server{}
	objects := &http.Server{Handler: s.record(null.New()), ReadHeaderTimeout: time.Minute}
	plain, err := listen(httpPort)
	if err != nil {
		return err
	}
	go objects.Serve(plain)
	secure, err := listen(httpsPort)
	if err != nil {
		return err
	}
	go objects.Serve(tls.NewListener(secure, &tls.Config{Certificates: []tls.Certificate{cert}}))

	report := func() serverReport { return serverReport{} }
	if *withRapid {
		r, err := rapid.Listen("udp", *host+rapidPort, &rapid.ListenOptions{DisableOffload: *noGSO})
		if err != nil {
			return err
		}
		listeners = append(listeners, r)
		streams := newSwitch(r)
		go streams.run()
		go objects.Serve(streams)
		granting, err := listen(rapidPort)
		if err != nil {
			return err
		}
		go http.Serve(granting, grantHandler(r, *host))
		report = func() serverReport { return serverReport{Totals: r.Totals()} }
	}

	fmt.Println("ready")
	<-ctx.Done()
	said := report()
	said.Puts = s.received()
	return json.NewEncoder(os.Stdout).Encode(said)
}

func acceptRaw(l net.Listener) {
	for {
		c, err := l.Accept()
		if err != nil {
			return
		}
		go serve(c)
	}
}

// streamSwitch takes the bare streams of a rapid listener for itself, and is the
// listener of the others.
type streamSwitch struct {
	*rapid.Listener
	conns chan net.Conn
}

func newSwitch(l *rapid.Listener) *streamSwitch {
	return &streamSwitch{l, make(chan net.Conn)}
}

func (s *streamSwitch) run() {
	defer close(s.conns)
	for {
		c, err := s.Listener.Accept()
		if err != nil {
			return
		}
		if c.(*rapid.Conn).Destination() == rawDestination {
			go serve(c)
			continue
		}
		s.conns <- c
	}
}

func (s *streamSwitch) Accept() (net.Conn, error) {
	c, ok := <-s.conns
	if !ok {
		return nil, net.ErrClosed
	}
	return c, nil
}

// record notes when the bodies of PUT requests came.
func (s *server) record(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodPut {
			next.ServeHTTP(w, r)
			return
		}
		b := &timedBody{ReadCloser: r.Body, o: object{Key: r.URL.Path, Start: monotonic()}}
		s.mu.Lock()
		s.puts = append(s.puts, b)
		s.mu.Unlock()
		r.Body = b
		next.ServeHTTP(w, r)
		b.end(r.ContentLength)
	})
}

// timedBody is a request body that notes when it came.
type timedBody struct {
	io.ReadCloser
	mu sync.Mutex
	o  object // guarded by mu
}

func (b *timedBody) Read(p []byte) (int, error) {
	n, err := b.ReadCloser.Read(p)
	if n > 0 {
		b.mu.Lock()
		defer b.mu.Unlock()
		b.o.Last = monotonic()
		if b.o.First == 0 {
			b.o.First = b.o.Last
		}
		b.o.Bytes += int64(n)
	}
	return n, err
}

func (b *timedBody) end(want int64) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.o.End = monotonic()
	b.o.Whole = b.o.Bytes == want
}

// certify makes a certificate that is its own authority, and writes it for clients.
func certify(host, path string) (tls.Certificate, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return tls.Certificate{}, err
	}
	now := time.Now()
	t := &x509.Certificate{
		SerialNumber:          big.NewInt(now.UnixNano()),
		Subject:               pkix.Name{CommonName: "icos bench"},
		NotBefore:             now.Add(-time.Hour),
		NotAfter:              now.Add(24 * time.Hour),
		IPAddresses:           []net.IP{net.ParseIP(host)},
		KeyUsage:              x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign,
		ExtKeyUsage:           []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
		BasicConstraintsValid: true,
		IsCA:                  true,
	}
	der, err := x509.CreateCertificate(rand.Reader, t, t, &key.PublicKey, key)
	if err != nil {
		return tls.Certificate{}, err
	}
	err = os.WriteFile(path, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), 0o644)
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}, err
}

// trust reads what certify wrote.
func trust(path string) (*tls.Config, error) {
	b, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	roots := x509.NewCertPool()
	if !roots.AppendCertsFromPEM(b) {
		return nil, errors.New("no certificate in " + path)
	}
	return &tls.Config{RootCAs: roots}, nil
}
