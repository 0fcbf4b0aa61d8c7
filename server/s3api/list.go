package s3api

import (
	"net/http"
	"strings"

	"github.com/icos-go/icos/server/store"
)

// listQuery is what all listings of keys have in common.
type listQuery struct {
	prefix, delimiter string
	limit             int
	url               bool
}

func (c *call) listQuery(limitParameter string) (listQuery, error) {
	var q listQuery
	var err error
	if q.limit, err = c.query.pageSize(limitParameter); err != nil {
		return q, err
	}
	if q.url, err = c.query.urlEncoding(); err != nil {
		return q, err
	}
	q.prefix, q.delimiter = c.query.get("prefix"), c.query.get("delimiter")
	return q, nil
}

// after turns a marker into the position that the store continues from. A marker below a common prefix stands for that prefix
// whole: S3 does not list a common prefix again whose end a page before has not passed.
func (q *listQuery) after(marker string) string {
	rest, found := strings.CutPrefix(marker, q.prefix)
	if q.delimiter == "" || !found {
		return marker
	}
	if i := strings.Index(rest, q.delimiter); i >= 0 {
		return marker[:len(q.prefix)+i+len(q.delimiter)]
	}
	return marker
}

// page is one page of a listing. Its objects are a document already, though it begins with what is known only at their end.
type page struct {
	store.ListPage
	contents *xmlWriter // give it back with free
	count    int        // of objects
}

// page lists what comes after a marker, with the owner of each object if that is not empty.
func (c *call) page(q *listQuery, marker, owner string) (page, error) {
	p := page{contents: newXML()}
	p.contents.b, p.contents.url = p.contents.b[:0], q.url
	if q.limit == 0 {
		return p, nil
	}
	var err error
	p.ListPage, err = c.store.ListEach(c.r.Context(), c.bucket, store.ListOptions{
		Prefix: q.prefix, Delimiter: q.delimiter, After: q.after(marker), Max: q.limit,
	}, func(o *store.Object) {
		p.count++
		p.contents.contents(o, owner, c.storageClass(o))
	})
	if err != nil {
		p.contents.free()
	}
	return p, err
}

// write ends a listing with the page.
func (p *page) write(x *xmlWriter) {
	x.b = append(x.b, p.contents.b...)
	p.contents.free()
	x.commonPrefixes(p.Prefixes)
	x.close("ListBucketResult")
}

// listObjects is version 1 of the listing.
func (c *call) listObjects() error {
	q, err := c.listQuery("max-keys")
	if err != nil {
		return err
	}
	marker := c.query.get("marker")
	page, err := c.page(&q, marker, c.info.Owner)
	if err != nil {
		return err
	}
	c.setBucketEncryptionHeaders()
	x := newXML()
	x.url = q.url
	x.root("ListBucketResult")
	x.text("Name", c.bucket)
	x.key("Prefix", q.prefix)
	x.key("Marker", marker)
	if page.Truncated && q.delimiter != "" {
		// Without a delimiter the client goes on from the last key.
		x.key("NextMarker", page.Next)
	}
	x.listed(&q, page.Truncated)
	page.write(x)
	return c.writeXML(http.StatusOK, x)
}

// listObjectsV2 is version 2 of the listing.
func (c *call) listObjectsV2() error {
	q, err := c.listQuery("max-keys")
	if err != nil {
		return err
	}
	startAfter, token := c.query.get("start-after"), c.query.get("continuation-token")
	marker := startAfter
	if token != "" { // an empty token is a first page, as IBM's examples ask for it
		if marker, err = c.parseToken(token); err != nil {
			return err
		}
	}
	owner := ""
	if strings.EqualFold(c.query.get("fetch-owner"), "true") {
		owner = c.info.Owner
	}
	page, err := c.page(&q, marker, owner)
	if err != nil {
		return err
	}
	c.setBucketEncryptionHeaders()
	x := newXML()
	x.url = q.url
	x.root("ListBucketResult")
	x.text("Name", c.bucket)
	x.key("Prefix", q.prefix)
	if startAfter != "" {
		x.key("StartAfter", startAfter)
	}
	x.optional("ContinuationToken", token)
	if page.Truncated {
		x.text("NextContinuationToken", c.newToken(page.Next))
	}
	x.int("KeyCount", int64(page.count+len(page.Prefixes)))
	x.listed(&q, page.Truncated)
	page.write(x)
	return c.writeXML(http.StatusOK, x)
}

// listed writes the elements that follow the markers of a listing of keys.
func (x *xmlWriter) listed(q *listQuery, truncated bool) {
	x.int("MaxKeys", int64(q.limit))
	if q.delimiter != "" {
		x.key("Delimiter", q.delimiter)
	}
	if q.url {
		x.text("EncodingType", "url")
	}
	x.bool("IsTruncated", truncated)
}

// contents writes one object of a listing, with its owner if that is not empty.
func (x *xmlWriter) contents(o *store.Object, owner, class string) {
	x.open("Contents")
	x.key("Key", o.Key)
	x.object(o, class)
	if owner != "" {
		x.owner("Owner", owner)
	}
	x.close("Contents")
}

// object writes what all listings say about an object besides its key.
func (x *xmlWriter) object(o *store.Object, class string) {
	x.time("LastModified", o.Modified)
	x.etag(o.ETag)
	if o.Checksum.Algorithm != "" {
		x.text("ChecksumAlgorithm", o.Checksum.Algorithm)
		x.text("ChecksumType", o.Checksum.Type)
	}
	x.int("Size", o.Size)
	x.text("StorageClass", class)
}

func (x *xmlWriter) commonPrefixes(list []string) {
	for _, prefix := range list {
		x.open("CommonPrefixes")
		x.key("Prefix", prefix)
		x.close("CommonPrefixes")
	}
}
