package s3_test

import (
	"bytes"
	"errors"
	"io/fs"
	"log/slog"
	"net/http"
	"strings"
	"testing"

	"github.com/icos-go/icos/auth"
	"github.com/icos-go/icos/s3"
)

func TestErrors(t *testing.T) {
	tests := []struct {
		status    int
		body      string
		code      string
		is, isNot error
	}{
		{404, errorDoc("NoSuchKey"), "NoSuchKey", fs.ErrNotExist, fs.ErrPermission},
		{404, "", "NotFound", fs.ErrNotExist, fs.ErrExist},
		{403, "", "Forbidden", fs.ErrPermission, fs.ErrNotExist},
		{403, errorDoc("InvalidObjectState"), "InvalidObjectState", nil, fs.ErrPermission},
		{409, errorDoc("BucketAlreadyExists"), "BucketAlreadyExists", fs.ErrExist, fs.ErrNotExist},
		{409, errorDoc("BucketNotEmpty"), "BucketNotEmpty", nil, fs.ErrExist},
		{412, errorDoc("PreconditionFailed"), "PreconditionFailed", fs.ErrExist, fs.ErrNotExist},
		{407, "<html>\n<script>x</script><h1>Proxy  login</h1></html>", "ProxyAuthenticationRequired", nil, fs.ErrPermission},
		{418, errorDoc("Odd")[:60], "I'mateapot", nil, fs.ErrNotExist},
		{404, strings.Repeat("<a>", 1000), "NotFound", fs.ErrNotExist, nil},
	}
	for _, tt := range tests {
		c := newClient(t, func(r *http.Request) (*http.Response, error) {
			return answer(r, tt.status, tt.body, "x-amz-request-id: R1"), nil
		})
		_, err := c.PutObject(t.Context(), &s3.PutObjectRequest{Bucket: "b", Key: "k", IfNoneMatch: "*"})
		e, ok := errors.AsType[*s3.Error](err)
		if !ok || e.Code != tt.code || e.StatusCode != tt.status || e.RequestID != "R1" || e.Op != "PutObject" || e.Bucket != "b" || e.Key != "k" {
			t.Errorf("%d %.40q: %#v, want code %s", tt.status, tt.body, err, tt.code)
			continue
		}
		if tt.is != nil && !errors.Is(err, tt.is) {
			t.Errorf("%s is not %v", tt.code, tt.is)
		}
		if tt.isNot != nil && errors.Is(err, tt.isNot) {
			t.Errorf("%s is %v", tt.code, tt.isNot)
		}
		if len(err.Error()) > 300 || strings.ContainsAny(err.Error(), "\n<") {
			t.Errorf("text of %s: %q", tt.code, err)
		}
	}
}

func TestErrorText(t *testing.T) {
	c := newClient(t, func(r *http.Request) (*http.Response, error) { return answer(r, 404, errorDoc("NoSuchKey")), nil })
	_, err := c.GetObject(t.Context(), &s3.GetObjectRequest{Bucket: "b", Key: "k"})
	if got, want := err.Error(), "s3: GetObject b/k: Message (NoSuchKey, request id)"; got != want {
		t.Errorf("error = %q, want %q", got, want)
	}
}

func TestRequestsThatAreRefusedHere(t *testing.T) {
	c := newClient(t, func(r *http.Request) (*http.Response, error) {
		t.Errorf("sent %s %s", r.Method, r.URL)
		return answer(r, 200, ""), nil
	})
	ctx := t.Context()
	for name, call := range map[string]func() error{
		"no request": func() error { _, err := c.HeadBucket(ctx, nil); return err },
		"no bucket":  func() error { _, err := c.HeadBucket(ctx, &s3.HeadBucketRequest{}); return err },
		"no key":     func() error { _, err := c.DeleteObject(ctx, &s3.DeleteObjectRequest{Bucket: "b"}); return err },
		"no upload id": func() error {
			_, err := c.UploadPart(ctx, &s3.UploadPartRequest{Bucket: "b", Key: "k", PartNumber: 1})
			return err
		},
		"no part number": func() error {
			_, err := c.UploadPart(ctx, &s3.UploadPartRequest{Bucket: "b", Key: "k", UploadID: "u"})
			return err
		},
		"no parts": func() error {
			_, err := c.CompleteMultipartUpload(ctx, &s3.CompleteMultipartUploadRequest{Bucket: "b", Key: "k", UploadID: "u"})
			return err
		},
		"metadata that is not ASCII": func() error {
			_, err := c.PutObject(ctx, &s3.PutObjectRequest{Bucket: "b", Key: "k", Metadata: map[string]string{"a": "ü"}})
			return err
		},
		"header injection": func() error {
			_, err := c.PutObject(ctx, &s3.PutObjectRequest{Bucket: "b", Key: "k", ContentType: "a\r\nX: y"})
			return err
		},
		"a key that XML cannot carry": func() error {
			_, err := c.DeleteObjects(ctx, &s3.DeleteObjectsRequest{Bucket: "b", Objects: []s3.ObjectID{{Key: "\x01"}}})
			return err
		},
		"too many keys": func() error {
			_, err := c.DeleteObjects(ctx, &s3.DeleteObjectsRequest{Bucket: "b", Objects: make([]s3.ObjectID, 1001)})
			return err
		},
	} {
		if call() == nil {
			t.Errorf("%s: no error", name)
		}
	}
}

func TestLogHasNoSecrets(t *testing.T) {
	var log bytes.Buffer
	c := newClient(t, func(r *http.Request) (*http.Response, error) {
		return answer(r, 200, "", "ETag: \"e\"", "Set-Cookie: s3cret"), nil
	}, func(cfg *s3.Config) {
		cfg.Credentials = auth.HMAC("AKID", "s3cret")
		cfg.Logger = slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug}))
	})
	_, err := c.UploadPart(t.Context(), &s3.UploadPartRequest{Bucket: "b", Key: "k", UploadID: "s3cret", PartNumber: 1, Body: strings.NewReader("x")})
	if err != nil {
		t.Fatal(err)
	}
	got := log.String()
	if n := strings.Count(got, "\n"); n != 1 || !strings.Contains(got, "op=UploadPart") || !strings.Contains(got, "status=200") || !strings.Contains(got, "received.Etag") {
		t.Errorf("%d records: %s", n, got)
	}
	for _, secret := range []string{"s3cret", "Signature", "AKID"} {
		if strings.Contains(got, secret) {
			t.Errorf("log has %q: %s", secret, got)
		}
	}
}

func TestEndpoints(t *testing.T) {
	for _, endpoint := range []string{"", "ftp://h", "https://", "https://u:p@h", "https://h?q", "https://h:x"} {
		if _, err := s3.New(s3.Config{Endpoint: endpoint}); err == nil {
			t.Errorf("New accepts endpoint %q", endpoint)
		}
	}
	var got string
	c := newClient(t, func(r *http.Request) (*http.Response, error) {
		got = r.URL.String()
		return answer(r, 200, ""), nil
	}, func(cfg *s3.Config) { cfg.Endpoint = "gateway.example.com:8443/cos/" })
	if _, err := c.DeleteObject(t.Context(), &s3.DeleteObjectRequest{Bucket: "b", Key: "k"}); err != nil {
		t.Fatal(err)
	}
	if want := "https://gateway.example.com:8443/cos/b/k"; got != want {
		t.Errorf("request to %q, want %q", got, want)
	}
}

func TestDo(t *testing.T) {
	n := 0
	c := newClient(t, func(r *http.Request) (*http.Response, error) {
		if n++; n == 1 {
			return answer(r, 503, ""), nil
		}
		if got, want := record(t, r), "PUT /b?protection\nX-Y: z\nbody"; got != want {
			t.Errorf("request = %q, want %q", got, want)
		}
		return answer(r, 200, "fine"), nil
	})
	r, err := http.NewRequest("PUT", "/b?protection", strings.NewReader("body"))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("X-Y", "z")
	resp, err := c.Do(t.Context(), "PutBucketProtection", r)
	if err != nil || n != 2 {
		t.Fatalf("%d requests, %v", n, err)
	}
	resp.Body.Close()
}
