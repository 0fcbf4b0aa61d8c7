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
	o, err := c.putOptions()
	if err != nil {
		return err
	}
	if o.Retention, err = c.newRetention(); err != nil {
		return err
	}
	if err := c.needLength(); err != nil {
		return err
	}
	o.Checksum = c.received
	body, err := c.body(maxPutSize, codeEntityTooLarge)
	if err != nil {
		return err
	}
	if err := c.admitSize(c.auth.Length); err != nil {
		return err
	}
	if err := c.checkEarly(o.Check); err != nil {
		return err
	}
	object, err := c.store.Put(c.r.Context(), c.bucket, c.key, body, o)
	if err != nil {
		return err
	}
	h := c.w.Header()
	h["Etag"] = []string{quote(object.ETag)}
	setChecksum(h, object.Checksum)
	setEncryptionHeaders(h, &object)
	c.replicate(&object)
	c.writeStatus(http.StatusOK)
	return nil
}

// checkEarly runs the check of a conditional write before the body is read, so that a client that waits for 100 Continue does
// not send gigabytes to be refused. What counts is the check under the key's lock.
func (c *call) checkEarly(check func(*store.Object) error) error {
	if check == nil {
		return nil
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
func (c *call) putOptions() (*store.PutOptions, error) {
	h := c.r.Header
	if err := refuseEncryption(h); err != nil {
		return nil, err
	}
	o := &store.PutOptions{Owner: c.info.Owner}
	var err error
	if o.Attributes, err = c.attributes(); err != nil {
		return nil, err
	}
	if o.ACL, err = c.newObjectACL(); err != nil {
		return nil, err
	}
	if o.Tags, err = c.newTags(); err != nil {
		return nil, err
	}
	if o.Lock, err = c.newLock(); err != nil {
		return nil, err
	}
	o.Archive = c.newArchive()
	o.Replication = c.newReplication(c.key, o.Tags)
	if o.Check, err = writeCheck(h); err != nil {
		return nil, err
	}
	o.Check = c.keeping(o.Check)
	return o, nil
}

// keeping is a check that also keeps what may not be overwritten.
func (c *call) keeping(check func(*store.Object) error) func(*store.Object) error {
	return func(current *store.Object) error {
		if check != nil {
			if err := check(current); err != nil {
				return err
			}
		}
		return c.removable(current)
	}
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
