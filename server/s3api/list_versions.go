package s3api

import (
	"errors"
	"net/http"

	"github.com/icos-go/icos/server/store"
)

// listVersions lists versions and delete markers. In a bucket without versioning each object has one version, whose id is null.
func (c *call) listVersions() error {
	q, err := c.listQuery("max-keys")
	if err != nil {
		return err
	}
	marker, version := c.query.get("key-marker"), c.query.get("version-id-marker")
	if marker == "" && version != "" {
		return invalidArgument("A version-id marker cannot be specified without a key marker.")
	}
	page, err := c.versionPage(&q, marker, version)
	if err != nil {
		return err
	}
	x := newXML()
	x.url = q.url
	x.root("ListVersionsResult")
	x.text("Name", c.bucket)
	x.key("Prefix", q.prefix)
	x.key("KeyMarker", marker)
	x.text("VersionIdMarker", version)
	if page.Truncated {
		x.key("NextKeyMarker", page.NextKey)
		x.optional("NextVersionIdMarker", page.NextVersion)
	}
	x.listed(&q, page.Truncated)
	for i := range page.Versions {
		x.version(&page.Versions[i], c.info.Owner, c.storageClass(&page.Versions[i]))
	}
	x.commonPrefixes(page.Prefixes)
	x.close("ListVersionsResult")
	return c.writeXML(http.StatusOK, x)
}

func (c *call) versionPage(q *listQuery, marker, version string) (store.VersionPage, error) {
	if q.limit == 0 {
		return store.VersionPage{}, nil
	}
	after := q.after(marker)
	if after != marker {
		version = "" // the common prefix is over, and with it its versions
	}
	page, err := c.store.ListVersions(c.r.Context(), c.bucket, store.ListVersionsOptions{
		Prefix: q.prefix, Delimiter: q.delimiter, KeyMarker: after, VersionMarker: version, Max: q.limit,
	})
	if errors.Is(err, store.ErrNoSuchVersion) {
		return page, invalidArgument("Invalid version id specified")
	}
	return page, err
}

// version writes one version or delete marker of a listing.
func (x *xmlWriter) version(o *store.Object, owner, class string) {
	element := "Version"
	if o.DeleteMarker {
		element = "DeleteMarker"
	}
	x.open(element)
	x.key("Key", o.Key)
	x.text("VersionId", o.VersionID())
	x.bool("IsLatest", o.Latest)
	if o.DeleteMarker {
		x.time("LastModified", o.Modified)
	} else {
		x.object(o, class)
	}
	x.owner("Owner", owner)
	x.close(element)
}
