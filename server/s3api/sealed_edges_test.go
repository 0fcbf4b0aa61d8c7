package s3api_test

import (
	"fmt"
	"strings"
	"testing"
	"time"
)

// beginUpload starts an upload and returns its path with uploadId.
func (s *server) beginUpload(path string, headers ...string) string {
	s.t.Helper()
	r := s.do(s.owner, "POST", path+"?uploads", "", headers...)
	r.want(s.t, 200, "")
	return path + "?uploadId=" + between(r.body, "<UploadId>", "<")
}

// storePart stores a part and returns its element of a completion.
func (s *server) storePart(upload string, n int, body string, headers ...string) string {
	s.t.Helper()
	r := s.do(s.owner, "PUT", fmt.Sprintf("%s&partNumber=%d", upload, n), body, headers...)
	r.want(s.t, 200, "")
	etag := r.Header.Get("Etag")
	if etag == "" {
		etag = between(r.body, "<ETag>", "<")
	}
	return fmt.Sprintf("<Part><PartNumber>%d</PartNumber><ETag>%s</ETag></Part>", n, etag)
}

func (s *server) completeUpload(upload string, parts ...string) *response {
	s.t.Helper()
	return s.do(s.owner, "POST", upload, "<CompleteMultipartUpload>"+strings.Join(parts, "")+"</CompleteMultipartUpload>")
}

// TestRootKeyChangesDuringUpload rotates and disables the root key between the parts of an upload and its completion.
func TestRootKeyChangesDuringUpload(t *testing.T) {
	s := newServer(t, serverOptions{minPart: -1})
	id, _ := s.vault()
	act := func(action string) {
		t.Helper()
		if w := s.keyProtect("POST", "/"+id+"/actions/"+action, ""); w.Code != 204 {
			t.Fatalf("%s: %d %s", action, w.Code, w.Body)
		}
	}
	bodies := []string{plaintext(70 << 10), "", plaintext(10), plaintext(64 << 10), ""}
	upload := s.beginUpload("/vault/o")
	var parts []string
	for i, body := range bodies {
		parts = append(parts, s.storePart(upload, i+1, body))
		act("rotate")
	}
	act("disable")
	s.do(s.owner, "PUT", upload+"&partNumber=9", "x").want(t, 403, "AccessDenied")
	s.do(s.owner, "PUT", upload+"&partNumber=9", "", "x-amz-copy-source", "vault/o").want(t, 403, "AccessDenied")
	act("enable")
	s.completeUpload(upload, parts...).want(t, 200, "")
	s.completeUpload(upload, parts...).want(t, 200, "") // its answer may have been lost
	whole := strings.Join(bodies, "")
	s.do(s.owner, "GET", "/vault/o", "").equals(t, whole)
	for _, r := range [][2]int{{0, 0}, {70<<10 - 1, 70 << 10}, {70 << 10, 70<<10 + 10}, {65535, 65536}, {len(whole) - 1, len(whole) - 1}, {5, len(whole) - 2}} {
		s.do(s.owner, "GET", "/vault/o", "", "Range", fmt.Sprintf("bytes=%d-%d", r[0], r[1])).equals(t, whole[r[0]:r[1]+1])
	}
	for i, body := range bodies {
		s.do(s.owner, "GET", fmt.Sprint("/vault/o?partNumber=", i+1), "").equals(t, body)
	}
	s.do(s.owner, "PUT", "/vault/copy", "", "x-amz-copy-source", "vault/o").want(t, 200, "")
	upload = s.beginUpload("/vault/parts")
	first := s.storePart(upload, 1, "", "x-amz-copy-source", "vault/o", "x-amz-copy-source-range", fmt.Sprintf("bytes=%d-%d", 70<<10-5, 70<<10+20))
	s.completeUpload(upload, first, s.storePart(upload, 2, "", "x-amz-copy-source", "vault/copy")).want(t, 200, "")
	s.do(s.owner, "GET", "/vault/parts", "").equals(t, whole[70<<10-5:70<<10+21]+whole)
	act("disable")
	for _, path := range []string{"/vault/o", "/vault/copy", "/vault/parts"} {
		s.do(s.owner, "GET", path, "").want(t, 403, "AccessDenied")
	}
	act("enable")
	s.do(s.owner, "GET", "/vault/copy", "").equals(t, whole)
}

func (r *response) equals(t *testing.T, body string) {
	t.Helper()
	if r.StatusCode/100 != 2 || r.body != body {
		t.Errorf("%s: status %d, %d bytes, want %d", r.what, r.StatusCode, len(r.body), len(body))
	}
}

// TestCustomerKeysMeet copies objects and parts from one customer's key to another, and to and from a root key and none.
func TestCustomerKeysMeet(t *testing.T) {
	s := newServer(t, serverOptions{minPart: -1})
	s.vault()
	body := plaintext(200 << 10)
	a, b := customerHeaders(sse, 'a'), customerHeaders(sse, 'b')
	fromA := customerHeaders(sseSource, 'a')
	s.put("/bucket/a", body, a...)
	s.put("/bucket/plain", body)
	s.put("/vault/k", body)
	copies := []struct {
		to, from string
		headers  []string
		read     []string
	}{
		{"/bucket/b", "bucket/a", append(fromA, b...), b},
		{"/bucket/a", "bucket/a", append(fromA, b...), b}, // onto itself: a change of keys
		{"/bucket/p", "bucket/b", customerHeaders(sseSource, 'b'), nil},
		{"/vault/p", "bucket/b", customerHeaders(sseSource, 'b'), nil},
		{"/bucket/c", "vault/k", a, a},
		{"/bucket/d", "bucket/plain", b, b},
	}
	for _, c := range copies {
		s.do(s.owner, "PUT", c.to, "", append([]string{"x-amz-copy-source", c.from}, c.headers...)...).want(t, 200, "")
		s.do(s.owner, "GET", c.to, "", c.read...).equals(t, body)
		if c.read != nil {
			s.do(s.owner, "GET", c.to, "").want(t, 400, "InvalidRequest")
		}
	}
	upload := s.beginUpload("/bucket/parts", b...)
	first := s.storePart(upload, 1, "", append(append([]string{"x-amz-copy-source", "bucket/c", "x-amz-copy-source-range", "bytes=65530-131080"}, fromA...), b...)...)
	second := s.storePart(upload, 2, "", append([]string{"x-amz-copy-source", "vault/k"}, b...)...)
	s.do(s.owner, "PUT", upload+"&partNumber=3", "x", a...).want(t, 400, "InvalidRequest")
	s.do(s.owner, "PUT", upload+"&partNumber=3", "x").want(t, 400, "InvalidRequest")
	s.completeUpload(upload, first, second).want(t, 200, "")
	s.do(s.owner, "GET", "/bucket/parts", "", b...).equals(t, body[65530:131081]+body)
}

// TestUnderRootKeyBySiteAndForm serves a website from a bucket under a root key, and uploads to it by a form.
func TestUnderRootKeyBySiteAndForm(t *testing.T) {
	s := newServer(t, serverOptions{websites: []string{"s3-web.test"}})
	id, _ := s.vault()
	s.do(s.owner, "PUT", "/vault?website", indexAndError, md5Header(indexAndError)...).want(t, 200, "")
	index, oops := plaintext(100<<10), plaintext(70<<10)
	s.put("/vault/index.html", index, "x-amz-acl", "public-read")
	s.put("/vault/oops.html", oops, "x-amz-acl", "public-read")
	visit := func(path string, headers ...string) *response {
		return s.do(s.nobody, "GET", path, "", append(headers, "Host", "vault.s3-web.test")...)
	}
	visit("/").equals(t, index)
	visit("/", "Range", "bytes=65530-65540").equals(t, index[65530:65541])
	if r := visit("/missing"); r.StatusCode != 404 && r.StatusCode != 403 || r.body != oops {
		t.Errorf("error page: status %d, %d bytes", r.StatusCode, len(r.body))
	}
	f := signedV4(t, s.owner, time.Now().Add(time.Hour), is("bucket", "vault"), is("key", "form"))
	file := plaintext(80 << 10)
	body, contentType := form(t, append(f, "key", "form"), "a.txt", file)
	s.do(s.nobody, "POST", "/vault", body, "Content-Type", contentType).want(t, 204, "")
	s.do(s.owner, "GET", "/vault/form", "").equals(t, file)
	if n := plainBlocks(t, s.dir, file); n != 0 {
		t.Errorf("%d blocks of what the form uploaded are plain on the disk", n)
	}
	if w := s.keyProtect("POST", "/"+id+"/actions/disable", ""); w.Code != 204 {
		t.Fatalf("disable: %d", w.Code)
	}
	if r := visit("/"); r.StatusCode != 403 || strings.Contains(r.body, "<plain ") {
		t.Errorf("with the key disabled the site answers %d, %.100q", r.StatusCode, r.body)
	}
	body, contentType = form(t, append(f, "key", "form"), "a.txt", "new")
	s.do(s.nobody, "POST", "/vault", body, "Content-Type", contentType).want(t, 403, "AccessDenied")
}
