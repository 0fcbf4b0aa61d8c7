package s3api

import (
	"io"
	"net/http"
	"strconv"

	"github.com/icos-go/icos/server/store"
)

// partNumber reads the partNumber of an upload or copy of a part.
func (c *call) partNumber() (int, error) {
	n, err := strconv.Atoi(c.query.get("partNumber"))
	if err != nil || n < 1 || n > store.MaxParts {
		return 0, invalidArgument("Part number must be an integer between 1 and 10000, inclusive")
	}
	return n, nil
}

// partUpload looks up the upload of a part, the checksum algorithm that its parts must have, nil if any will do, and how they are
// encrypted.
func (c *call) partUpload() (id string, a *checksumAlgorithm, seal *store.Seal, err error) {
	u, err := c.store.Upload(c.r.Context(), c.bucket, c.key, c.query.get("uploadId"))
	if err != nil {
		return "", nil, nil, err
	}
	a, _ = findChecksum(u.ChecksumAlgorithm)
	seal, err = c.partSeal(&u)
	return u.ID, a, seal, err
}

func (c *call) uploadPart() error {
	number, err := c.partNumber()
	if err != nil {
		return err
	}
	if err := c.needWriteDigest(); err != nil {
		return err
	}
	if err := c.needLength(); err != nil {
		return err
	}
	id, algorithm, seal, err := c.partUpload()
	if err != nil {
		return err
	}
	body, err := c.body(maxPutSize, codeEntityTooLarge)
	if err != nil {
		return err
	}
	if err := c.admitSize(c.auth.Length); err != nil {
		return err
	}
	if body, err = c.fitting(body); err != nil {
		return err
	}
	o := &store.PartOptions{Checksum: c.received, Seal: seal}
	declared, found := declaredChecksum(c.r.Header)
	switch {
	case found && algorithm != nil && declared.name != algorithm.name:
		return invalidRequest("Checksum Type mismatch occurred, expected checksum Type: " + algorithm.name + ", actual checksum Type: " + declared.name)
	case !found && algorithm != nil:
		// The object's checksum takes that of each part.
		hash := algorithm.new()
		body = io.TeeReader(body, hash)
		o.Checksum = func() store.Checksum { return algorithm.checksum(hash) }
	}
	part, err := c.store.PutPart(c.r.Context(), c.bucket, c.key, id, number, body, o)
	if err != nil {
		return err
	}
	h := c.w.Header()
	h["Etag"] = []string{quote(part.ETag)}
	setChecksum(h, store.Checksum{Algorithm: part.Checksum.Algorithm, Value: part.Checksum.Value})
	c.setSealHeaders(h, seal)
	c.writeStatus(http.StatusOK)
	return nil
}

func (c *call) uploadPartCopy() error {
	number, err := c.partNumber()
	if err != nil {
		return err
	}
	source, err := c.copySource()
	if err != nil {
		return err
	}
	o := &store.CopyPartOptions{SourceVersion: source.version}
	if header := c.r.Header.Get("X-Amz-Copy-Source-Range"); header != "" {
		first, last, err := parseCopyRange(header)
		if err != nil {
			return err
		}
		o.Range = &store.ByteRange{First: first, Last: last}
	}
	o.CheckSource = func(object store.Object) error {
		n := object.Size
		if o.Range != nil {
			n = o.Range.Last - o.Range.First + 1
			if o.Range.Last >= object.Size {
				return invalidArgument("Range specified is not valid for source object of size: " + strconv.FormatInt(object.Size, 10))
			}
		}
		return c.checkSource(source, &object, n)
	}
	id, algorithm, seal, err := c.partUpload()
	if err != nil {
		return err
	}
	o.Seal, o.Unseal = seal, c.unsealSource(source)
	if algorithm != nil {
		o.Sum = func() (io.Writer, func() store.Checksum) {
			hash := algorithm.new()
			return hash, func() store.Checksum { return algorithm.checksum(hash) }
		}
	}
	part, err := c.store.CopyPart(c.r.Context(), source.bucket, source.key, c.bucket, c.key, id, number, o)
	if err != nil {
		return c.hiddenSource(source, err)
	}
	c.setSealHeaders(c.w.Header(), seal)
	c.setSourceVersion(source)
	x := newXML()
	x.root("CopyPartResult")
	x.time("LastModified", part.Modified)
	x.etag(part.ETag)
	x.checksum(store.Checksum{Algorithm: part.Checksum.Algorithm, Value: part.Checksum.Value})
	x.close("CopyPartResult")
	return c.writeXML(http.StatusOK, x)
}

func (c *call) listParts() error {
	limit, err := c.query.pageSize("max-parts")
	if err != nil {
		return err
	}
	url, err := c.query.urlEncoding()
	if err != nil {
		return err
	}
	marker := 0
	if value := c.query.get("part-number-marker"); value != "" {
		if marker, err = strconv.Atoi(value); err != nil || marker < 0 {
			return invalidArgument("Argument part-number-marker must be an integer between 0 and 2147483647")
		}
	}
	ctx, id := c.r.Context(), c.query.get("uploadId")
	u, err := c.store.Upload(ctx, c.bucket, c.key, id)
	if err != nil {
		return err
	}
	var page store.PartPage
	if limit > 0 {
		if page, err = c.store.ListParts(ctx, c.bucket, c.key, id, marker, limit); err != nil {
			return err
		}
	}
	c.setAbortHeaders(c.w.Header(), u.Initiated)
	x := newXML()
	x.url = url
	x.root("ListPartsResult")
	x.text("Bucket", c.bucket)
	x.key("Key", c.key)
	x.text("UploadId", id)
	x.owner("Initiator", c.info.Owner)
	x.owner("Owner", c.info.Owner)
	x.text("StorageClass", "STANDARD")
	if u.ChecksumAlgorithm != "" {
		x.text("ChecksumAlgorithm", u.ChecksumAlgorithm)
		x.text("ChecksumType", u.ChecksumType)
	}
	x.int("PartNumberMarker", int64(marker))
	x.int("NextPartNumberMarker", int64(page.Next))
	x.int("MaxParts", int64(limit))
	if url {
		x.text("EncodingType", "url")
	}
	x.bool("IsTruncated", page.Truncated)
	for i := range page.Parts {
		p := &page.Parts[i]
		x.open("Part")
		x.int("PartNumber", int64(p.Number))
		x.time("LastModified", p.Modified)
		x.etag(p.ETag)
		x.int("Size", p.Size)
		x.checksum(store.Checksum{Algorithm: p.Checksum.Algorithm, Value: p.Checksum.Value})
		x.close("Part")
	}
	x.close("ListPartsResult")
	return c.writeXML(http.StatusOK, x)
}
