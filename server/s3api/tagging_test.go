package s3api_test

import (
	"fmt"
	"strings"
	"testing"
)

// tagSet is a Tagging document of keys and values in turn.
func tagSet(pairs ...string) string {
	var b strings.Builder
	b.WriteString(`<Tagging xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><TagSet>`)
	for i := 0; i < len(pairs); i += 2 {
		b.WriteString("<Tag><Key>" + pairs[i] + "</Key><Value>" + pairs[i+1] + "</Value></Tag>")
	}
	b.WriteString("</TagSet></Tagging>")
	return b.String()
}

// manyTags are n of them, for a document and for a header.
func manyTags(n int) (document, header string) {
	var pairs, query []string
	for i := range n {
		pairs = append(pairs, fmt.Sprint("k", i), "v")
		query = append(query, fmt.Sprint("k", i, "=v"))
	}
	return tagSet(pairs...), strings.Join(query, "&")
}

// tags are the tags at a path, as k=v.
func (s *server) tags(path string) string {
	s.t.Helper()
	sep := "?"
	if strings.Contains(path, "?") {
		sep = "&"
	}
	r := s.do(s.owner, "GET", path+sep+"tagging", "")
	r.want(s.t, 200, "")
	doc := decode[struct {
		Tags []struct{ Key, Value string } `xml:"TagSet>Tag"`
	}](s.t, r)
	var list []string
	for _, tag := range doc.Tags {
		list = append(list, tag.Key+"="+tag.Value)
	}
	return strings.Join(list, ", ")
}

func TestObjectTagging(t *testing.T) {
	s := newServer(t, serverOptions{})
	s.put("/bucket/k", "hello", "x-amz-tagging", "team=storage&empty&a%20b=c%2Bd+e%26f")
	if got, want := s.tags("/bucket/k"), "team=storage, empty=, a b=c+d e&f"; got != want {
		t.Errorf("tags %q, want %q", got, want)
	}
	for _, method := range []string{"GET", "HEAD"} {
		if got := s.do(s.owner, method, "/bucket/k", "").Header.Get("X-Amz-Tagging-Count"); got != "3" {
			t.Errorf("%s: x-amz-tagging-count %q, want 3", method, got)
		}
	}
	modified := s.do(s.owner, "HEAD", "/bucket/k", "").Header.Get("Last-Modified")
	s.set("/bucket/k?tagging", tagSet("new", " value with spaces ", "größe", "&lt;1&gt;")).want(t, 200, "")
	if got, want := s.tags("/bucket/k"), "new= value with spaces , größe=<1>"; got != want {
		t.Errorf("tags %q, want %q", got, want)
	}
	if got := s.do(s.owner, "HEAD", "/bucket/k", "").Header.Get("Last-Modified"); got != modified {
		t.Errorf("Last-Modified %s, want %s as before", got, modified)
	}
	s.do(s.owner, "DELETE", "/bucket/k?tagging", "").want(t, 204, "")
	s.do(s.owner, "DELETE", "/bucket/k?tagging", "").want(t, 204, "")
	if got := s.tags("/bucket/k"); got != "" {
		t.Errorf("tags %q after they were deleted", got)
	}
	if got := s.do(s.owner, "HEAD", "/bucket/k", "").Header.Get("X-Amz-Tagging-Count"); got != "" {
		t.Errorf("x-amz-tagging-count %q without tags", got)
	}
	s.do(s.owner, "PUT", "/bucket/k?tagging", tagSet()).want(t, 400, "InvalidRequest") // no digest
	s.do(s.owner, "GET", "/bucket/none?tagging", "").want(t, 404, "NoSuchKey")
	s.set("/bucket/none?tagging", tagSet()).want(t, 404, "NoSuchKey")
	s.do(s.owner, "DELETE", "/bucket/none?tagging", "").want(t, 404, "NoSuchKey")
	s.do(s.owner, "PUT", "/bucket?acl", "", "x-amz-acl", "public-read-write").want(t, 200, "")
	s.do(s.other, "GET", "/bucket/k?tagging", "").want(t, 403, "AccessDenied")
	s.do(s.other, "PUT", "/bucket/theirs", "hello", "x-amz-tagging", "a=b").want(t, 403, "AccessDenied")
}

func TestTaggingErrors(t *testing.T) {
	s := newServer(t, serverOptions{})
	s.put("/bucket/k", "hello", "x-amz-tagging", "kept=yes")
	ten, tenHeader := manyTags(10)
	eleven, elevenHeader := manyTags(11)
	s.set("/bucket/k?tagging", ten).want(t, 200, "")
	s.put("/bucket/ten", "hello", "x-amz-tagging", tenHeader)
	s.put("/bucket/k", "hello", "x-amz-tagging", "kept=yes")
	documents := []struct{ body, code string }{
		{eleven, "BadRequest"},
		{tagSet("a", "1", "a", "2"), "InvalidTag"},
		{tagSet("", "1"), "InvalidTag"},
		{tagSet(strings.Repeat("ä", 129), ""), "InvalidTag"},
		{tagSet("a", strings.Repeat("ä", 257)), "InvalidTag"},
		{tagSet("ibm:a", "1"), "InvalidTag"},
		{"<Tagging/>", "MalformedXML"},
		{"<Tagging><TagSet><Tag><Key>a</Key></Tag></TagSet></Tagging>", "MalformedXML"},
		{"<Tagging><TagSet><Tag><Key>a</Key><Value>1</Value><Color/></Tag></TagSet></Tagging>", "MalformedXML"},
		{"<Tagging><TagSet><Label/></TagSet></Tagging>", "MalformedXML"},
		{"<Tags/>", "MalformedXML"},
	}
	for _, test := range documents {
		s.set("/bucket/k?tagging", test.body).want(t, 400, test.code)
	}
	for _, test := range []struct{ header, code string }{
		{elevenHeader, "BadRequest"},
		{"a=1&a=2", "InvalidTag"},
		{"=1", "InvalidTag"},
		{"a=%zz", "InvalidArgument"},
		{"a=%ff", "InvalidTag"},
		{strings.Repeat("a", 129) + "=1", "InvalidTag"},
	} {
		s.do(s.owner, "PUT", "/bucket/new", "hello", "x-amz-tagging", test.header).want(t, 400, test.code)
		s.do(s.owner, "POST", "/bucket/new?uploads", "", "x-amz-tagging", test.header).want(t, 400, test.code)
	}
	s.set("/bucket/k?tagging", tagSet(strings.Repeat("ä", 128), strings.Repeat("ä", 256))).want(t, 200, "")
	s.set("/bucket/k?tagging", tagSet("kept", "yes")).want(t, 200, "")
	if got := s.tags("/bucket/k"); got != "kept=yes" {
		t.Errorf("tags %q after refused changes", got)
	}
	s.do(s.owner, "HEAD", "/bucket/new", "").want(t, 404, "")
}

func TestTagsOfCopiesAndUploads(t *testing.T) {
	s := newServer(t, serverOptions{minPart: 5})
	s.put("/bucket/source", "hello", "x-amz-tagging", "a=1&b=2")
	for _, test := range []struct {
		headers []string
		code    string
		want    string
	}{
		{nil, "", "a=1, b=2"},
		{[]string{"x-amz-tagging-directive", "COPY"}, "", "a=1, b=2"},
		{[]string{"x-amz-tagging-directive", "REPLACE", "x-amz-tagging", "c=3"}, "", "c=3"},
		{[]string{"x-amz-tagging-directive", "REPLACE"}, "", ""},
		{[]string{"x-amz-metadata-directive", "REPLACE"}, "", "a=1, b=2"},
		{[]string{"x-amz-tagging-directive", "MERGE"}, "InvalidArgument", ""},
		{[]string{"x-amz-tagging", "c=3"}, "InvalidRequest", ""},
	} {
		r := s.do(s.owner, "PUT", "/bucket/copy", "", append(test.headers, "x-amz-copy-source", "bucket/source")...)
		if test.code != "" {
			r.want(t, 400, test.code)
			continue
		}
		r.want(t, 200, "")
		if got := s.tags("/bucket/copy"); got != test.want {
			t.Errorf("%v: tags %q, want %q", test.headers, got, test.want)
		}
	}
	s.finish("/bucket/parts", s.do(s.owner, "POST", "/bucket/parts?uploads", "", "x-amz-tagging", "d=4")).want(t, 200, "")
	if got := s.tags("/bucket/parts"); got != "d=4" {
		t.Errorf("tags of an upload %q, want d=4", got)
	}
}

func TestTagsOfVersions(t *testing.T) {
	s := newServer(t, serverOptions{})
	s.set("/bucket?versioning", "<VersioningConfiguration><Status>Enabled</Status></VersioningConfiguration>").want(t, 200, "")
	one, two := version(t, s.put("/bucket/k", "one", "x-amz-tagging", "n=1")), version(t, s.put("/bucket/k", "two", "x-amz-tagging", "n=2"))
	r := s.set("/bucket/k?versionId="+one+"&tagging", tagSet("n", "first"))
	if r.want(t, 200, ""); version(t, r) != one {
		t.Errorf("tagged version %s, want %s", version(t, r), one)
	}
	if got := s.tags("/bucket/k?versionId=" + one); got != "n=first" {
		t.Errorf("tags of the first version %q", got)
	}
	if got := s.tags("/bucket/k"); got != "n=2" {
		t.Errorf("tags of the current version %q", got)
	}
	s.do(s.owner, "DELETE", "/bucket/k?versionId="+two+"&tagging", "").want(t, 204, "")
	if got := s.tags("/bucket/k"); got != "" {
		t.Errorf("tags of the current version %q after they were deleted", got)
	}
	s.do(s.owner, "GET", "/bucket/k?versionId=0000&tagging", "").want(t, 404, "NoSuchVersion")
	s.do(s.owner, "DELETE", "/bucket/k", "").want(t, 204, "")
	s.do(s.owner, "GET", "/bucket/k?tagging", "").want(t, 404, "NoSuchKey")
}

func TestBucketTagging(t *testing.T) {
	s := newServer(t, serverOptions{})
	s.do(s.owner, "GET", "/bucket?tagging", "").want(t, 404, "NoSuchTagSet")
	s.do(s.owner, "PUT", "/bucket?tagging", tagSet("a", "1")).want(t, 400, "InvalidRequest") // no digest
	s.set("/bucket?tagging", tagSet("cost center", "42", "owner", "me")).want(t, 200, "")
	if got := s.tags("/bucket"); got != "cost center=42, owner=me" {
		t.Errorf("tags %q", got)
	}
	many, _ := manyTags(51)
	s.set("/bucket?tagging", many).want(t, 400, "BadRequest")
	s.do(s.owner, "DELETE", "/bucket?tagging", "").want(t, 204, "")
	s.do(s.owner, "GET", "/bucket?tagging", "").want(t, 404, "NoSuchTagSet")
	s.do(s.other, "GET", "/bucket?tagging", "").want(t, 403, "AccessDenied")
}
