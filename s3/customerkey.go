package s3

import (
	"crypto/fips140"
	"crypto/md5"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"log/slog"

	"github.com/icos-go/icos/internal/loopback"
)

// A CustomerKey is a key of AES-256 that the service encrypts an object with and then forgets: whoever reads the object has to send
// it again (SSE-C). The zero value means none. It goes over TLS, or to this machine, only, and prints as REDACTED.
type CustomerKey struct {
	key *[32]byte // a pointer, so that what holds a key in a field of its own does not print it either
}

// NewCustomerKey returns the key of these 32 bytes.
func NewCustomerKey(key []byte) (CustomerKey, error) {
	if len(key) != 32 {
		return CustomerKey{}, fmt.Errorf("s3: customer key of %d bytes; AES-256 needs 32", len(key))
	}
	own := [32]byte(key)
	return CustomerKey{&own}, nil
}

// IsZero reports whether there is no key.
func (k CustomerKey) IsZero() bool { return k.key == nil }

// MD5 returns the digest of the key, in base64, by which the service names it in [EncryptionHeader]; "" if there is no key, or where MD5
// must not be computed (GODEBUG=fips140=only). It tells keys apart, and is of no use to read anything.
func (k CustomerKey) MD5() string {
	if k.IsZero() || fips140.Enforced() {
		return ""
	}
	sum := md5.Sum(k.key[:])
	return base64.StdEncoding.EncodeToString(sum[:])
}

// Format implements fmt.Formatter.
func (CustomerKey) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, "REDACTED") }

// LogValue implements slog.LogValuer.
func (CustomerKey) LogValue() slog.Value { return slog.StringValue("REDACTED") }

// MarshalText implements encoding.TextMarshaler, which JSON uses.
func (CustomerKey) MarshalText() ([]byte, error) { return []byte("REDACTED"), nil }

// EncryptionHeader is what an answer says about the encryption of an object. Objects under a root key show nothing here: their
// bucket does, to HeadBucket.
type EncryptionHeader struct {
	ServerSideEncryption string `header:"x-amz-server-side-encryption"`                    // "AES256" for a key of the service; empty otherwise
	CustomerAlgorithm    string `header:"x-amz-server-side-encryption-customer-algorithm"` // "AES256" for a key of the caller
	CustomerKeyMD5       string `header:"x-amz-server-side-encryption-customer-key-md5"`   // base64
}

// setCustomerKey adds the headers of a key, whose names begin with prefix.
func (x *exchange) setCustomerKey(prefix string, k CustomerKey) error {
	if k.IsZero() {
		return nil
	}
	if x.base.Scheme != "https" && !loopback.Host(x.base.Hostname()) {
		return fmt.Errorf("customer key refused over plain http: anyone on the way to %s could read it; use https", x.base.Host)
	}
	if fips140.Enforced() {
		return errors.New("customer key: the service wants its MD5, which this program must not compute (GODEBUG=fips140=only)")
	}
	x.set(prefix+"Algorithm", "AES256")
	x.set(prefix+"Key", base64.StdEncoding.EncodeToString(k.key[:]))
	x.set(prefix+"Key-Md5", k.MD5())
	return nil
}
