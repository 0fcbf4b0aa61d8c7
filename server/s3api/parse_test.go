package s3api

import (
	"encoding/xml"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/icos-go/icos/server/store"
)

func TestCombineMatchesWhole(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 4))
	for _, a := range checksumAlgorithms {
		if a.crc == 0 {
			continue
		}
		for range 50 {
			var parts []store.Part
			whole := a.new()
			for range 1 + rng.IntN(5) {
				body := make([]byte, rng.IntN(3000)) // empty parts too
				for i := range body {
					body[i] = byte(rng.Uint32())
				}
				h := a.new()
				h.Write(body)
				whole.Write(body)
				parts = append(parts, store.Part{Size: int64(len(body)), Checksum: store.Checksum{Algorithm: a.name, Value: base64Sum(h)}})
			}
			got, err := a.combine(fullObject, parts)
			if err != nil {
				t.Fatal(err)
			}
			if want := base64Sum(whole); got.Value != want {
				t.Fatalf("%s of %d parts: %s, want %s", a.name, len(parts), got.Value, want)
			}
		}
	}
}

// TestChecksumVectors holds the polynomials to the published check values of "123456789".
func TestChecksumVectors(t *testing.T) {
	for name, want := range map[string]string{"CRC32": "cbf43926", "CRC32C": "e3069283", "CRC64NVME": "ae8b14860a799888"} {
		a, found := findChecksum(name)
		if !found {
			t.Fatalf("no %s", name)
		}
		h := a.new()
		h.Write([]byte("123456789"))
		if got := fmt.Sprintf("%x", h.Sum(nil)); got != want {
			t.Errorf("%s = %s, want %s", name, got, want)
		}
	}
}

func TestCombineRefusesPartsWithoutChecksum(t *testing.T) {
	a, _ := findChecksum("CRC32")
	for _, sum := range []store.Checksum{{}, {Algorithm: "SHA1", Value: "AAAA"}, {Algorithm: "CRC32", Value: "AA"}, {Algorithm: "CRC32", Value: "AAAAAAAA"}} {
		if got, err := a.combine(composite, []store.Part{{Number: 1, Checksum: sum}}); err == nil {
			t.Errorf("combine(%+v) = %+v, want an error", sum, got)
		}
	}
}

func TestAppendTime(t *testing.T) {
	for _, at := range []time.Time{{}, time.Unix(0, 0), time.Date(2016, 8, 18, 14, 21, 36, 593e6, time.UTC), time.Date(1999, 12, 31, 23, 59, 59, 999999999, time.FixedZone("", 3600)), time.Date(12345, 1, 1, 0, 0, 0, 0, time.UTC)} {
		if got, want := string(appendTime(nil, at)), at.UTC().Format(timeLayout); got != want {
			t.Errorf("appendTime = %s, want %s", got, want)
		}
	}
}

func TestRequestIDsAreUUIDs(t *testing.T) {
	id := newRequestID()
	if len(id) != 36 || id[14] != '4' || !strings.ContainsRune("89ab", rune(id[19])) || strings.Count(id, "-") != 4 || id == newRequestID() {
		t.Errorf("request id %s", id)
	}
}

// FuzzEscape holds the writer to encoding/xml: what XML can hold at all comes back as it went in.
func FuzzEscape(f *testing.F) {
	for _, s := range []string{"", "a<b>&\"'", "\t\n\r", "\x00", "\u2028", "\ufffe", "\xff", "🔑"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		x := newXML()
		defer x.free()
		x.text("K", s)
		if !utf8.Valid(x.b) {
			t.Fatalf("not UTF-8: %q", x.b)
		}
		var got string
		if err := xml.Unmarshal(x.b, &got); err != nil {
			if strings.ContainsFunc(s, func(r rune) bool { return r < ' ' || r == 0xfffe || r == 0xffff || r == utf8.RuneError }) {
				return // XML 1.0 has no way to write these
			}
			t.Fatalf("%v in %s", err, x.b)
		}
		if utf8.ValidString(s) && got != s {
			t.Fatalf("%q came back as %q", s, got)
		}
	})
}

func FuzzRange(f *testing.F) {
	for _, s := range []string{"bytes=0-0", "bytes=-5", "bytes=5-", "bytes=9223372036854775807-9223372036854775808", "bytes=0-1,2-3", "bytes=-", "items=1-2"} {
		f.Add(s, int64(10))
	}
	f.Fuzz(func(t *testing.T, header string, size int64) {
		if size < 0 {
			return
		}
		r, whole, err := parseRange(header, size)
		if err != nil {
			return
		}
		if r.off < 0 || r.n < 0 || r.off+r.n > size || whole && r.n != size || !whole && r.n == 0 {
			t.Fatalf("parseRange(%q, %d) = %+v, %v", header, size, r, whole)
		}
	})
}

func FuzzCopyRange(f *testing.F) {
	f.Add("bytes=0-5")
	f.Add("bytes=5-0")
	f.Fuzz(func(t *testing.T, header string) {
		first, last, err := parseCopyRange(header)
		if err == nil && (first < 0 || last < first) {
			t.Fatalf("parseCopyRange(%q) = %d, %d", header, first, last)
		}
	})
}

func FuzzCopySource(f *testing.F) {
	for _, s := range []string{"bucket/key", "/bucket/a%20b?versionId=null", "bucket%2Fkey", "//", "b/%ff", "b/k?versionId="} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, header string) {
		bucket, key, _, err := parseCopySource(header)
		if err != nil {
			return
		}
		if !plausibleBucket(bucket) || bucket == "" || key == "" || len(key) > store.MaxKeyLength || !utf8.ValidString(key) {
			t.Fatalf("parseCopySource(%q) = %q, %q", header, bucket, key)
		}
	})
}

func FuzzQuery(f *testing.F) {
	f.Add("a=b&c&d=%20+&=x&&")
	f.Fuzz(func(t *testing.T, raw string) {
		q, err := parseQuery(raw)
		if err == nil && len(q) > maxParameters {
			t.Fatalf("%d parameters", len(q))
		}
	})
}

// fuzzDocument feeds a parser of documents what the fuzzer makes of the seeds.
func fuzzDocument(f *testing.F, root string, parse func(*testing.T, *element), seeds ...string) {
	for _, s := range append(seeds, "", "<", "<"+root+"/>", "<!DOCTYPE x>", "<a><b></a></b>", "<"+root+" xmlns='x'>&#1;</"+root+">") {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		top, err := parseXML(body, root)
		if err != nil {
			if e := toAPIError(err); e.status != 400 {
				t.Fatalf("error %v has status %d", err, e.status)
			}
			return
		}
		if top.name != root {
			t.Fatalf("root %q", top.name)
		}
		parse(t, top)
	})
}

func FuzzDeleteXML(f *testing.F) {
	fuzzDocument(f, "Delete", func(t *testing.T, top *element) {
		list, _, err := parseDelete(top)
		if err == nil && (len(list) == 0 || len(list) > maxDelete) {
			t.Fatalf("%d objects", len(list))
		}
	}, "<Delete><Quiet>true</Quiet><Object><Key>a</Key><VersionId>null</VersionId></Object></Delete>")
}

func FuzzCompleteXML(f *testing.F) {
	a, _ := findChecksum("CRC32")
	fuzzDocument(f, "CompleteMultipartUpload", func(t *testing.T, top *element) {
		parts, err := parseComplete(top, a)
		if err == nil && (len(parts) == 0 || slices.ContainsFunc(parts, func(p store.CompletedPart) bool { return p.Number < 1 || p.Number > store.MaxParts || p.ETag == "" })) {
			t.Fatalf("parts %+v", parts)
		}
	}, `<CompleteMultipartUpload><Part><ETag>"e"</ETag><PartNumber>1</PartNumber><ChecksumCRC32>AAAAAA==</ChecksumCRC32></Part></CompleteMultipartUpload>`)
}

// FuzzCORSXML checks also that what is stored of a configuration reads back as the same rules.
func FuzzCORSXML(f *testing.F) {
	fuzzDocument(f, "CORSConfiguration", func(t *testing.T, top *element) {
		rules, err := parseCORS(top)
		if err != nil {
			return
		}
		x := newXML()
		defer x.free()
		x.cors(rules)
		again, err := parseXML(x.b, "CORSConfiguration")
		if err != nil {
			t.Fatalf("%v in %s", err, x.b)
		}
		got, err := parseCORS(again)
		if err != nil || fmt.Sprint(got) != fmt.Sprint(rules) {
			t.Fatalf("%v became %v (%v)", rules, got, err)
		}
		matchCORS(rules, "http://a", "GET", []string{"x-a"})
	}, `<CORSConfiguration><CORSRule><ID>i</ID><AllowedOrigin>*</AllowedOrigin><AllowedMethod>GET</AllowedMethod><AllowedHeader>*</AllowedHeader><ExposeHeader>E</ExposeHeader><MaxAgeSeconds>1</MaxAgeSeconds></CORSRule></CORSConfiguration>`)
}

func FuzzACLXML(f *testing.F) {
	fuzzDocument(f, "AccessControlPolicy", func(t *testing.T, top *element) {
		_, acl, err := parseACL(top)
		if err != nil {
			return
		}
		for _, g := range acl.Grants {
			if g.Permission == "" || (g.Grantee.ID == "") == (g.Grantee.URI == "") {
				t.Fatalf("grant %+v", g)
			}
		}
	}, `<AccessControlPolicy><Owner><ID>o</ID></Owner><AccessControlList><Grant><Grantee xmlns:xsi="x" xsi:type="Group"><URI>u</URI></Grantee><Permission>READ</Permission></Grant></AccessControlList></AccessControlPolicy>`)
}

func FuzzLocationXML(f *testing.F) {
	fuzzDocument(f, "CreateBucketConfiguration", func(t *testing.T, top *element) {
		if c := top.value("LocationConstraint"); checkLocation(c) == nil && (c == "" || strings.ContainsAny(c, " <")) {
			t.Fatalf("location %q", c)
		}
	}, "<CreateBucketConfiguration><LocationConstraint>us-south-standard</LocationConstraint></CreateBucketConfiguration>")
}

func BenchmarkListPage(b *testing.B) {
	page := make([]store.Object, 1000)
	for i := range page {
		page[i] = store.Object{Key: fmt.Sprintf("some/prefix/and/a/name-%06d.bin", i), Size: 4096, ETag: "5d41402abc4b2a76b9719d911017c592", Modified: time.Unix(1700000000, 5e8)}
	}
	b.ReportAllocs()
	for b.Loop() {
		x := newXML()
		for i := range page {
			x.contents(&page[i], "8f2b2ff5-45f9-44e8-ab38-4e0fe4771bc2", "STANDARD")
		}
		b.SetBytes(int64(len(x.b)))
		x.free()
	}
}

func BenchmarkParseDelete(b *testing.B) {
	var s strings.Builder
	s.WriteString("<Delete>")
	for i := range maxDelete {
		fmt.Fprintf(&s, "<Object><Key>some/prefix/name-%06d.bin</Key></Object>", i)
	}
	s.WriteString("</Delete>")
	body := []byte(s.String())
	b.SetBytes(int64(len(body)))
	b.ReportAllocs()
	for b.Loop() {
		top, err := parseXML(body, "Delete")
		if err != nil {
			b.Fatal(err)
		}
		if _, _, err := parseDelete(top); err != nil {
			b.Fatal(err)
		}
	}
}
