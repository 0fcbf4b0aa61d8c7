package s3api

import (
	"bytes"
	"io"
	"strings"
	"testing"
	"time"
)

// FuzzForm reads forms as browsers and others send them. Whatever comes, there is an answer, no more than a form may hold is kept,
// and the file is what stands between the boundaries.
func FuzzForm(f *testing.F) {
	part := func(name, value string) string {
		return "--b\r\nContent-Disposition: form-data; name=\"" + name + "\"; filename=\"f\"\r\n\r\n" + value + "\r\n"
	}
	f.Add([]byte(part("key", "k") + part("file", "x") + "--b--\r\n"))
	f.Add([]byte(part("key", "${filename}") + part("tagging", "<Tagging><TagSet/></Tagging>") + part("file", "x")))
	f.Add([]byte("--b\r\n\r\n"))
	f.Add([]byte(part("file", "") + part("file", "") + "--b--"))
	f.Fuzz(func(t *testing.T, body []byte) {
		form, err := readForm("multipart/form-data; boundary=b", bytes.NewReader(body))
		if err != nil {
			if e := toAPIError(err); e.status != 400 {
				t.Fatalf("%v is a %d", err, e.status)
			}
			return
		}
		size := 0
		for name, value := range form.fields {
			size += len(name) + len(value)
		}
		if size > maxFormFields {
			t.Fatalf("fields of %d bytes", size)
		}
		form.expand()
		if h, err := form.header(); err == nil {
			for name, values := range h {
				if strings.ContainsAny(name+strings.Join(values, ""), "\r\n") {
					t.Fatalf("header %q: %q", name, values)
				}
			}
		}
		file, err := io.ReadAll(form.file)
		if err != nil && toAPIError(err).status != 400 {
			t.Fatalf("file: %v", err)
		}
		if !bytes.Contains(body, file) {
			t.Fatalf("the file %q is not in the body", file)
		}
	})
}

// FuzzPolicy reads policies and holds a form against them.
func FuzzPolicy(f *testing.F) {
	f.Add(`{"expiration":"2030-01-01T00:00:00Z","conditions":[{"bucket":"b"},["starts-with","$key",""],["content-length-range",0,9]]}`)
	f.Add(`{"expiration":"2030-01-01T00:00:00.000Z","conditions":[["eq","$key","k"],["content-length-range","1","2"]]}`)
	f.Add(`{"conditions":[[]]}`)
	f.Add(`{"expiration":"x"}`)
	f.Fuzz(func(t *testing.T, document string) {
		p, err := parsePolicy([]byte(document))
		if err != nil {
			if e := toAPIError(err); e.status != 400 || e.code != codeInvalidPolicy {
				t.Fatalf("%v is a %d", err, e.status)
			}
			return
		}
		if p.sized && p.min < 0 {
			t.Fatalf("files of %d bytes", p.min)
		}
		form := &postForm{fields: map[string]string{"key": "k", "bucket": "b", "acl": "public-read"}}
		if p.check(form, p.expires) == nil {
			t.Fatal("an expired policy lets a form in")
		}
		if err := p.check(form, p.expires.Add(-time.Second)); err == nil && !strings.Contains(strings.ToLower(document), "acl") {
			t.Fatal("a policy that says nothing of the field acl lets it in")
		}
	})
}
