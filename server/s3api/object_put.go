package s3api

import (
	"errors"
	"net/http"

	"github.com/icos-go/icos/server/store"
)

func (c *call) putObject() error {
	if c.query.has("partNumber") {
		return invalidArgument("partNumber without uploadId: to store a part, name its upload")
	}
	if err := c.needLength(); err != nil {
		return err
	}
	if _, err := c.put(); err != nil {
		return err
	}
	c.writeStatus(http.StatusOK)
	return nil
}

// put stores the body of the call as its headers say, and sets the headers of the answer.
func (c *call) put() (object store.Object, err error) {
	o, err := c.putOptions()
	if err != nil {
		return object, err
	}
	asked, err := c.retentionHeaders()
	if err != nil {
		return object, err
	}
	o.Dated = c.keepNew(&asked)
	if err := c.needWriteDigest(); err != nil {
		return object, err
	}
	o.Checksum = c.received
	body, err := c.body(maxPutSize, codeEntityTooLarge)
	if err != nil {
		return object, err
	}
	if err := c.admitSize(c.auth.Length); err != nil {
		return object, err
	}
	if body, err = c.fitting(body); err != nil {
		return object, err
	}
	if err := c.checkEarly(&o); err != nil {
		return object, err
	}
	if object, err = c.store.Put(c.r.Context(), c.bucket, c.key, body, &o); err != nil {
		return object, err
	}
	h := c.w.Header()
	h["Etag"] = c.value(quote(object.ETag))
	setChecksum(h, object.Checksum)
	c.setVersion(&object)
	c.setEncryptionHeaders(h, &object.Encryption)
	c.stored(&object)
	return object, nil
}

// checkEarly runs the check of a conditional write, or whether an object is kept, before the body is read, so that a client that
// waits for 100 Continue does not send gigabytes to be refused. What counts is the check under the key's lock.
func (c *call) checkEarly(o *store.PutOptions) error {
	check := o.Check
	switch {
	case check == nil && !c.info.Protection.Enabled:
		return nil
	case check == nil:
		check = o.Removable
	}
	current, err := c.store.Stat(c.r.Context(), c.bucket, c.key)
	switch {
	case errors.Is(err, store.ErrNoSuchKey):
		return check(nil)
	case err != nil:
		return err
	}
	return check(&current)
}

// putOptions reads what the headers of a write say about the object.
func (c *call) putOptions() (o store.PutOptions, err error) {
	h := c.r.Header
	o.Owner = c.info.Owner
	if o.Seal, err = c.newSeal(); err != nil {
		return o, err
	}
	if o.Attributes, err = c.attributes(); err != nil {
		return o, err
	}
	if o.ACL, err = c.newObjectACL(); err != nil {
		return o, err
	}
	if o.Tags, err = c.newTags(); err != nil {
		return o, err
	}
	if o.Lock, err = c.newLock(); err != nil {
		return o, err
	}
	if o.Check, err = writeCheck(h); err != nil {
		return o, err
	}
	o.Removable = c.removable
	return o, nil
}

// needLength refuses a body that ends nobody knows where: HTTP/1 without Content-Length and chunked coding. HTTP/2 frames
// bodies itself.
func (c *call) needLength() error {
	r := c.r
	if r.ContentLength == 0 && r.ProtoMajor == 1 && len(r.TransferEncoding) == 0 && r.Header["Content-Length"] == nil {
		return newError(codeMissingContentLength)
	}
	return nil
}
