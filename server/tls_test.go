package server_test

import (
	"crypto/tls"
	"crypto/x509"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"testing"

	"github.com/icos-go/icos/server"
)

func TestTLSConfig(t *testing.T) {
	dir := t.TempDir()
	cfg, caFile, err := server.TLSConfig(dir, []string{"cos.test", "10.1.2.3"})
	if err != nil {
		t.Fatal(err)
	}
	ca, err := os.ReadFile(caFile)
	if err != nil {
		t.Fatal(err)
	}
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(ca) {
		t.Fatal("no certificate in", caFile)
	}
	ts := httptest.NewUnstartedServer(http.NotFoundHandler())
	ts.TLS = cfg
	ts.StartTLS()
	defer ts.Close()
	for name, good := range map[string]bool{
		"localhost": true, "127.0.0.1": true, "::1": true, "cos.test": true, "bucket.cos.test": true,
		"bucket.localhost": true, "site.s3-web.localhost": true, "site.s3-web.cos.test": true, "10.1.2.3": true, "elsewhere.test": false, "10.1.2.4": false,
	} {
		c, err := tls.Dial("tcp", ts.Listener.Addr().String(), &tls.Config{RootCAs: pool, ServerName: name})
		if (err == nil) != good {
			t.Errorf("dialling as %s: %v, want success %v", name, err, good)
		}
		if err == nil {
			closeConn(t, c)
		}
	}

	// The authority stays, so clients need to be told once; the leaf is new.
	again, _, err := server.TLSConfig(dir, nil)
	if err != nil {
		t.Fatal(err)
	}
	leaf, err := x509.ParseCertificate(again.Certificates[0].Certificate[0])
	if err != nil {
		t.Fatal(err)
	}
	if _, err := leaf.Verify(x509.VerifyOptions{Roots: pool, DNSName: "localhost"}); err != nil {
		t.Errorf("leaf of the second start: %v", err)
	}
	info, err := os.Stat(filepath.Join(dir, "tls", "ca-key.pem"))
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("key file: %v, %v, want mode 0600", info, err)
	}
}

func closeConn(t *testing.T, c net.Conn) {
	t.Helper()
	if err := c.Close(); err != nil {
		t.Error(err)
	}
}

func TestTLSConfigReportsDamage(t *testing.T) {
	dir := t.TempDir()
	if _, _, err := server.TLSConfig(dir, nil); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "tls", "ca-key.pem"), []byte("no key"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, _, err := server.TLSConfig(dir, nil); err == nil {
		t.Error("with a damaged key: no error")
	}
}
