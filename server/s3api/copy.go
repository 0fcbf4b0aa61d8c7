package s3api

import (
	"net/http"
	"net/url"
	"strings"

	"github.com/icos-go/icos/server/store"
)

// copySource is what x-amz-copy-source names, and the preconditions on it.
type copySource struct {
	bucket, key string
	version     string // as in store.OpenVersion
	info        store.Bucket
	byRole      bool // a role lets the caller copy from there
	conditions  conditions

	copied string // VersionID of the object that was there
}

// parseCopySource reads x-amz-copy-source: bucket/key, percent-encoded, with or without a leading slash and ?versionId=.
func parseCopySource(header string) (bucket, key, version string, err error) {
	invalid := func(why string) (string, string, string, error) {
		return "", "", "", invalidArgument("Copy Source must mention the source bucket and key: sourcebucket/sourcekey; " + why)
	}
	source := strings.TrimPrefix(header, "/")
	if i := strings.LastIndex(source, "?versionId="); i >= 0 {
		if version, err = url.QueryUnescape(source[i+len("?versionId="):]); err != nil {
			return invalid("the version is not properly percent-encoded")
		}
		if err := checkVersion(version, true); err != nil {
			return "", "", "", err
		}
		source = source[:i]
	}
	source, err = url.PathUnescape(source)
	if err != nil {
		return invalid("it is not properly percent-encoded")
	}
	bucket, key, _ = strings.Cut(source, "/")
	switch {
	case bucket == "" || !plausibleBucket(bucket):
		return invalid("the bucket is missing or not valid")
	case key == "":
		return invalid("the key is missing")
	}
	return bucket, key, version, checkKey(key)
}

// copySource reads the headers that name the source and looks up its bucket.
func (c *call) copySource() (*copySource, error) {
	var s copySource
	var err error
	if s.bucket, s.key, s.version, err = parseCopySource(c.r.Header.Get("X-Amz-Copy-Source")); err != nil {
		return nil, err
	}
	if s.info, err = c.store.Bucket(c.r.Context(), s.bucket); err != nil {
		return nil, err
	}
	if err := c.authorizeSource(&s); err != nil {
		return nil, err
	}
	s.conditions = parseConditions(c.r.Header, "X-Amz-Copy-Source-")
	return &s, nil
}

// checkSource checks that the caller may read the source, that it is not too large for one copy of n bytes, and that the
// preconditions hold. Unlike on a read, all of them fail with 412.
func (c *call) checkSource(s *copySource, o *store.Object, n int64) error {
	if !s.byRole && !c.granted(&s.info, o.ACL, needRead) {
		return newError(codeAccessDenied)
	}
	s.copied = o.VersionID()
	if s.conditions.evaluate(o) != proceed {
		return newError(codePreconditionFailed)
	}
	if err := refuseSourceKey(c.r.Header, o); err != nil {
		return err
	}
	if err := c.readable(o); err != nil {
		return err
	}
	if err := c.admitSize(n); err != nil {
		return err
	}
	if n > maxPutSize {
		return invalidRequest("The specified copy source is larger than the maximum allowable size for a copy source: 5368709120")
	}
	return nil
}

// hiddenSource is hidden for the source of a copy.
func (c *call) hiddenSource(s *copySource, err error) error {
	if absent(err) && !c.mayList(&s.info, s.key) {
		return newError(codeAccessDenied)
	}
	return sourceMarker(err)
}

// ontoItself reports whether a copy changes nothing: its source is its target, and not another version of it.
func (c *call) ontoItself(s *copySource) bool {
	return s.bucket == c.bucket && s.key == c.key && (s.version == "" || c.info.Versioning == "")
}

func (c *call) copyObject() error {
	h := c.r.Header
	source, err := c.copySource()
	if err != nil {
		return err
	}
	replace := false
	switch directive := h.Get("X-Amz-Metadata-Directive"); {
	case strings.EqualFold(directive, "REPLACE"):
		replace = true
	case directive != "" && !strings.EqualFold(directive, "COPY"):
		return invalidArgument("Unknown metadata directive.")
	}
	changes := replace || h["X-Amz-Website-Redirect-Location"] != nil || h["X-Amz-Storage-Class"] != nil || asksEncryption(h)
	if !changes && c.ontoItself(source) {
		return invalidRequest("This copy request is illegal because it is trying to copy an object to itself without changing the object's metadata, storage class, website redirect location or encryption attributes.")
	}
	put, err := c.putOptions()
	if err != nil {
		return err
	}
	copyTags, err := c.copiesTags()
	if err != nil {
		return err
	}
	asked, err := c.retentionHeaders()
	if err != nil {
		return err
	}
	copyRetention, err := c.copiedRetention(&asked)
	if err != nil {
		return err
	}
	put.Dated = c.keepNew(&asked)
	o := &store.CopyOptions{PutOptions: put, SourceVersion: source.version, Unseal: c.unsealSource(source)}
	o.CheckSource = func(object store.Object) error {
		if err := c.checkSource(source, &object, object.Size); err != nil {
			return err
		}
		if err := c.keepManaged(o, &object); err != nil {
			return err
		}
		if !replace {
			redirect := o.WebsiteRedirect // is never copied
			o.Attributes = object.Attributes
			o.WebsiteRedirect = redirect
		}
		if copyTags {
			o.Tags = object.Tags
		}
		if copyRetention && object.Retention.Kept {
			asked.source = &object.Retention
		}
		return nil
	}
	if name := h.Get("X-Amz-Checksum-Algorithm"); name != "" {
		a, found := findChecksum(name)
		if !found {
			return invalidRequest("Checksum algorithm provided is unsupported.")
		}
		hash := a.new()
		o.Sum = hash
		o.Checksum = func() store.Checksum { return a.checksum(hash) }
	}
	object, err := c.store.Copy(c.r.Context(), source.bucket, source.key, c.bucket, c.key, o)
	if err != nil {
		return c.hiddenSource(source, err)
	}
	c.stored(&object)
	c.setVersion(&object)
	c.setSourceVersion(source)
	c.setEncryptionHeaders(c.w.Header(), &object.Encryption)
	x := newXML()
	x.root("CopyObjectResult")
	x.time("LastModified", object.Modified)
	x.etag(object.ETag)
	x.checksum(object.Checksum)
	x.close("CopyObjectResult")
	c.w.Header()["Etag"] = []string{quote(object.ETag)}
	return c.writeXML(http.StatusOK, x)
}

// checksum writes a checksum into a result, if there is one.
func (x *xmlWriter) checksum(sum store.Checksum) {
	if a, found := findChecksum(sum.Algorithm); found {
		x.text(a.element, sum.Value)
		x.optional("ChecksumType", sum.Type)
	}
}
