package s3api

import (
	"net/http"
	"slices"
	"strings"

	"github.com/icos-go/icos/server/store"
)

const (
	maxMetadata   = 2 << 10 // bytes of names and values of user metadata
	maxAttributes = 8 << 10 // bytes of all other headers that an object keeps
	maxHeaders    = 256     // header lines of one request

	defaultContentType = "application/octet-stream"
	metadataPrefix     = "X-Amz-Meta-"
)

// attributes reads the headers that a new object keeps.
func (c *call) attributes() (store.Attributes, error) {
	h := c.r.Header
	a := store.Attributes{
		ContentType:        h.Get("Content-Type"),
		CacheControl:       h.Get("Cache-Control"),
		ContentDisposition: h.Get("Content-Disposition"),
		ContentEncoding:    c.auth.ContentEncoding,
		ContentLanguage:    h.Get("Content-Language"),
		Expires:            h.Get("Expires"),
		WebsiteRedirect:    h.Get("X-Amz-Website-Redirect-Location"),
	}
	if a.ContentType == "" {
		a.ContentType = defaultContentType
	}
	if r := a.WebsiteRedirect; r != "" && !strings.HasPrefix(r, "/") && !strings.HasPrefix(r, "http://") && !strings.HasPrefix(r, "https://") {
		return a, newErrorMessage("InvalidRedirectLocation", "The website redirect location must have a prefix of 'http://' or 'https://' or '/'.")
	}
	if len(a.ContentType)+len(a.CacheControl)+len(a.ContentDisposition)+len(a.ContentEncoding)+len(a.ContentLanguage)+len(a.Expires)+len(a.WebsiteRedirect) > maxAttributes {
		return a, newError(codeMetadataTooLarge)
	}
	var err error
	a.Metadata, err = parseMetadata(h)
	return a, err
}

// parseMetadata reads x-amz-meta-*. Values of a repeated name are joined by commas, names come back in lower case, and both
// are ASCII, as COS has it.
func parseMetadata(h http.Header) (map[string]string, error) {
	var metadata map[string]string
	size, lines := 0, 0
	for name, values := range h {
		if lines += len(values); lines > maxHeaders {
			return nil, newErrorMessage(codeMetadataTooLarge, "Your request has too many headers.")
		}
		if len(name) <= len(metadataPrefix) || !strings.EqualFold(name[:len(metadataPrefix)], metadataPrefix) {
			continue
		}
		name = strings.ToLower(name[len(metadataPrefix):])
		value := strings.Join(values, ",")
		if !ascii(value) {
			return nil, invalidArgument("User metadata must be ASCII: encode the value of x-amz-meta-" + name)
		}
		if metadata == nil {
			metadata = make(map[string]string)
		}
		metadata[name] = value
		if size += len(name) + len(value); size > maxMetadata {
			return nil, newError(codeMetadataTooLarge)
		}
	}
	return metadata, nil
}

func ascii(s string) bool {
	for i := range len(s) {
		if s[i] >= 0x80 {
			return false
		}
	}
	return true
}

// setObjectHeaders sets what GetObject and HeadObject say about an object.
func (c *call) setObjectHeaders(o *store.Object) {
	h := c.w.Header()
	h["Etag"] = c.value(quote(o.ETag))
	h["Last-Modified"] = c.value(o.Modified.UTC().Format(http.TimeFormat))
	set := func(name, value string) {
		if value != "" {
			h[name] = c.value(value)
		}
	}
	set("Content-Type", o.ContentType)
	set("Cache-Control", o.CacheControl)
	set("Content-Disposition", o.ContentDisposition)
	set("Content-Encoding", o.ContentEncoding)
	set("Content-Language", o.ContentLanguage)
	set("Expires", o.Expires)
	set("X-Amz-Website-Redirect-Location", o.WebsiteRedirect)
	for name, value := range o.Metadata {
		h["x-amz-meta-"+name] = []string{value} // as COS spells it: some clients show users the name they receive
	}
	c.setVersion(o)
	setTagHeaders(h, o)
	setLockHeaders(h, o)
	setRetentionHeaders(h, o)
	c.setArchiveHeaders(h, o)
	setReplicationHeaders(h, o)
	c.setEncryptionHeaders(h, &o.Encryption)
}

// responseOverrides are the parameters of GetObject that replace a header of its answer.
var responseOverrides = []struct{ parameter, header string }{
	{"response-content-type", "Content-Type"},
	{"response-content-language", "Content-Language"},
	{"response-expires", "Expires"},
	{"response-cache-control", "Cache-Control"},
	{"response-content-disposition", "Content-Disposition"},
	{"response-content-encoding", "Content-Encoding"},
}

// overrides reads the response-* parameters as header names and values in turn. Only a signed request may have them: anyone
// could otherwise make a public object a page of their own.
func (c *call) overrides() ([]string, error) {
	if len(c.query) == 0 {
		return nil, nil
	}
	var list []string
	for _, o := range responseOverrides {
		value, found := c.query.lookup(o.parameter)
		if !found {
			continue
		}
		if c.who.Anonymous {
			return nil, invalidRequest("Request specific response headers cannot be used for anonymous GET requests.")
		}
		if strings.ContainsFunc(value, func(r rune) bool { return r < ' ' && r != '\t' || r == 0x7f }) {
			return nil, invalidArgument(o.parameter + " holds a character that a header can not")
		}
		list = append(list, o.header, value)
	}
	return list, nil
}

func quote(etag string) string { return `"` + etag + `"` }

// setChecksum answers with a checksum and its type.
func setChecksum(h http.Header, sum store.Checksum) {
	i := slices.IndexFunc(checksumAlgorithms, func(a checksumAlgorithm) bool { return a.name == sum.Algorithm })
	if i < 0 {
		return
	}
	h[checksumAlgorithms[i].header] = []string{sum.Value}
	if sum.Type != "" {
		h["X-Amz-Checksum-Type"] = []string{sum.Type}
	}
}
