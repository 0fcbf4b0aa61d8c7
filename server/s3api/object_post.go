package s3api

import (
	"crypto/subtle"
	"hash"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"github.com/icos-go/icos/server/authn"
	"github.com/icos-go/icos/server/store"
)

// postObject stores the file of a browser's form. What the form says about the object becomes the headers of the call, and the
// file its body, so that from there on it is a PUT.
func (c *call) postObject() error {
	request := c.r
	body, err := c.body(maxPutSize+maxFormFields+formAhead, codeEntityTooLarge)
	if err != nil {
		return err
	}
	form, err := readForm(request.Header.Get("Content-Type"), body)
	if err != nil {
		return err
	}
	allowed, err := c.identifyForm(form)
	if err != nil {
		return err
	}
	form.expand()
	form.fields["bucket"] = c.bucket
	if allowed != nil {
		if err := allowed.check(form, c.now()); err != nil {
			return err
		}
	}
	if c.key = form.get("key"); c.key == "" {
		return newErrorMessage(codeUserKeyMissing, "Bucket POST must contain a field named 'key'. If it is specified, please check the order of the fields.")
	}
	if err := checkKey(c.key); err != nil {
		return err
	}
	if err := c.authorize(needWrite); err != nil {
		return err
	}
	header, err := form.header()
	if err != nil {
		return err
	}
	file := &measuredFile{r: form.file, limit: maxPutSize}
	if allowed != nil && allowed.sized {
		file.least, file.limit = allowed.min, min(allowed.max, maxPutSize)
	}
	file.expect(header)
	c.r = request.WithContext(request.Context())
	c.r.Header = header
	auth := *c.auth
	auth.Principal, auth.Body, auth.Length, auth.Integrity = c.who, file, -1, file.sum != nil
	auth.ContentEncoding, auth.Checksum = header.Get("Content-Encoding"), file.checksum
	c.auth = &auth
	object, err := c.put()
	if err != nil {
		return err
	}
	return c.posted(form, &object)
}

// identifyForm finds out who signed the form, and returns the policy that it is under, nil if there is none.
func (c *call) identifyForm(form *postForm) (*policy, error) {
	fields := &authn.Form{
		Policy: form.get("policy"), Algorithm: form.get("x-amz-algorithm"), Credential: form.get("x-amz-credential"),
		Date: form.get("x-amz-date"), Signature: form.get("x-amz-signature"),
		AccessKeyID: form.get("awsaccesskeyid"), SignatureV2: form.get("signature"),
	}
	who, document, err := c.handler.authn.Form(fields)
	switch {
	case err != nil:
		return nil, err
	case document == nil:
		return nil, nil // whoever the request itself is from, or nobody
	case !c.who.Anonymous:
		return nil, invalidArgument("Only one auth mechanism allowed; only a signed policy in the form or the Authorization header should be specified")
	}
	c.who = who
	return parsePolicy(document)
}

// posted answers a form as it asks for: by sending the browser elsewhere, or with a status.
func (c *call) posted(form *postForm, o *store.Object) error {
	etag := quote(o.ETag)
	h := c.w.Header()
	h["Location"] = []string{c.objectURL()}
	to := form.get("success_action_redirect")
	if to == "" {
		to = form.get("redirect")
	}
	if u, err := url.Parse(to); err == nil && u.Host != "" && (u.Scheme == "http" || u.Scheme == "https") {
		q := u.Query()
		q.Set("bucket", c.bucket)
		q.Set("key", c.key)
		q.Set("etag", etag)
		u.RawQuery = q.Encode()
		h["Location"] = []string{u.String()}
		c.writeStatus(http.StatusSeeOther)
		return nil
	}
	switch form.get("success_action_status") {
	case "200":
		c.writeStatus(http.StatusOK)
	case "201":
		x := newXML()
		x.open("PostResponse")
		x.text("Location", c.objectURL())
		x.text("Bucket", c.bucket)
		x.text("Key", c.key)
		x.text("ETag", etag)
		x.close("PostResponse")
		return c.writeXML(http.StatusCreated, x)
	default:
		c.writeStatus(http.StatusNoContent)
	}
	return nil
}

// measuredFile holds a file to the sizes that a policy allows and to the checksum that its form says it has.
type measuredFile struct {
	r            io.Reader
	n            int64 // bytes so far
	least, limit int64
	ended        bool

	algorithm *checksumAlgorithm // nil without a checksum
	sum       hash.Hash
	want      string // in base64
}

// expect reads the checksum in the header of a form.
func (f *measuredFile) expect(h http.Header) {
	if a, value, found := headerChecksum(h); found {
		f.algorithm, f.sum, f.want = a, a.new(), value
	}
}

// Read implements io.Reader.
func (f *measuredFile) Read(p []byte) (int, error) {
	n, err := f.r.Read(p)
	if f.n += int64(n); f.n > f.limit {
		return 0, newError(codeEntityTooLarge)
	}
	if f.sum != nil {
		f.sum.Write(p[:n])
	}
	if err != io.EOF || f.ended {
		return n, err
	}
	f.ended = true
	if f.n < f.least {
		return 0, newErrorMessage(codeEntityTooSmall, "Your proposed upload is smaller than the minimum allowed size: "+strconv.FormatInt(f.least, 10))
	}
	if f.sum != nil && subtle.ConstantTimeCompare([]byte(base64Sum(f.sum)), []byte(f.want)) != 1 {
		return 0, newErrorMessage(codeBadDigest, "The "+f.algorithm.name+" you specified did not match what we received.")
	}
	return n, io.EOF
}

// checksum is the verified checksum of a file that was read to its end.
func (f *measuredFile) checksum() (algorithm, value string, ok bool) {
	if f.sum == nil || !f.ended {
		return "", "", false
	}
	return f.algorithm.name, f.want, true
}

// taggingHeader turns a Tagging document into the header that says the same.
func taggingHeader(document string) (string, error) {
	top, err := parseXML([]byte(document), "Tagging")
	if err != nil {
		return "", err
	}
	set := top.child("TagSet")
	if set == nil {
		return "", malformedXML("a Tagging has a TagSet")
	}
	var pairs []string
	for _, e := range set.children {
		pairs = append(pairs, url.QueryEscape(e.value("Key"))+"="+url.QueryEscape(e.value("Value")))
	}
	return strings.Join(pairs, "&"), nil
}
