package s3api_test

import (
	"crypto/md5"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"hash/crc32"
	"slices"
	"strings"
	"testing"
)

// upload is a multipart upload under way.
type upload struct {
	s        *server
	path, id string
}

func (s *server) begin(path string, headers ...string) *upload {
	s.t.Helper()
	r := s.do(s.owner, "POST", path+"?uploads", "", headers...)
	r.want(s.t, 200, "")
	result := decode[struct{ Bucket, Key, UploadId string }](s.t, r) //nolint:revive // as in the document
	if result.UploadId == "" {
		s.t.Fatalf("no upload id in %s", r.body)
	}
	return &upload{s, path, result.UploadId}
}

// part uploads a part and returns its element of the Complete document.
func (u *upload) part(number int, body string, headers ...string) string {
	u.s.t.Helper()
	r := u.put(number, body, headers...)
	r.want(u.s.t, 200, "")
	return fmt.Sprintf("<Part><ETag>%s</ETag><PartNumber>%d</PartNumber></Part>", r.Header.Get("ETag"), number)
}

func (u *upload) put(number int, body string, headers ...string) *response {
	u.s.t.Helper()
	return u.s.do(u.s.owner, "PUT", fmt.Sprintf("%s?partNumber=%d&uploadId=%s", u.path, number, u.id), body, headers...)
}

// complete takes headers, names and values in turn, and then part elements.
func (u *upload) complete(args ...string) *response {
	u.s.t.Helper()
	i := slices.IndexFunc(args, func(s string) bool { return strings.HasPrefix(s, "<Part>") })
	if i < 0 {
		i = len(args)
	}
	body := `<CompleteMultipartUpload xmlns="http://s3.amazonaws.com/doc/2006-03-01/">` + strings.Join(args[i:], "") + `</CompleteMultipartUpload>`
	return u.s.do(u.s.owner, "POST", u.path+"?uploadId="+u.id, body, args[:i]...)
}

type completeResult struct {
	Location, Bucket, Key, ETag                  string
	ChecksumCRC32, ChecksumCRC64NVME             string
	ChecksumCRC32C, ChecksumSHA256, ChecksumType string
}

func TestMultipart(t *testing.T) {
	s := newServer(t, serverOptions{minPart: 5})
	u := s.begin("/bucket/a%20b", "Content-Type", "text/plain", "x-amz-meta-k", "v")
	p2 := u.part(2, "world")
	u.part(1, "wrong")
	p1 := u.part(1, "hello") // replaces the first
	p7 := u.part(7, "!")
	s.do(s.owner, "GET", "/bucket/a%20b", "").want(t, 404, "NoSuchKey")
	r := u.complete(p1, p2, p7)
	r.want(t, 200, "")
	var sums []byte
	for _, part := range []string{"hello", "world", "!"} {
		sum := md5.Sum([]byte(part))
		sums = append(sums, sum[:]...)
	}
	whole := md5.Sum(sums)
	etag := `"` + hex.EncodeToString(whole[:]) + `-3"`
	result := decode[completeResult](t, r)
	if result.Bucket != "bucket" || result.Key != "a b" || result.ETag != etag || result.Location != s.url+"/bucket/a%20b" {
		t.Errorf("result %+v, want ETag %s", result, etag)
	}
	r = s.do(s.owner, "GET", "/bucket/a%20b", "")
	if r.body != "helloworld!" || r.Header.Get("ETag") != etag || r.Header.Get("Content-Type") != "text/plain" || r.Header.Get("X-Amz-Meta-K") != "v" {
		t.Errorf("GET: %q %v", r.body, r.Header)
	}
	tests := []struct{ number, body, rng string }{{"1", "hello", "bytes 0-4/11"}, {"2", "world", "bytes 5-9/11"}, {"3", "!", "bytes 10-10/11"}}
	for _, test := range tests {
		r := s.do(s.owner, "GET", "/bucket/a%20b?partNumber="+test.number, "")
		if r.StatusCode != 206 || r.body != test.body || r.Header.Get("Content-Range") != test.rng || r.Header.Get("X-Amz-Mp-Parts-Count") != "3" {
			t.Errorf("part %s: %d %q %v", test.number, r.StatusCode, r.body, r.Header)
		}
		if r := s.do(s.owner, "HEAD", "/bucket/a%20b?partNumber="+test.number, ""); r.StatusCode != 206 || r.ContentLength != int64(len(test.body)) {
			t.Errorf("HEAD of part %s: %d, length %d", test.number, r.StatusCode, r.ContentLength)
		}
	}
	s.do(s.owner, "GET", "/bucket/a%20b?partNumber=4", "").want(t, 416, "InvalidPartNumber")
	s.do(s.owner, "GET", "/bucket/a%20b?partNumber=0", "").want(t, 400, "InvalidArgument")
	s.do(s.owner, "GET", "/bucket/a%20b?partNumber=1", "", "Range", "bytes=0-1").want(t, 400, "InvalidRequest")
	u.put(1, "late").want(t, 404, "NoSuchUpload")
}

func TestPartNumberOfSingleObject(t *testing.T) {
	s := newServer(t, serverOptions{})
	s.put("/bucket/k", "hello")
	r := s.do(s.owner, "GET", "/bucket/k?partNumber=1", "")
	if r.StatusCode != 206 || r.body != "hello" || r.Header.Get("X-Amz-Mp-Parts-Count") != "" {
		t.Errorf("part 1: %d %q %v", r.StatusCode, r.body, r.Header)
	}
	s.do(s.owner, "HEAD", "/bucket/k?partNumber=2", "").want(t, 416, "InvalidPartNumber")
}

func TestCompleteErrors(t *testing.T) {
	s := newServer(t, serverOptions{minPart: 5})
	u := s.begin("/bucket/k")
	p1, p2, small := u.part(1, "hello"), u.part(2, "world"), u.part(3, "x")
	const unknown = `<Part><ETag>"0123"</ETag><PartNumber>1</PartNumber></Part>`
	tests := []struct {
		name  string
		parts []string
		code  string
	}{
		{"order", []string{p2, p1}, "InvalidPartOrder"},
		{"twice", []string{p1, p1}, "InvalidPartOrder"},
		{"other etag", []string{unknown, p2}, "InvalidPart"},
		{"not uploaded", []string{p1, strings.Replace(p2, ">2<", ">4<", 1)}, "InvalidPart"},
		{"small in the middle", []string{p1, small, strings.Replace(p2, ">2<", ">4<", 1)}, "InvalidPart"},
		{"number 0", []string{strings.Replace(p1, ">1<", ">0<", 1)}, "InvalidArgument"},
		{"number 10001", []string{strings.Replace(p1, ">1<", ">10001<", 1)}, "InvalidArgument"},
		{"no number", []string{"<Part><ETag>x</ETag></Part>"}, "MalformedXML"},
		{"no etag", []string{"<Part><PartNumber>1</PartNumber></Part>"}, "MalformedXML"},
		{"none", nil, "MalformedXML"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) { u.complete(test.parts...).want(t, 400, test.code) })
	}
	p4 := u.part(4, "again")
	u.complete(p1, small, p4).want(t, 400, "EntityTooSmall")
	s.do(s.owner, "POST", u.path+"?uploadId="+u.id, "").want(t, 400, "MissingRequestBodyError")
	(&upload{s, "/bucket/k", "01000162-0000-4000-8000-000000000000"}).complete(p1).want(t, 404, "NoSuchUpload")
	(&upload{s, "/bucket/other", u.id}).complete(p1).want(t, 404, "NoSuchUpload")
	u.complete(p1, p2).want(t, 200, "")
	// The answer may be lost: the same request again is answered again.
	u.complete(p1, p2).want(t, 200, "")
}

func TestPartErrors(t *testing.T) {
	s := newServer(t, serverOptions{})
	u := s.begin("/bucket/k")
	u.put(0, "x").want(t, 400, "InvalidArgument")
	u.put(10001, "x").want(t, 400, "InvalidArgument")
	s.do(s.owner, "PUT", "/bucket/k?partNumber=x&uploadId="+u.id, "x").want(t, 400, "InvalidArgument")
	s.do(s.owner, "PUT", "/bucket/k?partNumber=1", "x").want(t, 400, "InvalidArgument")
	s.do(s.owner, "PUT", "/bucket/k?partNumber=1&uploadId=none", "x").want(t, 404, "NoSuchUpload")
	s.do(s.owner, "DELETE", "/bucket/k?uploadId="+u.id, "").want(t, 204, "")
	s.do(s.owner, "DELETE", "/bucket/k?uploadId="+u.id, "").want(t, 404, "NoSuchUpload")
	s.do(s.owner, "GET", "/bucket/k?uploadId="+u.id, "").want(t, 404, "NoSuchUpload")
}

func TestListPartsAndUploads(t *testing.T) {
	s := newServer(t, serverOptions{})
	u := s.begin("/bucket/d/k")
	second := s.begin("/bucket/d/k")
	s.begin("/bucket/x%20y")
	for _, number := range []int{1, 3, 5} {
		u.part(number, strings.Repeat("x", number))
	}
	type partsResult struct {
		Key, UploadId                                    string //nolint:revive // as in the document
		PartNumberMarker, NextPartNumberMarker, MaxParts int
		IsTruncated                                      bool
		Owner, Initiator                                 struct{ ID, DisplayName string }
		Part                                             []struct {
			PartNumber int
			Size       int64
			ETag       string
		}
	}
	page := decode[partsResult](t, s.do(s.owner, "GET", u.path+"?max-parts=2&uploadId="+u.id, ""))
	if len(page.Part) != 2 || !page.IsTruncated || page.NextPartNumberMarker != 3 || page.Owner.DisplayName == "" || page.Initiator.ID == "" {
		t.Errorf("first page %+v", page)
	}
	page = decode[partsResult](t, s.do(s.owner, "GET", u.path+"?part-number-marker=3&uploadId="+u.id, ""))
	if len(page.Part) != 1 || page.IsTruncated || page.Part[0].PartNumber != 5 || page.Part[0].Size != 5 {
		t.Errorf("last page %+v", page)
	}
	type uploadsResult struct {
		NextKeyMarker, NextUploadIdMarker string //nolint:revive // as in the document
		IsTruncated                       bool
		Upload                            []struct{ Key, UploadId string } //nolint:revive // as in the document
		CommonPrefixes                    []struct{ Prefix string }
	}
	var ids []string
	query := ""
	for {
		page := decode[uploadsResult](t, s.do(s.owner, "GET", "/bucket?uploads&max-uploads=1"+query, ""))
		for _, u := range page.Upload {
			ids = append(ids, u.UploadId)
		}
		if !page.IsTruncated {
			break
		}
		query = "&key-marker=" + escape(page.NextKeyMarker) + "&upload-id-marker=" + page.NextUploadIdMarker
	}
	if len(ids) != 3 || !slices.Contains(ids, u.id) || !slices.Contains(ids, second.id) {
		t.Errorf("uploads %v, want 3 with %s and %s", ids, u.id, second.id)
	}
	byPrefix := decode[uploadsResult](t, s.do(s.owner, "GET", "/bucket?uploads&delimiter=/&encoding-type=url", ""))
	if len(byPrefix.Upload) != 1 || byPrefix.Upload[0].Key != "x%20y" || len(byPrefix.CommonPrefixes) != 1 || byPrefix.CommonPrefixes[0].Prefix != "d/" {
		t.Errorf("by delimiter %+v", byPrefix)
	}
	s.do(s.owner, "GET", u.path+"?max-parts=-1&uploadId="+u.id, "").want(t, 400, "InvalidArgument")
	s.do(s.owner, "GET", u.path+"?part-number-marker=x&uploadId="+u.id, "").want(t, 400, "InvalidArgument")
}

func TestMultipartChecksums(t *testing.T) {
	s := newServer(t, serverOptions{minPart: -1})
	crc := func(body string) []byte {
		return binary.BigEndian.AppendUint32(nil, crc32.ChecksumIEEE([]byte(body)))
	}
	composite := base64.StdEncoding.EncodeToString(binary.BigEndian.AppendUint32(nil, crc32.ChecksumIEEE(slices.Concat(crc("hello"), crc("world"))))) + "-2"
	tests := []struct {
		name       string
		create     []string
		parts      bool // send checksums with the parts
		complete   []string
		want, kind string
		code       string
	}{
		{name: "none"},
		{name: "composite", create: []string{"X-Amz-Checksum-Algorithm", "CRC32"}, parts: true, want: composite, kind: "COMPOSITE"},
		{name: "composite, computed here", create: []string{"X-Amz-Checksum-Algorithm", "crc32"}, want: composite, kind: "COMPOSITE"},
		{name: "full", create: []string{"X-Amz-Checksum-Algorithm", "CRC32", "X-Amz-Checksum-Type", "FULL_OBJECT"}, parts: true, want: crc32Base64("helloworld"), kind: "FULL_OBJECT"},
		{name: "full, checked", create: []string{"X-Amz-Checksum-Algorithm", "CRC32", "X-Amz-Checksum-Type", "FULL_OBJECT"}, complete: []string{"X-Amz-Checksum-Crc32", crc32Base64("helloworld")}, want: crc32Base64("helloworld"), kind: "FULL_OBJECT"},
		{name: "full, wrong", create: []string{"X-Amz-Checksum-Algorithm", "CRC32", "X-Amz-Checksum-Type", "FULL_OBJECT"}, complete: []string{"X-Amz-Checksum-Crc32", crc32Base64("other")}, code: "BadDigest"},
		{name: "wrong type", create: []string{"X-Amz-Checksum-Algorithm", "CRC32"}, complete: []string{"X-Amz-Checksum-Type", "FULL_OBJECT"}, code: "InvalidRequest"},
		{name: "right size", complete: []string{"X-Amz-Mp-Object-Size", "10"}},
		{name: "wrong size", complete: []string{"X-Amz-Mp-Object-Size", "11"}, code: "InvalidRequest"},
		{name: "unexpected", complete: []string{"X-Amz-Checksum-Crc32", crc32Base64("helloworld")}, code: "InvalidRequest"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			u := s.begin("/bucket/k", test.create...)
			var elements []string
			for i, body := range []string{"hello", "world"} {
				var headers []string
				if test.parts {
					headers = []string{"X-Amz-Checksum-Crc32", crc32Base64(body)}
				}
				elements = append(elements, u.part(i+1, body, headers...))
			}
			r := u.complete(append(test.complete, elements...)...)
			if test.code != "" {
				r.want(t, 400, test.code)
				return
			}
			r.want(t, 200, "")
			result := decode[completeResult](t, r)
			if result.ChecksumCRC32 != test.want || result.ChecksumType != test.kind {
				t.Errorf("checksum %q %q, want %q %q", result.ChecksumCRC32, result.ChecksumType, test.want, test.kind)
			}
			head := s.do(s.owner, "HEAD", "/bucket/k", "", "X-Amz-Checksum-Mode", "ENABLED").Header
			if head.Get("X-Amz-Checksum-Crc32") != test.want || head.Get("X-Amz-Checksum-Type") != test.kind {
				t.Errorf("HEAD: %v", head)
			}
		})
	}
	for _, headers := range [][]string{
		{"X-Amz-Checksum-Algorithm", "MD4"},
		{"X-Amz-Checksum-Algorithm", "SHA256", "X-Amz-Checksum-Type", "FULL_OBJECT"},
		{"X-Amz-Checksum-Algorithm", "CRC64NVME", "X-Amz-Checksum-Type", "COMPOSITE"},
		{"X-Amz-Checksum-Algorithm", "CRC32", "X-Amz-Checksum-Type", "HALF"},
		{"X-Amz-Checksum-Type", "FULL_OBJECT"},
	} {
		s.do(s.owner, "POST", "/bucket/k?uploads", "", headers...).want(t, 400, "InvalidRequest")
	}
	u := s.begin("/bucket/k", "X-Amz-Checksum-Algorithm", "SHA256")
	u.put(1, "hello", "X-Amz-Checksum-Crc32", crc32Base64("hello")).want(t, 400, "InvalidRequest")
}

func TestUploadPartCopy(t *testing.T) {
	s := newServer(t, serverOptions{minPart: -1})
	s.put("/bucket/source", "0123456789")
	for _, create := range [][]string{nil, {"X-Amz-Checksum-Algorithm", "CRC32C", "X-Amz-Checksum-Type", "FULL_OBJECT"}} {
		u := s.begin("/bucket/target", create...)
		var parts []string
		for i, rng := range []string{"bytes=2-4", ""} {
			headers := []string{"X-Amz-Copy-Source", "/bucket/source"}
			if rng != "" {
				headers = append(headers, "X-Amz-Copy-Source-Range", rng)
			}
			r := u.put(i+1, "", headers...)
			r.want(t, 200, "")
			result := decode[struct{ ETag, LastModified, ChecksumCRC32C string }](t, r)
			if (result.ChecksumCRC32C != "") != (create != nil) {
				t.Errorf("checksum %q with %q", result.ChecksumCRC32C, create)
			}
			parts = append(parts, fmt.Sprintf("<Part><PartNumber>%d</PartNumber><ETag>%s</ETag></Part>", i+1, result.ETag))
		}
		u.complete(parts...).want(t, 200, "")
		if got := s.do(s.owner, "GET", "/bucket/target", "").body; got != "2340123456789" {
			t.Errorf("GET: %q", got)
		}
	}
	u := s.begin("/bucket/target")
	for _, rng := range []string{"bytes=5-10", "bytes=4-2", "bytes=-3", "bytes=3-", "bytes=0-1,3-4", "0-1", "bytes=a-b", "bytes=0-99999999999999999999"} {
		u.put(1, "", "X-Amz-Copy-Source", "bucket/source", "X-Amz-Copy-Source-Range", rng).want(t, 400, "InvalidArgument")
	}
	u.put(1, "", "X-Amz-Copy-Source", "bucket/none").want(t, 404, "NoSuchKey")
	u.put(1, "", "X-Amz-Copy-Source", "nosuchbucket/none").want(t, 404, "NoSuchBucket")
	u.put(1, "", "X-Amz-Copy-Source", "bucket/source", "X-Amz-Copy-Source-If-Match", "x").want(t, 412, "PreconditionFailed")
}
