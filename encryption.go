package icos

import (
	"context"
	"strings"

	"github.com/icos-go/icos/s3"
)

// A CustomerKey is a key of 32 bytes that an object is encrypted with and that
// the service forgets: only who sends it again can read the object. It prints as
// REDACTED. Make one with [NewCustomerKey].
type CustomerKey = s3.CustomerKey

// NewCustomerKey returns the key of these 32 bytes, for [Object.WithKey].
func NewCustomerKey(key []byte) (CustomerKey, error) { return s3.NewCustomerKey(key) }

// WithKey returns a handle of the object as encrypted with a key of the caller
// (SSE-C): it is stored with the key, and cannot be described or read without it.
// Get, Put, Stat, ReaderAt, uploads and transfers send the key along. [Object.Copy]
// reads with the key of the handle that it is called on, and writes with that of
// the handle that it is given. The service keeps no key: an object whose key is
// lost is lost. Keys go over TLS, or to this machine, only. A bucket under a root
// key takes no such objects.
func (o *Object) WithKey(key CustomerKey) *Object {
	c := *o
	c.customer = key
	return &c
}

// CustomerKey returns the key that the handle was made with, the zero value for none.
func (o *Object) CustomerKey() CustomerKey { return o.customer }

// BucketEncryption says what all objects of a bucket are encrypted under.
type BucketEncryption struct {
	RootKeyCRN string // of a root key in Key Protect; empty if there is none
}

// Encryption asks which root key the bucket is encrypted under. It is chosen by [CreateOptions] and cannot be changed.
func (b *Bucket) Encryption(ctx context.Context) (BucketEncryption, error) {
	resp, err := call(ctx, b, "get encryption", (*s3.Client).HeadBucket, &s3.HeadBucketRequest{Bucket: b.name})
	if err != nil {
		return BucketEncryption{}, err
	}
	crn := resp.KeyProtectRootKeyCRN
	if crn == "" || !strings.HasPrefix(crn, "crn:") && resp.KeyProtectCustomerRootKeyCRN != "" {
		crn = resp.KeyProtectCustomerRootKeyCRN
	}
	return BucketEncryption{RootKeyCRN: crn}, nil
}

// EncryptedBy says who keeps the key of one object.
type EncryptedBy string

// Keepers of keys. Objects under a root key say nothing; see [Bucket.Encryption].
const (
	EncryptedByService  EncryptedBy = "service"  // PutOptions.Encrypt, or the service's default
	EncryptedByCustomer EncryptedBy = "customer" // Object.WithKey
)

func encryptedBy(h *s3.EncryptionHeader) EncryptedBy {
	switch {
	case h.CustomerAlgorithm != "":
		return EncryptedByCustomer
	case h.ServerSideEncryption != "":
		return EncryptedByService
	}
	return ""
}
