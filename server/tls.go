package server

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"fmt"
	"io/fs"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"time"

	"github.com/icos-go/icos/internal/durable"
)

// How long certificates are good for. A leaf is made anew at each start;
// clients refuse leaves that are good for much more than a year.
const (
	caLifetime   = 10 * 365 * 24 * time.Hour
	leafLifetime = 397 * 24 * time.Hour
	// backdate lets clients whose clock is a little behind accept a
	// certificate that is brand new.
	backdate = time.Hour
)

// TLSConfig returns a configuration to serve TLS with, under a certificate
// for localhost, 127.0.0.1, ::1 and the given host names and addresses, *.host
// and *.s3-web.host included for the names, so that buckets and websites can be
// in host names. It is signed
// by a certificate authority made at first use and kept in dir/tls, where only
// the owner may read its key. caFile is the certificate that clients must be
// told to trust, with SSL_CERT_FILE or their own setting.
func TLSConfig(dir string, names []string) (cfg *tls.Config, caFile string, err error) {
	now := time.Now()
	dir = filepath.Join(dir, "tls")
	caFile = filepath.Join(dir, "ca.pem")
	ca, key, err := openCA(caFile, filepath.Join(dir, "ca-key.pem"), now)
	if err != nil {
		return nil, "", fmt.Errorf("server: local certificate authority: %w", err)
	}
	leaf, err := issueLeaf(ca, key, names, now)
	if err != nil {
		return nil, "", fmt.Errorf("server: issue certificate: %w", err)
	}
	return &tls.Config{
		Certificates: []tls.Certificate{leaf},
		MinVersion:   tls.VersionTLS12,
		NextProtos:   []string{"http/1.1"},
	}, caFile, nil
}

// openCA reads the authority, or makes one. The certificate is written last,
// so a crash in between leaves nothing that looks complete.
func openCA(caFile, keyFile string, now time.Time) (*x509.Certificate, *ecdsa.PrivateKey, error) {
	certPEM, err := os.ReadFile(caFile)
	if errors.Is(err, fs.ErrNotExist) {
		return makeCA(caFile, keyFile, now)
	}
	if err != nil {
		return nil, nil, err
	}
	keyPEM, err := os.ReadFile(keyFile)
	if err != nil {
		return nil, nil, err
	}
	pair, err := tls.X509KeyPair(certPEM, keyPEM)
	if err != nil {
		return nil, nil, fmt.Errorf("read %s: %w", caFile, err)
	}
	key, ok := pair.PrivateKey.(*ecdsa.PrivateKey)
	if !ok {
		return nil, nil, fmt.Errorf("read %s: the key is a %T, not ECDSA", keyFile, pair.PrivateKey)
	}
	if now.Add(leafLifetime).After(pair.Leaf.NotAfter) {
		return nil, nil, fmt.Errorf("%s is about to expire; remove it and its key, and have clients trust the new one", caFile)
	}
	return pair.Leaf, key, nil
}

func makeCA(caFile, keyFile string, now time.Time) (*x509.Certificate, *ecdsa.PrivateKey, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, nil, err
	}
	template := &x509.Certificate{
		SerialNumber:          serial(),
		Subject:               pkix.Name{CommonName: "icos local CA " + now.UTC().Format(time.DateOnly)},
		NotBefore:             now.Add(-backdate),
		NotAfter:              now.Add(caLifetime),
		KeyUsage:              x509.KeyUsageCertSign | x509.KeyUsageCRLSign,
		BasicConstraintsValid: true,
		IsCA:                  true,
		MaxPathLenZero:        true,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		return nil, nil, err
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		return nil, nil, err
	}
	keyDER, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return nil, nil, err
	}
	if err := durable.MkdirAll(filepath.Dir(caFile)); err != nil {
		return nil, nil, err
	}
	if err := durable.WriteFile(keyFile, pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: keyDER})); err != nil {
		return nil, nil, err
	}
	return cert, key, durable.WriteFile(caFile, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}))
}

func issueLeaf(ca *x509.Certificate, caKey *ecdsa.PrivateKey, names []string, now time.Time) (tls.Certificate, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return tls.Certificate{}, err
	}
	template := &x509.Certificate{
		SerialNumber: serial(),
		Subject:      pkix.Name{CommonName: "icos"},
		NotBefore:    now.Add(-backdate),
		NotAfter:     now.Add(leafLifetime),
		KeyUsage:     x509.KeyUsageDigitalSignature,
		ExtKeyUsage:  []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	}
	for _, name := range append([]string{"localhost", "127.0.0.1", "::1"}, names...) {
		if ip := net.ParseIP(name); ip != nil {
			template.IPAddresses = append(template.IPAddresses, ip)
		} else {
			template.DNSNames = append(template.DNSNames, name, "*."+name, "*.s3-web."+name)
		}
	}
	der, err := x509.CreateCertificate(rand.Reader, template, ca, &key.PublicKey, caKey)
	if err != nil {
		return tls.Certificate{}, err
	}
	return tls.Certificate{Certificate: [][]byte{der, ca.Raw}, PrivateKey: key}, nil
}

// serial returns 120 random bits, which RFC 5280 §4.1.2.2 lets be unique.
func serial() *big.Int {
	b := make([]byte, 15)
	_, _ = rand.Read(b)
	return new(big.Int).SetBytes(b)
}
