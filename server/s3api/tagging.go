package s3api

import (
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/icos-go/icos/server/iam"
	"github.com/icos-go/icos/server/store"
)

// Limits of COS on tags.
const (
	maxObjectTags = 10
	maxBucketTags = 50
	maxTagKey     = 128 // characters
	maxTagValue   = 256
	maxTagging    = 64 << 10 // bytes of a Tagging document

	reservedTag = "ibm:" // what the keys of the service's own tags begin with
	tagging     = "tagging"
)

// checkTags refuses tags that COS does not take.
func checkTags(tags []store.Tag, most int) error {
	if len(tags) > most {
		return newErrorMessage(codeBadRequest, "There can be at most "+strconv.Itoa(most)+" tags")
	}
	invalid := func(why string) error { return newErrorMessage("InvalidTag", why) }
	for i, t := range tags {
		switch {
		case t.Key == "" || !utf8.ValidString(t.Key) || utf8.RuneCountInString(t.Key) > maxTagKey:
			return invalid("The TagKey you have provided is invalid: it has 1 to 128 characters of Unicode")
		case !utf8.ValidString(t.Value) || utf8.RuneCountInString(t.Value) > maxTagValue:
			return invalid("The TagValue you have provided is invalid: it has at most 256 characters of Unicode")
		case strings.HasPrefix(strings.ToLower(t.Key), reservedTag):
			return invalid("System tags cannot be added/updated by requester: a TagKey does not begin with ibm:")
		case slices.ContainsFunc(tags[:i], func(before store.Tag) bool { return before.Key == t.Key }):
			return invalid("Cannot provide multiple Tags with the same key")
		}
	}
	return nil
}

// newTags reads the tags that a write gives its object, which are written like the query of a URL.
func (c *call) newTags() ([]store.Tag, error) {
	header, found := joined(c.r.Header, "X-Amz-Tagging")
	if !found {
		return nil, nil
	}
	if !c.allowed(iam.ObjectPutTagging) {
		return nil, newError(codeAccessDenied)
	}
	var tags []store.Tag
	for pair := range strings.SplitSeq(header, "&") {
		if pair == "" {
			continue
		}
		key, value, _ := strings.Cut(pair, "=")
		key, keyErr := url.QueryUnescape(key)
		value, valueErr := url.QueryUnescape(value)
		if keyErr != nil || valueErr != nil {
			return nil, invalidArgument("The header 'x-amz-tagging' shall be encoded as UTF-8 then URLEncoded URL query parameters without tag name duplicates.")
		}
		tags = append(tags, store.Tag{Key: key, Value: value})
		if len(tags) > maxObjectTags {
			break
		}
	}
	return tags, checkTags(tags, maxObjectTags)
}

// copiesTags reads x-amz-tagging-directive: whether a copy has the tags of its source rather than those of the request.
func (c *call) copiesTags() (bool, error) {
	switch directive := c.r.Header.Get("X-Amz-Tagging-Directive"); {
	case strings.EqualFold(directive, "REPLACE"):
		return false, nil
	case directive != "" && !strings.EqualFold(directive, "COPY"):
		return false, invalidArgument("Unknown tagging directive.")
	case c.r.Header["X-Amz-Tagging"] != nil:
		return false, invalidRequest("The header x-amz-tagging needs x-amz-tagging-directive: REPLACE")
	}
	return true, nil
}

// setTagHeaders says how many tags an object has.
func setTagHeaders(h http.Header, o *store.Object) {
	if n := len(o.Tags); n > 0 {
		h["X-Amz-Tagging-Count"] = []string{strconv.Itoa(n)}
	}
}

// parseTagging reads a Tagging document.
func parseTagging(top *element, most int) ([]store.Tag, error) {
	if err := top.only("TagSet"); err != nil {
		return nil, err
	}
	set := top.child("TagSet")
	if set == nil || len(top.children) > 1 {
		return nil, malformedXML("a Tagging has one TagSet")
	}
	if err := set.only("Tag"); err != nil {
		return nil, err
	}
	tags := make([]store.Tag, 0, len(set.children))
	for _, e := range set.children {
		if err := e.only("Key", "Value"); err != nil {
			return nil, err
		}
		if e.child("Key") == nil || e.child("Value") == nil || len(e.children) > 2 {
			return nil, malformedXML("a Tag has a Key and a Value")
		}
		tags = append(tags, store.Tag{Key: e.value("Key"), Value: e.value("Value")})
	}
	return tags, checkTags(tags, most)
}

// tagging writes a Tagging document.
func (x *xmlWriter) tagging(tags []store.Tag) {
	x.root("Tagging")
	x.open("TagSet")
	for _, t := range tags {
		x.open("Tag")
		x.text("Key", t.Key)
		x.text("Value", t.Value)
		x.close("Tag")
	}
	x.close("TagSet")
	x.close("Tagging")
}

// readTagging reads the Tagging document of a request.
func (c *call) readTagging(most int) ([]store.Tag, error) {
	if err := c.needDigest(); err != nil {
		return nil, err
	}
	top, err := c.document(maxTagging, "Tagging")
	if err != nil {
		return nil, err
	}
	return parseTagging(top, most)
}

func (c *call) getObjectTagging() error {
	o, err := c.statVersion()
	if err != nil {
		return err
	}
	x := newXML()
	x.tagging(o.Tags)
	return c.writeXML(http.StatusOK, x)
}

func (c *call) putObjectTagging() error {
	tags, err := c.readTagging(maxObjectTags)
	if err != nil {
		return err
	}
	return c.setObjectTags(tags, http.StatusOK)
}

func (c *call) deleteObjectTagging() error { return c.setObjectTags(nil, http.StatusNoContent) }

// setObjectTags gives an object its tags. What keeps an object keeps its bytes: tags may change all the same.
func (c *call) setObjectTags(tags []store.Tag, status int) error {
	if err := c.updateVersion(func(o *store.Object) error {
		o.Tags = tags
		return nil
	}); err != nil {
		return err
	}
	c.writeStatus(status)
	return nil
}

func (c *call) getBucketTagging() error { return c.getConfiguration(tagging, codeNoSuchTagSet) }

func (c *call) putBucketTagging() error {
	tags, err := c.readTagging(maxBucketTags)
	if err != nil {
		return err
	}
	x := newXML()
	x.tagging(tags)
	return c.setConfiguration(tagging, x.take(), http.StatusOK, nil)
}

func (c *call) deleteBucketTagging() error {
	return c.setConfiguration(tagging, nil, http.StatusNoContent, nil)
}

func (rs *routes) tagging() {
	rs.add(bucket, "GET", tagging, "GetBucketTagging", needOwner, (*call).getBucketTagging)
	rs.add(bucket, "PUT", tagging, "PutBucketTagging", needOwner, (*call).putBucketTagging)
	rs.add(bucket, "DELETE", tagging, "DeleteBucketTagging", needOwner, (*call).deleteBucketTagging)
	rs.add(object, "GET", tagging, "GetObjectTagging", needOwner, (*call).getObjectTagging)
	rs.add(object, "PUT", tagging, "PutObjectTagging", needOwner, (*call).putObjectTagging)
	rs.add(object, "DELETE", tagging, "DeleteObjectTagging", needOwner, (*call).deleteObjectTagging)
}
