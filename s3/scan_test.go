package s3

import (
	"bytes"
	"encoding/xml"
	"fmt"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// oracle is what encoding/xml makes of a listing.
type oracle struct {
	XMLName               xml.Name `xml:"ListBucketResult"`
	Name                  string
	Prefix                string
	Delimiter             string
	NextContinuationToken string
	EncodingType          string
	IsTruncated           string
	Contents              []struct {
		Key          string
		ETag         string
		StorageClass string
		Owner        struct{ ID, DisplayName string }
	}
	CommonPrefixes []struct{ Prefix []string }
}

// listPage returns a page such as the service sends.
func listPage(n int) []byte {
	var b bytes.Buffer
	fmt.Fprintf(&b, `<?xml version="1.0" encoding="UTF-8" standalone="yes"?><ListBucketResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><Name>bucket</Name><Prefix></Prefix><KeyCount>%d</KeyCount><MaxKeys>1000</MaxKeys><Delimiter></Delimiter><IsTruncated>true</IsTruncated><NextContinuationToken>abc</NextContinuationToken><EncodingType>url</EncodingType>`, n)
	for i := range n {
		fmt.Fprintf(&b, `<Contents><Key>some/directory/of/mine/object-%09d</Key><LastModified>2016-08-18T14:21:36.593Z</LastModified><ETag>&quot;d41d8cd98f00b204e9800998ecf8427e&quot;</ETag><Size>%d</Size><StorageClass>STANDARD</StorageClass></Contents>`, i, i)
	}
	b.WriteString(`</ListBucketResult>`)
	return b.Bytes()
}

// bareScan is the least that can be done with a page: finding the fields and making an Object of them.
func bareScan(doc []byte, list []Object) []Object {
	field := func(name string) []byte {
		i := bytes.Index(doc, []byte("<"+name+">"))
		doc = doc[i+len(name)+2:]
		j := bytes.IndexByte(doc, '<')
		v := doc[:j]
		doc = doc[j:]
		return v
	}
	for bytes.Contains(doc[:min(len(doc), 64)], []byte("<Contents>")) || len(list) == 0 {
		var o Object
		o.Key = string(field("Key"))
		o.LastModified, _ = parseISO(field("LastModified"))
		etag := field("ETag")
		o.ETag = string(etag[6 : len(etag)-6])
		o.Size, _ = strconv.ParseInt(string(field("Size")), 10, 64)
		o.StorageClass = "STANDARD"
		list = append(list, o)
		doc = doc[bytes.Index(doc, []byte("</Contents>"))+11:]
	}
	return list
}

func TestBareScanAgrees(t *testing.T) {
	doc := listPage(10)
	var r ListObjectsV2Response
	if err := r.parse(newScanner(doc)); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(bareScan(doc, nil), r.Contents); diff != "" {
		t.Errorf("Contents (-bare +ours):\n%s", diff)
	}
}

func BenchmarkScan(b *testing.B) {
	doc := listPage(1000)
	perKey := func(b *testing.B) {
		b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/1000, "ns/key")
		b.ReportAllocs()
		b.SetBytes(int64(len(doc)))
	}
	b.Run("ours", func(b *testing.B) {
		for b.Loop() {
			var r ListObjectsV2Response
			if err := r.parse(newScanner(doc)); err != nil || len(r.Contents) != 1000 {
				b.Fatal(err, len(r.Contents))
			}
		}
		perKey(b)
	})
	b.Run("bare", func(b *testing.B) {
		for b.Loop() {
			if n := len(bareScan(doc, make([]Object, 0, 1000))); n != 1000 {
				b.Fatal(n)
			}
		}
		perKey(b)
	})
	b.Run("encoding-xml", func(b *testing.B) {
		for b.Loop() {
			var o oracle
			if err := xml.Unmarshal(doc, &o); err != nil || len(o.Contents) != 1000 {
				b.Fatal(err)
			}
		}
		perKey(b)
	})
}

func TestScanList(t *testing.T) {
	doc := `<?xml version="1.0"?><!-- c --><x:ListBucketResult xmlns:x='a>b'>
 <Name>b</Name><Prefix>a%2Bb+c</Prefix><MaxKeys> 2 </MaxKeys><IsTruncated>True</IsTruncated>
 <Contents><Key>a%20b&amp;%E2%82%AC</Key><ETag>"e1"</ETag><Size>5</Size><LastModified>2016-08-18T14:21:36Z</LastModified><New><Key>no</Key></New>
  <Owner><ID>o</ID><DisplayName>d</DisplayName></Owner></Contents>
 <x:Contents><Key><![CDATA[<raw>]]>%zz</Key><ETag>&#34;e2&#x22;</ETag><Owner><ID>o</ID><DisplayName>d</DisplayName></Owner><StorageClass/></x:Contents>
 <CommonPrefixes><Prefix>p%2F</Prefix></CommonPrefixes><CommonPrefixes><Prefix>q/</Prefix></CommonPrefixes>
 <Unknown a="1" b='/>'/><EncodingType>url</EncodingType></x:ListBucketResult>`
	var got ListObjectsV2Response
	if err := got.parse(newScanner([]byte(doc))); err != nil {
		t.Fatal(err)
	}
	owner := Owner{ID: "o", DisplayName: "d"}
	want := ListObjectsV2Response{
		Name: "b", Prefix: "a+b c", MaxKeys: 2, IsTruncated: true,
		Contents: []Object{
			{Key: "a b&€", ETag: "e1", Size: 5, LastModified: time.Date(2016, 8, 18, 14, 21, 36, 0, time.UTC), Owner: owner},
			{Key: "<raw>%zz", ETag: "e2", Owner: owner},
		},
		CommonPrefixes: []string{"p/", "q/"},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("list (-want +got):\n%s", diff)
	}
}

func TestScanRefuses(t *testing.T) {
	tests := map[string]string{
		"nothing":        "",
		"cut in a tag":   "<ListBucketResult><Name",
		"cut in text":    "<ListBucketResult><Name>b",
		"cut in list":    "<ListBucketResult><Contents><Key>a</Key>",
		"cut in CDATA":   "<ListBucketResult><Name><![CDATA[b</Name></ListBucketResult>",
		"crossed":        "<ListBucketResult><Name>b</Prefix></ListBucketResult>",
		"doctype":        `<!DOCTYPE a [<!ENTITY e "x">]><ListBucketResult><Name>&e;</Name></ListBucketResult>`,
		"unknown entity": "<ListBucketResult><Name>&e;</Name></ListBucketResult>",
		"open entity":    "<ListBucketResult><Name>a & b</Name></ListBucketResult>",
		"not a number":   "<ListBucketResult><MaxKeys>many</MaxKeys></ListBucketResult>",
		"other document": "<Error><Code>c</Code></Error>",
		"too deep":       "<ListBucketResult>" + strings.Repeat("<a>", 100) + strings.Repeat("</a>", 100) + "</ListBucketResult>",
	}
	for name, doc := range tests {
		var r ListObjectsV2Response
		if err := r.parse(newScanner([]byte(doc))); err == nil {
			t.Errorf("%s: no error, got %+v", name, r)
		}
	}
}

// FuzzScan compares the scanner with encoding/xml wherever that accepts a document.
func FuzzScan(f *testing.F) {
	f.Add(listPage(2))
	f.Add([]byte(`<a:ListBucketResult><Name>x<!-- c -->y<b>z</b><![CDATA[&]]>&lt;</Name><Contents/><Contents><Key/></Contents></a:ListBucketResult >`))
	f.Add([]byte("<ListBucketResult><CommonPrefixes><Prefix>a\r\nb\rc&#xD;</Prefix></CommonPrefixes></ListBucketResult>"))
	f.Add([]byte(`<ListBucketResult><Contents><ETag>&quot;a&quot;</ETag><Owner><ID>i</ID></Owner></Contents></ListBucketResult>`))
	f.Fuzz(func(t *testing.T, doc []byte) {
		var got ListObjectsV2Response
		err := got.parse(newScanner(doc))
		var want oracle
		if xml.Unmarshal(doc, &want) != nil || bytes.Contains(doc, []byte("<!")) && !bytes.Contains(doc, []byte("<!--")) && !bytes.Contains(doc, []byte("<![CDATA[")) {
			return // and ours did not panic
		}
		if err != nil {
			// The oracle does not read numbers, and knows declarations and any depth.
			for _, allowed := range []error{errDoctype, errDepth} {
				if err == allowed {
					return
				}
			}
			if strings.Contains(err.Error(), "number") {
				return
			}
			t.Fatalf("ours: %v, encoding/xml accepts %q", err, doc)
		}
		if want.EncodingType == "url" {
			return
		}
		if got.Name != want.Name || got.Prefix != want.Prefix || got.Delimiter != want.Delimiter || got.NextContinuationToken != want.NextContinuationToken {
			t.Errorf("%q: got %+v, want %+v", doc, got, want)
		}
		if len(got.Contents) != len(want.Contents) {
			t.Fatalf("%q: got %d entries, want %d", doc, len(got.Contents), len(want.Contents))
		}
		for i, w := range want.Contents {
			g := got.Contents[i]
			etag := strings.TrimSpace(w.ETag)
			if g.Key != w.Key || g.ETag != unquoteETag(etag) || g.StorageClass != w.StorageClass {
				t.Errorf("%q: entry %d: got %+v, want %+v", doc, i, g, w)
			}
		}
		var prefixes []string
		for _, p := range want.CommonPrefixes {
			prefixes = append(prefixes, p.Prefix...)
		}
		if !cmp.Equal(got.CommonPrefixes, prefixes) {
			t.Errorf("%q: got prefixes %q, want %q", doc, got.CommonPrefixes, prefixes)
		}
	})
}

// FuzzError checks that no body of an error answer does harm.
func FuzzError(f *testing.F) {
	f.Add([]byte(`<?xml version="1.0"?><Error><Code>NoSuchKey</Code><Message>m</Message><httpStatusCode>404</httpStatusCode></Error>`), 200)
	f.Add([]byte(`<html><head><title>502 Bad Gateway</title></head><body>nginx</body></html>`), 502)
	f.Add([]byte{0xff, '<', 0}, 403)
	f.Fuzz(func(t *testing.T, body []byte, status int) {
		e := &Error{StatusCode: status}
		e.read(body)
		if e.Code == "" {
			e.Code = codeOf(status)
		}
		if s := summary(body); len(s) > 200 {
			t.Errorf("summary of %d bytes", len(s))
		}
		if e.Error() == "" {
			t.Error("no text")
		}
	})
}

// FuzzPath checks that a key survives the path that net/http sends.
func FuzzPath(f *testing.F) {
	for _, key := range []string{"a", "a b", "a+b", "%2F", "a//b", "/a", "../../etc/passwd", "a/./b", "𝄞", "trailing ", "*", "?x=y#z", "\xff", ":;=@&$,!'()"} {
		f.Add(key)
	}
	f.Fuzz(func(t *testing.T, key string) {
		if key == "" {
			return
		}
		checkPath(t, key)
	})
}
