package icostest_test

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/icos-go/icos"
	"github.com/icos-go/icos/auth"
	"github.com/icos-go/icos/icostest"
	"github.com/icos-go/icos/s3"
	"github.com/icos-go/icos/server"
)

// A workload logs into a trusted profile with the token its platform mounted,
// or with an API key that it turns into the profile's.
func TestTrustedProfile(t *testing.T) {
	cos := icostest.NewServer(t)
	ids := cos.COS().IAM()
	p, err := ids.CreateProfile(t.Context(), cos.Credential.ResourceInstanceID, "builder")
	if err != nil {
		t.Fatal(err)
	}
	token, err := ids.NewResourceToken(p.ID, time.Hour)
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "token")
	if err := os.WriteFile(file, []byte(token+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	in, _ := ids.Instance(p.Instance)
	for name, o := range map[string]auth.ProfileOptions{
		"mounted-token": {ID: p.ID, TokenFile: file},
		"by-name":       {Name: "builder", TokenFile: file},
		"api-key":       {Name: "builder", AccountID: in.AccountID, APIKey: cos.Credential.APIKey},
	} {
		t.Run(name, func(t *testing.T) {
			o.Endpoint = cos.Credential.AuthEndpoint
			creds := auth.TrustedProfile(o)
			defer creds.Close()
			cfg := cos.Config()
			cfg.Credentials = creds
			client, err := icos.NewClient(cfg)
			if err != nil {
				t.Fatal(err)
			}
			if err := client.Bucket("of-"+name).Create(t.Context(), nil); err != nil {
				t.Error(err)
			}
		})
	}
}

// Over TLS, with the certificate authority that the server makes.
func TestOverTLS(t *testing.T) {
	dir := t.TempDir()
	cos, err := server.New(server.Config{Dir: dir, NoSync: true})
	if err != nil {
		t.Fatal(err)
	}
	defer cos.Close()
	cfg, caFile, err := server.TLSConfig(dir, nil)
	if err != nil {
		t.Fatal(err)
	}
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	served := make(chan error, 1)
	go func() { served <- cos.Serve(ctx, tls.NewListener(ln, cfg)) }()

	ca, err := os.ReadFile(caFile)
	if err != nil {
		t.Fatal(err)
	}
	pool := x509.NewCertPool()
	pool.AppendCertsFromPEM(ca)
	transport := s3.NewTransport(&s3.TransportOptions{RootCAs: pool})
	hc := &http.Client{Transport: transport}
	cred := cos.Credential("https://" + ln.Addr().String())
	client, err := icos.NewClient(icos.Config{
		Endpoint:    "https://" + ln.Addr().String(),
		Credentials: auth.IAM(cred.APIKey, &auth.IAMOptions{Endpoint: cred.AuthEndpoint, HTTPClient: hc}),
		InstanceID:  cred.ResourceInstanceID,
		HTTPClient:  hc,
	})
	if err != nil {
		t.Fatal(err)
	}
	bucket := client.Bucket("behind-tls")
	if err := bucket.Create(ctx, nil); err != nil {
		t.Error(err)
	}
	if _, err := bucket.Object("k").Put(ctx, strings.NewReader("v"), nil); err != nil {
		t.Error(err)
	}
	transport.CloseIdleConnections()
	stop()
	if err := <-served; err != nil {
		t.Error(err)
	}
}
