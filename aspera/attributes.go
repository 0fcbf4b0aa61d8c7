package aspera

import (
	"mime"
	urlpath "path"

	"github.com/icos-go/icos"
)

// attributed reports whether an object shall have attributes that ascp does not
// give it. It leaves the content type to the service, which goes by the name as we
// do.
func attributed(o *icos.PutOptions, key string) bool {
	return o.ContentType != "" && o.ContentType != mime.TypeByExtension(urlpath.Ext(key)) ||
		o.CacheControl != "" || o.ContentDisposition != "" || o.ContentEncoding != "" || o.ContentLanguage != "" ||
		!o.Expires.IsZero() || len(o.Metadata) > 0 || o.ACL != "" ||
		len(o.Tags) > 0 || o.Retention != (icos.Retention{}) || o.Lock != (icos.Lock{})
}
