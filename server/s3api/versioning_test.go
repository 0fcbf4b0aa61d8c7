package s3api_test

import (
	"encoding/xml"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/icos-go/icos/server/store"
)

// version sets the versioning of the bucket.
func (s *server) version(status string) *response {
	s.t.Helper()
	body := "<VersioningConfiguration><Status>" + status + "</Status></VersioningConfiguration>"
	return s.do(s.owner, "PUT", "/bucket?versioning", body, md5Header(body)...)
}

// id is the version that an answer names.
func (r *response) id() string { return r.Header.Get("X-Amz-Version-Id") }

type versionList struct {
	KeyMarker, VersionIdMarker, NextKeyMarker, NextVersionIdMarker string //nolint:revive // as in the document
	IsTruncated                                                    bool
	Entries                                                        []versionEntry `xml:",any"`
}

type versionEntry struct {
	XMLName              xml.Name
	Key, VersionId, ETag string //nolint:revive // as in the document
	IsLatest             bool
	Size                 *int64
	LastModified         string
	Owner                struct{ ID string }
	Prefix               string
}

// versions lists what is at a query, as key, what it is, and whether it is the latest.
func (s *server) versions(query string) (list versionList, entries []string) {
	s.t.Helper()
	r := s.do(s.owner, "GET", "/bucket?versions"+query, "")
	r.want(s.t, 200, "")
	list = decode[versionList](s.t, r)
	for _, e := range list.Entries {
		switch name := e.XMLName.Local; name {
		case "Version", "DeleteMarker":
			text := e.Key + " " + name
			if e.VersionId == "null" {
				text += " null"
			}
			if e.IsLatest {
				text += " latest"
			}
			if e.Owner.ID != s.owner.instance || e.LastModified == "" {
				s.t.Errorf("entry without owner or date in %s", r.body)
			}
			if (e.Size == nil) != (name == "DeleteMarker") || (e.ETag == "") != (name == "DeleteMarker") {
				s.t.Errorf("entry with what it has not, or without what it has, in %s", r.body)
			}
			entries = append(entries, text)
		case "CommonPrefixes":
			entries = append(entries, e.Prefix)
		}
	}
	return list, entries
}

func TestBucketVersioning(t *testing.T) {
	s := newServer(t, serverOptions{})
	status := func() string {
		r := s.do(s.owner, "GET", "/bucket?versioning", "")
		r.want(t, 200, "")
		return decode[struct{ Status string }](t, r).Status
	}
	if got := status(); got != "" {
		t.Errorf("status %q of a new bucket", got)
	}
	for _, want := range []string{"Enabled", "Suspended", "Enabled"} {
		s.version(want).want(t, 200, "")
		if got := status(); got != want {
			t.Errorf("status %q, want %q", got, want)
		}
	}
	for _, tt := range []struct {
		body   string
		status int
		code   string
	}{
		{"<VersioningConfiguration/>", 400, "MalformedXML"},
		{"<VersioningConfiguration><Status>enabled</Status></VersioningConfiguration>", 400, "MalformedXML"},
		{"<VersioningConfiguration><Status>Enabled</Status><MfaDelete>Enabled</MfaDelete></VersioningConfiguration>", 501, "NotImplemented"},
		{"<VersioningConfiguration><State>Enabled</State></VersioningConfiguration>", 400, "MalformedXML"},
		{"<Versioning><Status>Enabled</Status></Versioning>", 400, "MalformedXML"},
	} {
		s.do(s.owner, "PUT", "/bucket?versioning", tt.body, md5Header(tt.body)...).want(t, tt.status, tt.code)
	}
	body := "<VersioningConfiguration><Status>Enabled</Status></VersioningConfiguration>"
	s.do(s.owner, "PUT", "/bucket?versioning", body).want(t, 400, "InvalidRequest") // without a digest
	s.do(s.other, "GET", "/bucket?versioning", "").want(t, 403, "AccessDenied")
	s.do(s.nobody, "PUT", "/bucket?versioning", body, md5Header(body)...).want(t, 403, "AccessDenied")
}

func TestVersioningIsRuledOut(t *testing.T) {
	s := newServer(t, serverOptions{})
	set := func(change func(*store.Bucket)) {
		t.Helper()
		if _, err := s.store.UpdateBucket(t.Context(), "bucket", func(b *store.Bucket) error { change(b); return nil }); err != nil {
			t.Fatal(err)
		}
	}
	set(func(b *store.Bucket) { b.Protection = store.Protection{Enabled: true, Min: 1, Default: 1, Max: 1} })
	s.version("Enabled").want(t, 409, "InvalidBucketState")
	set(func(b *store.Bucket) { b.Protection = store.Protection{} })
	s.version("Enabled").want(t, 200, "")
	set(func(b *store.Bucket) { b.ObjectLock.Enabled = true })
	s.version("Suspended").want(t, 409, "InvalidBucketState")
	s.version("Enabled").want(t, 200, "")
	set(func(b *store.Bucket) {
		b.ObjectLock.Enabled = false
		b.Documents = map[string][]byte{"replication": []byte("<ReplicationConfiguration/>")}
	})
	s.version("Suspended").want(t, 409, "InvalidBucketState")
}

// TestVersionsOfAnObject goes through the life of a key: before versioning, with it, deleted, and with it suspended.
func TestVersionsOfAnObject(t *testing.T) {
	s := newServer(t, serverOptions{})
	if id := s.put("/bucket/k", "zero").id(); id != "" {
		t.Errorf("a bucket without versioning answers with version %q", id)
	}
	s.version("Enabled").want(t, 200, "")
	one, two := s.put("/bucket/k", "one").id(), s.put("/bucket/k", "two").id()
	if one == "" || one == "null" || one == two {
		t.Fatalf("versions %q and %q", one, two)
	}
	for _, tt := range []struct{ query, body, id string }{
		{"", "two", two}, {"?versionId=" + two, "two", two}, {"?versionId=" + one, "one", one}, {"?versionId=null", "zero", "null"},
	} {
		r := s.do(s.owner, "GET", "/bucket/k"+tt.query, "")
		r.want(t, 200, "")
		if r.body != tt.body || r.id() != tt.id {
			t.Errorf("GET %s = %q, version %s, want %q, %s", tt.query, r.body, r.id(), tt.body, tt.id)
		}
		if h := s.do(s.owner, "HEAD", "/bucket/k"+tt.query, ""); h.id() != tt.id || h.ContentLength != int64(len(tt.body)) {
			t.Errorf("HEAD %s = version %s, %d bytes", tt.query, h.id(), h.ContentLength)
		}
	}
	s.do(s.owner, "GET", "/bucket/k?versionId=nonsense", "").want(t, 404, "NoSuchVersion")
	s.do(s.owner, "GET", "/bucket/other?versionId="+one, "").want(t, 404, "NoSuchVersion")
	s.do(s.owner, "GET", "/bucket/k?versionId=", "").want(t, 400, "InvalidArgument")

	// Deleting hides the object.
	deleted := s.do(s.owner, "DELETE", "/bucket/k", "")
	deleted.want(t, 204, "")
	marker := deleted.id()
	if marker == "" || deleted.Header.Get("X-Amz-Delete-Marker") != "true" {
		t.Fatalf("DELETE made no delete marker: %v", deleted.Header)
	}
	for _, method := range []string{"GET", "HEAD"} {
		r := s.do(s.owner, method, "/bucket/k", "")
		r.want(t, 404, "NoSuchKey")
		if r.Header.Get("X-Amz-Delete-Marker") != "true" || r.id() != marker {
			t.Errorf("%s of a deleted object: headers %v", method, r.Header)
		}
		r = s.do(s.owner, method, "/bucket/k?versionId="+marker, "")
		r.want(t, 405, "MethodNotAllowed")
		if r.Header.Get("X-Amz-Delete-Marker") != "true" || r.Header.Get("Allow") != "DELETE" || r.Header.Get("Last-Modified") == "" {
			t.Errorf("%s of a delete marker: headers %v", method, r.Header)
		}
	}
	_, got := s.versions("")
	if want := []string{"k DeleteMarker latest", "k Version", "k Version", "k Version null"}; !slices.Equal(got, want) {
		t.Errorf("versions %q, want %q", got, want)
	}
	if page := decode[listBucketResult](t, s.do(s.owner, "GET", "/bucket", "")); len(page.names()) != 0 {
		t.Errorf("the listing shows %q", page.names())
	}
	s.do(s.owner, "DELETE", "/bucket", "").want(t, 409, "BucketNotEmpty")

	// Deleting the marker brings it back, deleting the newest version the one before.
	r := s.do(s.owner, "DELETE", "/bucket/k?versionId="+marker, "")
	r.want(t, 204, "")
	if r.id() != marker || r.Header.Get("X-Amz-Delete-Marker") != "true" {
		t.Errorf("DELETE of the marker: headers %v", r.Header)
	}
	s.do(s.owner, "DELETE", "/bucket/k?versionId="+marker, "").want(t, 204, "") // again, as after a lost answer
	r = s.do(s.owner, "DELETE", "/bucket/k?versionId="+two, "")
	r.want(t, 204, "")
	if r.id() != two || r.Header.Get("X-Amz-Delete-Marker") != "" {
		t.Errorf("DELETE of a version: headers %v", r.Header)
	}
	if r := s.do(s.owner, "GET", "/bucket/k", ""); r.body != "one" || r.id() != one {
		t.Errorf("after deletion of the newest, GET = %q, version %s", r.body, r.id())
	}

	// With versioning suspended, the null version is replaced and others stay.
	s.version("Suspended").want(t, 200, "")
	if id := s.put("/bucket/k", "three").id(); id != "null" {
		t.Errorf("version %q while suspended, want null", id)
	}
	if r := s.do(s.owner, "GET", "/bucket/k?versionId=null", ""); r.body != "three" {
		t.Errorf("null version is %q, want three", r.body)
	}
	if r := s.do(s.owner, "DELETE", "/bucket/k", ""); r.id() != "null" || r.Header.Get("X-Amz-Delete-Marker") != "true" {
		t.Errorf("DELETE while suspended: headers %v", r.Header)
	}
	_, got = s.versions("")
	if want := []string{"k DeleteMarker null latest", "k Version"}; !slices.Equal(got, want) {
		t.Errorf("versions %q, want %q", got, want)
	}
	for _, id := range []string{"null", one} {
		s.do(s.owner, "DELETE", "/bucket/k?versionId="+id, "").want(t, 204, "")
	}
	s.do(s.owner, "DELETE", "/bucket", "").want(t, 204, "")
}

func TestVersionsAreCopied(t *testing.T) {
	s := newServer(t, serverOptions{minPart: -1})
	s.version("Enabled").want(t, 200, "")
	one := s.put("/bucket/k", "one", "X-Amz-Meta-N", "1").id()
	two := s.put("/bucket/k", "two").id()
	r := s.put("/bucket/k", "", "X-Amz-Copy-Source", "bucket/k?versionId="+one) // restore
	if got := r.Header.Get("X-Amz-Copy-Source-Version-Id"); got != one || r.id() == one || r.id() == two || r.id() == "" {
		t.Errorf("copy of version %s: headers %v", one, r.Header)
	}
	if r := s.do(s.owner, "GET", "/bucket/k", ""); r.body != "one" || r.Header.Get("X-Amz-Meta-N") != "1" {
		t.Errorf("restored object is %q", r.body)
	}
	s.do(s.owner, "PUT", "/bucket/k", "", "X-Amz-Copy-Source", "bucket/k").want(t, 400, "InvalidRequest")

	u := s.begin("/bucket/parts")
	r = s.do(s.owner, "PUT", "/bucket/parts?partNumber=1&uploadId="+u.id, "", "X-Amz-Copy-Source", "bucket/k?versionId="+two)
	r.want(t, 200, "")
	if got := r.Header.Get("X-Amz-Copy-Source-Version-Id"); got != two {
		t.Errorf("part copied from version %q, want %q", got, two)
	}
	etag := decode[struct{ ETag string }](t, r).ETag
	body := "<CompleteMultipartUpload><Part><PartNumber>1</PartNumber><ETag>" + strings.ReplaceAll(etag, `"`, "&quot;") + "</ETag></Part></CompleteMultipartUpload>"
	r = s.do(s.owner, "POST", "/bucket/parts?uploadId="+u.id, body)
	r.want(t, 200, "")
	if r.id() == "" {
		t.Error("CompleteMultipartUpload names no version")
	}

	marker := s.do(s.owner, "DELETE", "/bucket/k", "").id()
	s.do(s.owner, "PUT", "/bucket/c", "", "X-Amz-Copy-Source", "bucket/k").want(t, 404, "NoSuchKey")
	s.do(s.owner, "PUT", "/bucket/c", "", "X-Amz-Copy-Source", "bucket/k?versionId="+marker).want(t, 400, "InvalidRequest")
}

func TestVersionsHaveTheirOwnACLAndConditions(t *testing.T) {
	s := newServer(t, serverOptions{})
	s.version("Enabled").want(t, 200, "")
	first := s.put("/bucket/k", "one")
	one := first.id()
	two := s.put("/bucket/k", "two").id()
	s.do(s.owner, "PUT", "/bucket/k?acl&versionId="+one, "", "X-Amz-Acl", "public-read").want(t, 200, "")
	s.do(s.nobody, "GET", "/bucket/k?versionId="+one, "").want(t, 200, "")
	s.do(s.nobody, "GET", "/bucket/k?versionId="+two, "").want(t, 403, "AccessDenied")
	s.do(s.nobody, "GET", "/bucket/k", "").want(t, 403, "AccessDenied")
	if r := s.do(s.owner, "GET", "/bucket/k?acl&versionId="+one, ""); !strings.Contains(r.body, "AllUsers") || r.id() != one {
		t.Errorf("ACL of version %s: %s", r.id(), r.body)
	}

	s.do(s.owner, "GET", "/bucket/k?versionId="+one, "", "If-None-Match", first.Header.Get("Etag")).want(t, 304, "")
	s.do(s.owner, "DELETE", "/bucket/k?versionId="+two, "", "If-Match", first.Header.Get("Etag")).want(t, 412, "PreconditionFailed")
	s.do(s.owner, "PUT", "/bucket/k", "x", "If-None-Match", "*").want(t, 412, "PreconditionFailed")
	marker := s.do(s.owner, "DELETE", "/bucket/k", "").id()
	s.do(s.owner, "PUT", "/bucket/k?acl&versionId="+marker, "", "X-Amz-Acl", "public-read").want(t, 405, "MethodNotAllowed")
	s.do(s.owner, "PUT", "/bucket/k", "x", "If-None-Match", "*").want(t, 200, "") // there is no object, but a delete marker
}

func TestDeleteObjectsWithVersions(t *testing.T) {
	s := newServer(t, serverOptions{})
	s.version("Enabled").want(t, 200, "")
	a, b := s.put("/bucket/a", "x").id(), s.put("/bucket/b", "x").id()
	marker := s.do(s.owner, "DELETE", "/bucket/b", "").id()
	r := s.deleteAll(fmt.Sprintf(`<Delete><Object><Key>a</Key></Object><Object><Key>a</Key><VersionId>%s</VersionId></Object>
		<Object><Key>b</Key><VersionId>%s</VersionId></Object></Delete>`, a, marker))
	r.want(t, 200, "")
	type deletedEntry struct {
		Key, VersionId, DeleteMarkerVersionId string //nolint:revive // as in the document
		DeleteMarker                          bool
	}
	got := decode[struct{ Deleted []deletedEntry }](t, r).Deleted
	if len(got) != 3 || got[0].DeleteMarkerVersionId == "" {
		t.Fatalf("deleted %+v", got)
	}
	want := []deletedEntry{{"a", "", got[0].DeleteMarkerVersionId, true}, {"a", a, "", false}, {"b", marker, marker, true}}
	if !slices.Equal(got, want) {
		t.Errorf("deleted %+v, want %+v", got, want)
	}
	if r := s.do(s.owner, "GET", "/bucket/b", ""); r.id() != b {
		t.Errorf("b is back in version %q, want %q", r.id(), b)
	}
	_, left := s.versions("")
	if want := []string{"a DeleteMarker latest", "b Version latest"}; !slices.Equal(left, want) {
		t.Errorf("left %q, want %q", left, want)
	}
}

func TestListVersionsByPages(t *testing.T) {
	s := newServer(t, serverOptions{})
	s.put("/bucket/a%20b", "0")
	s.version("Enabled").want(t, 200, "")
	for _, key := range []string{"a%20b", "a%20b", "dir/x", "dir/y", "z"} {
		s.put("/bucket/"+key, "1")
	}
	s.do(s.owner, "DELETE", "/bucket/z", "").want(t, 204, "")
	want := []string{"a b Version latest", "a b Version", "a b Version null", "dir/", "z DeleteMarker latest", "z Version"}
	var got []string
	query := ""
	for range len(want) {
		list, entries := s.versions("&max-keys=1&delimiter=/" + query)
		got = append(got, entries...)
		if !list.IsTruncated {
			break
		}
		query = "&key-marker=" + strings.ReplaceAll(list.NextKeyMarker, " ", "%20")
		if list.NextVersionIdMarker != "" {
			query += "&version-id-marker=" + list.NextVersionIdMarker
		}
	}
	if !slices.Equal(got, want) {
		t.Errorf("by pages %q, want %q", got, want)
	}
	_, all := s.versions("&delimiter=/")
	slices.Sort(all) // common prefixes come last in a document
	slices.Sort(want)
	if !slices.Equal(all, want) {
		t.Errorf("at once %q, want %q", all, want)
	}
	r := s.do(s.owner, "GET", "/bucket?versions&encoding-type=url&prefix=a%20", "")
	if !strings.Contains(r.body, "<Key>a%20b</Key>") || !strings.Contains(r.body, "<Prefix>a%20</Prefix>") {
		t.Errorf("keys are not encoded in %s", r.body)
	}
	s.do(s.owner, "GET", "/bucket?versions&key-marker=k&version-id-marker=x", "").want(t, 400, "InvalidArgument")
	s.do(s.owner, "GET", "/bucket?versions&version-id-marker=x", "").want(t, 400, "InvalidArgument")
	if list, entries := s.versions("&max-keys=0"); list.IsTruncated || len(entries) != 0 {
		t.Errorf("a page of none has %q", entries)
	}
}

// TestVersionHeadersOnlyWithVersioning checks that nothing of an unversioned bucket speaks of versions.
func TestVersionHeadersOnlyWithVersioning(t *testing.T) {
	s := newServer(t, serverOptions{})
	s.put("/bucket/k", "x")
	s.put("/bucket/c", "", "X-Amz-Copy-Source", "bucket/k")
	for _, r := range []*response{
		s.do(s.owner, "GET", "/bucket/k", ""), s.do(s.owner, "HEAD", "/bucket/k?versionId=null", ""),
		s.put("/bucket/c", "", "X-Amz-Copy-Source", "bucket/k"), s.do(s.owner, "DELETE", "/bucket/k?versionId=null", ""),
		s.do(s.owner, "DELETE", "/bucket/c", ""), s.do(s.owner, "GET", "/bucket/k", ""),
	} {
		for _, name := range []string{"X-Amz-Version-Id", "X-Amz-Delete-Marker", "X-Amz-Copy-Source-Version-Id"} {
			if v := r.Header[http.CanonicalHeaderKey(name)]; v != nil {
				t.Errorf("%s has %s: %q", r.what, name, v)
			}
		}
	}
}
