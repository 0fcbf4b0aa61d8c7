package flaky

import (
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"
)

// A call is what a request asks for.
type call struct {
	what string // the same for the same thing asked again, also of another server
	part *Part  // that it sends, or nil
	get  bool   // it asks for an object's data

	bucket, key string
	creates     bool   // a multipart upload
	ends        string // the upload it completes or aborts, or ""
	sends, asks bool   // it is a PUT with a body, a GET

	resets int // how often the counters had been reset when it arrived
}

// subresources make a request for a key one about something else than its data.
var subresources = []string{"acl", "tagging", "retention", "legalHold", "uploadId", "uploads", "restore"}

func parse(r *http.Request) *call {
	bucket, key, _ := strings.Cut(strings.TrimPrefix(r.URL.Path, "/"), "/")
	query := r.URL.Query()
	c := &call{bucket: bucket, key: key, sends: r.Method == http.MethodPut && r.ContentLength != 0, asks: r.Method == http.MethodGet}
	upload := query.Get("uploadId")
	switch {
	case r.Method == http.MethodPut && upload != "":
		// A number that is none is not sent by any client of ours.
		number, _ := strconv.Atoi(query.Get("partNumber"))
		c.part = &Part{Bucket: bucket, Key: key, UploadID: upload, Number: number}
	case r.Method == http.MethodPost && query.Has("uploads"):
		c.creates = true
	case upload != "" && (r.Method == http.MethodPost || r.Method == http.MethodDelete):
		c.ends = upload
	case r.Method == http.MethodPut && key != "" && !hasAny(query, subresources):
		c.part = &Part{Bucket: bucket, Key: key}
	case r.Method == http.MethodGet && key != "":
		c.get = !hasAny(query, subresources)
	}
	c.what = fmt.Sprintf("%s /%s/%s?%s %s", r.Method, bucket, key, stable(query), r.Header.Get("Range"))
	return c
}

func hasAny(query url.Values, names []string) bool {
	for _, name := range names {
		if query.Has(name) {
			return true
		}
	}
	return false
}

// stable is a query without what is another each time.
func stable(query url.Values) string {
	for name := range query {
		if lower := strings.ToLower(name); strings.HasPrefix(lower, "x-amz-") || lower == "uploadid" && query.Get(name) != "" ||
			strings.HasSuffix(lower, "marker") || lower == "continuation-token" {
			query.Set(name, "")
		}
	}
	return query.Encode()
}
