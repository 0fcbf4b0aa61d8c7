package main

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
	"math/big"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"time"
)

// workspace is where a run keeps its files: those of the clients in memory, those
// of the servers on the disk that the source is on. All of it goes at the end.
type workspace struct {
	bin  string // programs
	mem  string // files that clients read and write
	disk string // data folders of servers
	cert string // certificate of 127.0.0.1, which is also the root to trust
	key  string
	http *http.Client // trusts cert
}

func newWorkspace(scratch, bin string) (*workspace, error) {
	mem, err := os.MkdirTemp(scratch, "icos-bench-")
	if err != nil {
		return nil, err
	}
	disk, err := os.MkdirTemp(filepath.Dir(bin), "data-")
	if err != nil {
		return nil, errors.Join(err, os.RemoveAll(mem))
	}
	w := &workspace{bin: bin, mem: mem, disk: disk, cert: filepath.Join(mem, "cert.pem"), key: filepath.Join(mem, "key.pem")}
	if err := errors.Join(w.certify(), w.warm()); err != nil {
		return nil, errors.Join(err, w.remove())
	}
	return w, nil
}

// warm has the kernel touch as much memory as the large rows need. On a virtual
// machine a page is slow when it is used for the first time since the start.
func (w *workspace) warm() error {
	path := filepath.Join(w.mem, "warm")
	return errors.Join(writeFile(path, make([]byte, 1<<20), 3<<30), os.Remove(path))
}

func (w *workspace) remove() error {
	return errors.Join(os.RemoveAll(w.mem), os.RemoveAll(w.disk))
}

// files makes a folder of n files of size bytes, or returns the one made before.
func (w *workspace) files(n int, size int64) (string, error) {
	dir := filepath.Join(w.mem, fmt.Sprintf("n%d-s%d", n, size))
	if _, err := os.Stat(dir); err == nil {
		return dir, nil
	}
	if err := os.Mkdir(dir, 0o755); err != nil {
		return "", err
	}
	chunk := make([]byte, min(size, 1<<20))
	for i := range n {
		// Not all the same, so that nobody gains by finding duplicates.
		rand.Read(chunk)
		path := filepath.Join(dir, fmt.Sprintf("f%07d", i))
		write := writeFile
		if n > 100_000 { // they are compared, not read, and would take a page of memory each
			write = writeHole
		}
		if err := errors.Join(write(path, chunk, size), os.Chtimes(path, written, written)); err != nil {
			return "", err
		}
	}
	return dir, nil
}

// written is when the files were changed last: before the objects that the null server
// invents were stored, which keep this time as rclone stores it.
var written = time.Date(2025, 1, 1, 0, 0, 0, 0, time.UTC)

func writeFile(path string, chunk []byte, size int64) error {
	f, err := os.Create(path)
	if err != nil {
		return err
	}
	for size > 0 && err == nil {
		var n int
		n, err = f.Write(chunk[:min(size, int64(len(chunk)))])
		size -= int64(n)
	}
	return errors.Join(err, f.Close())
}

// writeHole makes a file of zeros that are not stored.
func writeHole(path string, _ []byte, size int64) error {
	f, err := os.Create(path)
	if err != nil {
		return err
	}
	return errors.Join(f.Truncate(size), f.Close())
}

// certify writes a certificate for 127.0.0.1 that is its own authority.
func (w *workspace) certify() error {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return err
	}
	now := time.Now()
	t := &x509.Certificate{
		SerialNumber:          big.NewInt(now.UnixNano()),
		Subject:               pkix.Name{CommonName: "icos bench"},
		NotBefore:             now.Add(-time.Hour),
		NotAfter:              now.Add(24 * time.Hour),
		IPAddresses:           []net.IP{net.IPv4(127, 0, 0, 1)},
		KeyUsage:              x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign,
		ExtKeyUsage:           []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
		BasicConstraintsValid: true,
		IsCA:                  true,
	}
	der, err := x509.CreateCertificate(rand.Reader, t, t, &key.PublicKey, key)
	if err != nil {
		return err
	}
	secret, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return err
	}
	parsed, err := x509.ParseCertificate(der)
	if err != nil {
		return err
	}
	roots := x509.NewCertPool()
	roots.AddCert(parsed)
	w.http = &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: roots}}}
	if err := os.WriteFile(w.cert, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), 0o644); err != nil {
		return err
	}
	return os.WriteFile(w.key, pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: secret}), 0o600)
}
