package s3api

import (
	"net/http"
	"strings"

	"github.com/icos-go/icos/server/store"
)

// refuseEncryption refuses what asks for encryption: to ignore it would store the object in the clear.
func refuseEncryption(h http.Header) error {
	for name, values := range h {
		switch {
		case name[0] != 'X':
		case strings.HasPrefix(name, "X-Amz-Server-Side-Encryption-Customer-"), strings.HasPrefix(name, "X-Amz-Copy-Source-Server-Side-Encryption-"):
			return notImplemented("Encryption with customer-provided keys (" + name + ") is not implemented")
		case name == "X-Amz-Server-Side-Encryption" && strings.Join(values, ",") != "AES256":
			return notImplemented("Server-side encryption other than AES256 is not implemented")
		}
	}
	return nil
}

// bucketEncryption reads how a new bucket is encrypted: the CRN of its root key, or nothing.
func (c *call) bucketEncryption() (rootKey string, err error) {
	h := c.r.Header
	if h["Ibm-Sse-Kp-Encryption-Algorithm"] != nil || h["Ibm-Sse-Kp-Customer-Root-Key-Crn"] != nil {
		return "", notImplemented("Buckets encrypted by Key Protect (ibm-sse-kp-*) are not implemented")
	}
	return "", nil
}

// setEncryptionHeaders tells how an object is encrypted.
func setEncryptionHeaders(http.Header, *store.Object) {}
