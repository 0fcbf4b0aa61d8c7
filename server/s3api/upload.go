package s3api

import (
	"net/http"

	"github.com/icos-go/icos/server/store"
)

func (c *call) createUpload() error {
	put, err := c.putOptions()
	if err != nil {
		return err
	}
	if err := c.refuseRetention(); err != nil {
		return err
	}
	o := &store.UploadOptions{Attributes: put.Attributes, State: put.State, Owner: put.Owner, ACL: put.ACL}
	if o.ChecksumAlgorithm, o.ChecksumType, err = uploadChecksum(c.r.Header); err != nil {
		return err
	}
	if put.Seal != nil {
		o.Encryption = put.Seal.Encryption // its key is found again for each part
	}
	u, err := c.store.CreateUpload(c.r.Context(), c.bucket, c.key, o)
	if err != nil {
		return err
	}
	if o.ChecksumAlgorithm != "" {
		h := c.w.Header()
		h["X-Amz-Checksum-Algorithm"] = []string{o.ChecksumAlgorithm}
		h["X-Amz-Checksum-Type"] = []string{o.ChecksumType}
	}
	c.setAbortHeaders(c.w.Header(), u.Initiated)
	c.setEncryptionHeaders(c.w.Header(), &o.Encryption)
	x := newXML()
	x.root("InitiateMultipartUploadResult")
	x.text("Bucket", c.bucket)
	x.text("Key", c.key)
	x.text("UploadId", u.ID)
	x.close("InitiateMultipartUploadResult")
	return c.writeXML(http.StatusOK, x)
}

func (c *call) abortUpload() error {
	if err := c.store.AbortUpload(c.r.Context(), c.bucket, c.key, c.query.get("uploadId")); err != nil {
		return err
	}
	c.writeStatus(http.StatusNoContent)
	return nil
}

func (c *call) listUploads() error {
	q, err := c.listQuery("max-uploads")
	if err != nil {
		return err
	}
	keyMarker, idMarker := c.query.get("key-marker"), c.query.get("upload-id-marker")
	if keyMarker == "" {
		idMarker = "" // S3 ignores an upload id without its key
	}
	var page store.UploadPage
	if q.limit > 0 {
		o := store.ListUploadsOptions{Prefix: q.prefix, Delimiter: q.delimiter, KeyMarker: q.after(keyMarker), IDMarker: idMarker, Max: q.limit}
		if o.KeyMarker != keyMarker {
			o.IDMarker = ""
		}
		if page, err = c.store.ListUploads(c.r.Context(), c.bucket, o); err != nil {
			return err
		}
	}
	x := newXML()
	x.url = q.url
	x.root("ListMultipartUploadsResult")
	x.text("Bucket", c.bucket)
	x.key("KeyMarker", keyMarker)
	x.text("UploadIdMarker", idMarker)
	// COS fills these in on the last page too.
	x.key("NextKeyMarker", page.NextKey)
	x.text("NextUploadIdMarker", page.NextID)
	x.int("MaxUploads", int64(q.limit))
	if q.prefix != "" {
		x.key("Prefix", q.prefix)
	}
	if q.delimiter != "" {
		x.key("Delimiter", q.delimiter)
	}
	if q.url {
		x.text("EncodingType", "url")
	}
	x.bool("IsTruncated", page.Truncated)
	for i := range page.Uploads {
		u := &page.Uploads[i]
		x.open("Upload")
		x.key("Key", u.Key)
		x.text("UploadId", u.ID)
		x.owner("Initiator", c.info.Owner)
		x.owner("Owner", c.info.Owner)
		x.text("StorageClass", "STANDARD")
		x.time("Initiated", u.Initiated)
		if u.ChecksumAlgorithm != "" {
			x.text("ChecksumAlgorithm", u.ChecksumAlgorithm)
			x.text("ChecksumType", u.ChecksumType)
		}
		x.close("Upload")
	}
	x.commonPrefixes(page.Prefixes)
	x.close("ListMultipartUploadsResult")
	return c.writeXML(http.StatusOK, x)
}
