package s3api

import (
	"crypto/md5"
	"crypto/subtle"
	"encoding/base64"
	"net"
	"net/http"
	"net/netip"

	"github.com/icos-go/icos/internal/envelope"
	"github.com/icos-go/icos/server/store"
)

// Beginnings of the headers that carry the key of a client: for the object of a request, and for the source of a copy.
const (
	customerPrefix       = "X-Amz-Server-Side-Encryption-Customer-"
	customerSourcePrefix = "X-Amz-Copy-Source-Server-Side-Encryption-Customer-"
)

// customerHeaders are the names of the headers that carry a key, from one of the beginnings: every request looks for them.
type customerHeaders struct{ algorithm, key, digest string }

func headersOf(prefix string) customerHeaders {
	if prefix == customerSourcePrefix {
		return customerHeaders{customerSourcePrefix + "Algorithm", customerSourcePrefix + "Key", customerSourcePrefix + "Key-Md5"}
	}
	return customerHeaders{customerPrefix + "Algorithm", customerPrefix + "Key", customerPrefix + "Key-Md5"}
}

// customerKey is a key that a client sent. It is kept nowhere.
type customerKey [32]byte

// customerKey reads the key of the client, nil if it sent none.
func (c *call) customerKey(prefix string) (*customerKey, error) {
	h, names := c.r.Header, headersOf(prefix)
	if h[names.algorithm] == nil && h[names.key] == nil && h[names.digest] == nil {
		return nil, nil
	}
	algorithm, text, digest := h.Get(names.algorithm), h.Get(names.key), h.Get(names.digest)
	const requests = "Requests specifying Server Side Encryption with Customer provided keys must "
	switch {
	case algorithm == "" && text == "" && digest == "":
		return nil, nil
	case !c.secure():
		return nil, invalidRequest(requests + "be made over a secure connection.")
	case algorithm == "":
		return nil, invalidArgument(requests + "provide a valid encryption algorithm.")
	case algorithm != "AES256":
		return nil, newErrorMessage("InvalidEncryptionAlgorithmError", "The encryption request that you specified is not valid. The valid value is AES256.")
	case text == "":
		return nil, invalidArgument(requests + "provide an appropriate secret key.")
	case digest == "":
		return nil, invalidArgument(requests + "provide the client calculated MD5 of the secret key.")
	}
	key, err := base64.StdEncoding.DecodeString(text)
	if err != nil || len(key) != len(customerKey{}) {
		return nil, invalidArgument("The secret key was invalid for the specified algorithm.")
	}
	sum := md5.Sum(key)
	if given, err := base64.StdEncoding.DecodeString(digest); err != nil || subtle.ConstantTimeCompare(given, sum[:]) != 1 {
		return nil, invalidArgument("The calculated MD5 hash of the key did not match the hash that was provided.")
	}
	return (*customerKey)(key), nil
}

// secure reports whether nobody on the way can read the request: it came by TLS, or from this machine.
func (c *call) secure() bool {
	if c.r.TLS != nil {
		return true
	}
	host, _, err := net.SplitHostPort(c.r.RemoteAddr)
	if err != nil {
		return false
	}
	addr, err := netip.ParseAddr(host)
	return err == nil && addr.Unmap().IsLoopback()
}

// newSeal makes the key of an object and locks it up with the client's.
func (k *customerKey) newSeal(purpose string) (*store.Seal, error) {
	seal := &store.Seal{Key: envelope.NewKey()}
	seal.Kind = store.CustomerKey
	var err error
	seal.Envelope, err = envelope.Seal(k[:], seal.Key[:], customerContext+purpose)
	return seal, err
}

// open returns the key of an object that newSeal made.
func (k *customerKey) open(purpose string, sealed []byte) ([32]byte, error) {
	return envelope.OpenKey(k[:], sealed, customerContext+purpose)
}

const customerContext = "customer\x00"

// refuseSourceKey refuses the key for the source of a copy that needs none.
func refuseSourceKey(h http.Header, o *store.Object) error {
	if o.Encryption.Kind != store.CustomerKey && h[customerSourcePrefix+"Algorithm"] != nil {
		return invalidRequest("The encryption parameters are not applicable to this object.")
	}
	return nil
}
