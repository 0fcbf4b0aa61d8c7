package s3api

import (
	"errors"
	"net/http"
	"strconv"
	"strings"

	"github.com/icos-go/icos/server/store"
)

// maxCompleteBody bounds a CompleteMultipartUpload: 10,000 parts with ETag and checksums.
const maxCompleteBody = 8 << 20 // bytes

func (c *call) completeUpload() error {
	h := c.r.Header
	check, err := writeCheck(h)
	if err != nil {
		return err
	}
	asked, err := c.retentionHeaders()
	if err != nil {
		return err
	}
	top, err := c.document(maxCompleteBody, "CompleteMultipartUpload")
	if err != nil {
		return err
	}
	ctx, id := c.r.Context(), c.query.get("uploadId")
	u, err := c.store.Upload(ctx, c.bucket, c.key, id)
	if err != nil && !errors.Is(err, store.ErrNoSuchUpload) {
		return err
	}
	// Without the upload, this may be the repetition of a completion whose answer was lost: the store knows.
	algorithm, _ := findChecksum(u.ChecksumAlgorithm)
	parts, err := parseComplete(top, algorithm)
	if err != nil {
		return err
	}
	o := &store.CompleteOptions{Check: check, Removable: c.removable, Dated: c.keepNew(&asked)}
	if u.ID != "" {
		o.Checksum = func(parts []store.Part) (store.Checksum, error) {
			if err := c.admitParts(parts); err != nil {
				return store.Checksum{}, err
			}
			return completeChecksum(h, u, algorithm, parts)
		}
	}
	object, err := c.store.CompleteUpload(ctx, c.bucket, c.key, id, parts, o)
	if err != nil {
		return err
	}
	c.stored(&object)
	c.setVersion(&object)
	c.setEncryptionHeaders(c.w.Header(), &object.Encryption)
	x := newXML()
	x.root("CompleteMultipartUploadResult")
	x.text("Location", c.objectURL())
	x.text("Bucket", c.bucket)
	x.text("Key", c.key)
	x.etag(object.ETag)
	x.checksum(object.Checksum)
	x.close("CompleteMultipartUploadResult")
	c.w.Header()["Etag"] = []string{quote(object.ETag)}
	return c.writeXML(http.StatusOK, x)
}

// parseComplete reads a CompleteMultipartUpload document. Of the checksums of a part only the upload's algorithm counts.
func parseComplete(top *element, algorithm *checksumAlgorithm) ([]store.CompletedPart, error) {
	if err := top.only("Part"); err != nil {
		return nil, err
	}
	switch n := len(top.children); {
	case n == 0:
		return nil, malformedXML("no parts")
	case n > store.MaxParts:
		return nil, malformedXML("more than 10000 parts")
	}
	parts := make([]store.CompletedPart, 0, len(top.children))
	for _, e := range top.children {
		number, err := e.integer("PartNumber")
		if err != nil {
			return nil, err
		}
		if number < 1 || number > store.MaxParts {
			return nil, invalidArgument("PartNumber must be between 1 and 10000")
		}
		part := store.CompletedPart{Number: number, ETag: strings.Trim(e.value("ETag"), `"`)}
		if part.ETag == "" {
			return nil, malformedXML("part " + strconv.Itoa(number) + " has no ETag")
		}
		if algorithm != nil {
			part.Checksum = e.value(algorithm.element)
		}
		parts = append(parts, part)
	}
	return parts, nil
}

// completeChecksum computes the checksum of a completed upload and compares it with what the request says about the object.
func completeChecksum(h http.Header, u store.Upload, algorithm *checksumAlgorithm, parts []store.Part) (store.Checksum, error) {
	if value := h.Get("X-Amz-Mp-Object-Size"); value != "" {
		var size int64
		for i := range parts {
			size += parts[i].Size
		}
		if value != strconv.FormatInt(size, 10) {
			return store.Checksum{}, invalidRequest("The provided 'x-amz-mp-object-size' header value " + value + " does not match what was computed: " + strconv.FormatInt(size, 10))
		}
	}
	given, value, found := headerChecksum(h)
	if algorithm == nil {
		if found {
			return store.Checksum{}, invalidRequest("The upload was not created with x-amz-checksum-algorithm, so that its object has no " + given.name + " checksum.")
		}
		return store.Checksum{}, nil
	}
	if kind := h.Get("X-Amz-Checksum-Type"); kind != "" && !strings.EqualFold(kind, u.ChecksumType) {
		return store.Checksum{}, invalidRequest("The upload was created using the " + u.ChecksumType + " checksum mode. The complete request must use the same checksum mode.")
	}
	sum, err := algorithm.combine(u.ChecksumType, parts)
	if err != nil {
		return sum, err
	}
	if found && given.name != algorithm.name {
		return sum, invalidRequest("Checksum Type mismatch occurred, expected checksum Type: " + algorithm.name + ", actual checksum Type: " + given.name)
	}
	if found && value != sum.Value && value+"-"+strconv.Itoa(len(parts)) != sum.Value {
		return sum, newErrorMessage(codeBadDigest, "The "+algorithm.name+" you specified did not match the calculated checksum.")
	}
	return sum, nil
}

// objectURL is the URL of the object under the name that the client used for this endpoint.
func (c *call) objectURL() string {
	b := []byte("http://")
	if c.r.TLS != nil {
		b = []byte("https://")
	}
	b = append(b, c.r.Host...)
	if c.hosts.Bucket(c.r.Host) == "" {
		b = append(b, '/')
		b = append(b, c.bucket...)
	}
	b = append(b, '/')
	return string(appendURLEncoded(b, c.key))
}
