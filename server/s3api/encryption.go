package s3api

import (
	"errors"
	"net/http"
	"strings"

	"github.com/icos-go/icos/internal/envelope"
	"github.com/icos-go/icos/server/iam"
	"github.com/icos-go/icos/server/kms"
	"github.com/icos-go/icos/server/store"
)

// Every encrypted object has a key of its own, which is in its row in an envelope that one of three keys opens: the root key of its
// bucket, the key that its client sends with each request, or the key of this server. The envelope opens for that bucket and key
// name only.

const headerSSE = "X-Amz-Server-Side-Encryption"

// purpose is what the key of an object is for.
func purpose(bucket, key string) string { return bucket + "\x00" + key }

// newSeal decides how the object that a request writes is encrypted; nil if it is not.
func (c *call) newSeal() (*store.Seal, error) {
	customer, err := c.customerKey(customerPrefix)
	if err != nil {
		return nil, err
	}
	managed, err := managedEncryption(c.r.Header)
	if err != nil {
		return nil, err
	}
	if customer != nil {
		if managed {
			return nil, invalidArgument("Server Side Encryption with Customer provided key is incompatible with the encryption method specified")
		}
		if c.info.RootKey != "" {
			return nil, errCustomerKeyHere()
		}
		return customer.newSeal(purpose(c.bucket, c.key))
	}
	return c.handler.newSealFor(c.info, c.key, managed)
}

// newSealFor is newSeal for an object that no client has a key for.
func (h *handler) newSealFor(bucket *store.Bucket, key string, managed bool) (*store.Seal, error) {
	seal := &store.Seal{}
	var err error
	switch {
	case bucket.RootKey == "" && !managed && !h.encrypt:
		return nil, nil
	case h.keys == nil:
		return nil, notImplemented("Encryption is not implemented here: the server has no key management service")
	case bucket.RootKey != "":
		seal.Kind, seal.RootKey = store.KeyProtect, bucket.RootKey
		seal.Key, seal.Envelope, err = h.keys.NewDataKey(bucket.RootKey, purpose(bucket.Name, key))
	default:
		seal.Kind = store.ManagedKey
		seal.Key, seal.Envelope, err = h.keys.NewManagedKey(purpose(bucket.Name, key))
	}
	if err != nil {
		return nil, keyError(err)
	}
	return seal, nil
}

// keepManaged encrypts the copy of an object under a key of the server with another such key, unless the request says otherwise.
func (c *call) keepManaged(o *store.CopyOptions, source *store.Object) (err error) {
	if o.Seal == nil && source.Encryption.Kind == store.ManagedKey {
		o.Seal, err = c.newSealFor(c.info, c.key, true)
	}
	return err
}

// managedEncryption reports whether a request asks for encryption by a key of the service.
func managedEncryption(h http.Header) (bool, error) {
	switch method := h.Get(headerSSE); {
	case h[headerSSE+"-Aws-Kms-Key-Id"] != nil, method == "aws:kms", method == "aws:kms:dsse":
		return false, notImplemented("Encryption by AWS KMS is not implemented; make the bucket with a root key of Key Protect")
	case method == "":
		return false, nil
	case method == "AES256":
		return true, nil
	}
	return false, invalidArgument("The encryption method specified is not supported")
}

// asksEncryption reports whether a request says how its object is to be encrypted.
func asksEncryption(h http.Header) bool {
	return h[headerSSE] != nil || h[customerPrefix+"Algorithm"] != nil
}

// unseal finds the key of an object that a request reads and gives it to r, which may be nil if only the right to read is asked for.
// Prefix is that of the headers with the client's key.
func (c *call) unseal(bucket string, o *store.Object, r *store.Reader, prefix string) error {
	customer, err := c.customerKey(prefix)
	if err != nil {
		return err
	}
	if customer != nil && o.Encryption.Kind != store.CustomerKey && !o.DeleteMarker {
		return invalidRequest("The encryption parameters are not applicable to this object.")
	}
	if !o.Sealed() {
		return nil
	}
	var key [32]byte
	if o.Encryption.Kind == store.CustomerKey {
		if customer == nil {
			return invalidRequest("The object was stored using a form of Server Side Encryption. The correct parameters must be provided to retrieve the object.")
		}
		if key, err = customer.open(purpose(bucket, o.Key), o.Encryption.Envelope); err != nil {
			return newErrorMessage(codeAccessDenied, "The encryption key provided is not the one that the object was stored with.")
		}
	} else if key, err = c.handler.openKey(bucket, o.Key, &o.Encryption); err != nil {
		return err
	}
	if r != nil {
		r.Unseal(key)
	}
	return nil
}

// openKey finds the key of an object, or upload, that no client has a key for.
func (h *handler) openKey(bucket, key string, e *store.Encryption) (out [32]byte, err error) {
	switch {
	case h.keys == nil:
		return out, notImplemented("The object is encrypted and the server has no key management service")
	case e.Kind == store.KeyProtect:
		out, err = h.keys.DataKey(e.RootKey, purpose(bucket, key), e.Envelope)
	case e.Kind == store.ManagedKey:
		out, err = h.keys.ManagedKey(purpose(bucket, key), e.Envelope)
	default:
		err = store.ErrSealed
	}
	if err != nil {
		return out, keyError(err)
	}
	return out, nil
}

// partSeal is how a part of an upload is encrypted: as its creation said.
func (c *call) partSeal(u *store.Upload) (*store.Seal, error) {
	customer, err := c.customerKey(customerPrefix)
	if err != nil {
		return nil, err
	}
	kind := u.Encryption.Kind
	if customer != nil && kind != store.CustomerKey {
		if c.info.RootKey != "" {
			return nil, errCustomerKeyHere()
		}
		return nil, invalidRequest("The multipart upload initiate did not request encryption with a customer provided key. Please resend the request without it.")
	}
	seal := &store.Seal{Encryption: u.Encryption}
	switch {
	case kind == store.NotEncrypted:
		return nil, nil
	case kind != store.CustomerKey:
		seal.Key, err = c.handler.openKey(c.bucket, c.key, &u.Encryption)
		return seal, err
	case customer == nil:
		return nil, invalidRequest("The multipart upload initiate requested encryption. Subsequent part requests must include the appropriate encryption parameters.")
	}
	if seal.Key, err = customer.open(purpose(c.bucket, c.key), u.Encryption.Envelope); err != nil {
		return nil, invalidRequest("The provided encryption parameters did not match the ones used originally.")
	}
	return seal, nil
}

// unsealSource finds the key of the source of a copy.
func (c *call) unsealSource(s *copySource) func(*store.Reader) error {
	return func(r *store.Reader) error { return c.unseal(s.bucket, r.Object(), r, customerSourcePrefix) }
}

// setSealHeaders is setEncryptionHeaders for a part.
func (c *call) setSealHeaders(h http.Header, seal *store.Seal) {
	if seal != nil {
		c.setEncryptionHeaders(h, &seal.Encryption)
	}
}

// setEncryptionHeaders tells how an object is encrypted. COS has no header for objects under a root key; the bucket tells that.
func (c *call) setEncryptionHeaders(h http.Header, e *store.Encryption) {
	switch e.Kind {
	case store.ManagedKey:
		h[headerSSE] = []string{"AES256"}
	case store.CustomerKey:
		if sum := c.r.Header.Get(customerPrefix + "Key-Md5"); sum != "" {
			h[customerPrefix+"Algorithm"] = []string{"AES256"}
			h[customerPrefix+"Key-Md5"] = []string{sum}
		}
	}
}

// keyError is the answer when the key of an object is not to be had. That of a root key is a question of permission, as COS has it;
// an envelope that does not open was altered on the disk.
func keyError(err error) error {
	denied := func(why string) error {
		e := newErrorMessage(codeAccessDenied, why)
		e.cause = err
		return e
	}
	switch {
	case errors.Is(err, kms.ErrDestroyed), errors.Is(err, kms.ErrNotFound):
		return denied("Access Denied: the root key of the bucket was deleted.")
	case errors.Is(err, kms.ErrState):
		return denied("Access Denied: the root key of the bucket is not active.")
	case errors.Is(err, kms.ErrDataKey), errors.Is(err, envelope.ErrOpen):
		return errors.Join(store.ErrTampered, err)
	}
	return err
}

func errCustomerKeyHere() *apiError {
	return newErrorMessage(codeBadRequest, "Server-Side Encryption with Customer-Provided Keys is not supported while Key Protect is enabled.")
}

// Headers of buckets under a root key.
const (
	headerKPAlgorithm = "Ibm-Sse-Kp-Encryption-Algorithm"
	headerKPRootKey   = "Ibm-Sse-Kp-Customer-Root-Key-Crn"
	headerKPEnabled   = "Ibm-Sse-Kp-Enabled"
	headerKPKeyID     = "Ibm-Sse-Kp-Crk-Id"
)

// bucketEncryption reads how a new bucket of an instance is encrypted: the CRN of its root key, or nothing. The instance has to be
// authorized to use the keys there: otherwise anybody who knows the CRN of a key could keep its owner from deleting it.
func (c *call) bucketEncryption(instance string) (rootKey string, err error) {
	h := c.r.Header
	if h[headerKPAlgorithm] == nil && h[headerKPRootKey] == nil {
		return "", nil
	}
	// IBM's documentation shows the values in quotes, and some send them so.
	algorithm := strings.Trim(strings.TrimSpace(h.Get(headerKPAlgorithm)), `"'`)
	rootKey = strings.Trim(strings.TrimSpace(h.Get(headerKPRootKey)), `"'`)
	switch {
	case rootKey == "":
		return "", invalidArgument("The header ibm-sse-kp-customer-root-key-crn is missing: it names the root key.")
	case algorithm == "":
		return "", invalidArgument("The header ibm-sse-kp-encryption-algorithm is missing. Supported value: AES256.")
	case algorithm != "AES256":
		return "", invalidArgument("The encryption algorithm is not valid. Supported value: AES256.")
	case c.keys == nil:
		return "", notImplemented("Buckets encrypted by Key Protect (ibm-sse-kp-*) are not implemented here")
	}
	err = c.keys.Check(rootKey)
	if !errors.Is(err, kms.ErrCRN) && !c.iam.Authorized(instance, kms.InstanceOf(rootKey)) {
		err = kms.ErrNotFound
	}
	switch {
	case errors.Is(err, kms.ErrCRN):
		if f := strings.Split(rootKey, ":"); len(f) == 10 && f[8] == "key" {
			return "", invalidArgument("The Key CRN is not valid: " + err.Error() + ".")
		}
		return "", invalidArgument(`The resource type is missing or the specified value is not valid. Supported value: "key".`)
	case errors.Is(err, kms.ErrNotFound):
		return "", invalidArgument("The Key CRN could not be found, or the service instance is not authorized to use it")
	case errors.Is(err, kms.ErrDestroyed):
		return "", invalidArgument("The Key CRN could not be found: the key was deleted")
	case errors.Is(err, kms.ErrNotRoot):
		return "", invalidArgument("The Key is a standard key: a root key is needed")
	case errors.Is(err, kms.ErrState):
		return "", invalidArgument("The Key is not active")
	case err != nil:
		return "", err
	}
	return rootKey, nil
}

// setBucketEncryptionHeaders tells how the bucket is encrypted, under both names that COS has had for the key. To those who only read
// it because everybody may, it does not tell of its owner's account.
func (c *call) setBucketEncryptionHeaders() {
	if c.info.RootKey == "" || !c.allowed(iam.BucketGetBasic) {
		return
	}
	h := c.w.Header()
	h[headerKPEnabled] = []string{"true"}
	h[headerKPKeyID] = []string{c.info.RootKey}
	h[headerKPRootKey] = []string{c.info.RootKey}
}
