package s3_test

import (
	"bytes"
	"context"
	"net/http"
	"strings"
	"testing"

	"github.com/icos-go/icos/s3"
)

// TestCustomerKeyHeaders: what goes on the wire is what IBM's SDKs send for the same key.
func TestCustomerKeyHeaders(t *testing.T) {
	key, err := s3.NewCustomerKey([]byte("0123456789abcdef0123456789abcdef"))
	if err != nil {
		t.Fatal(err)
	}
	const (
		own      = "X-Amz-Server-Side-Encryption-Customer-"
		source   = "X-Amz-Copy-Source-Server-Side-Encryption-Customer-"
		inBase64 = "MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY="
		md5      = "hRasmdxgYDKV3nvbahU1MA=="
	)
	ctx := context.Background()
	tests := []struct {
		name     string
		call     func(*s3.Client) error
		prefixes []string
	}{
		{"put", func(c *s3.Client) error {
			_, err := c.PutObject(ctx, &s3.PutObjectRequest{Bucket: "bucket", Key: "k", CustomerKey: key})
			return err
		}, []string{own}},
		{"get", func(c *s3.Client) error {
			_, err := c.GetObject(ctx, &s3.GetObjectRequest{Bucket: "bucket", Key: "k", CustomerKey: key})
			return err
		}, []string{own}},
		{"head", func(c *s3.Client) error {
			_, err := c.HeadObject(ctx, &s3.HeadObjectRequest{Bucket: "bucket", Key: "k", CustomerKey: key})
			return err
		}, []string{own}},
		{"create upload", func(c *s3.Client) error {
			_, err := c.CreateMultipartUpload(ctx, &s3.CreateMultipartUploadRequest{Bucket: "bucket", Key: "k", CustomerKey: key})
			return err
		}, []string{own}},
		{"part", func(c *s3.Client) error {
			_, err := c.UploadPart(ctx, &s3.UploadPartRequest{Bucket: "bucket", Key: "k", UploadID: "u", PartNumber: 1, CustomerKey: key})
			return err
		}, []string{own}},
		{"copy", func(c *s3.Client) error {
			_, err := c.CopyObject(ctx, &s3.CopyObjectRequest{Bucket: "bucket", Key: "k", SourceBucket: "b", SourceKey: "s", CustomerKey: key, SourceCustomerKey: key})
			return err
		}, []string{own, source}},
		{"copy part", func(c *s3.Client) error {
			_, err := c.UploadPartCopy(ctx, &s3.UploadPartCopyRequest{
				Bucket: "bucket", Key: "k", UploadID: "u", PartNumber: 1, SourceBucket: "b", SourceKey: "s", SourceCustomerKey: key,
			})
			return err
		}, []string{source}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var got http.Header
			c := newClient(t, func(r *http.Request) (*http.Response, error) {
				got = r.Header
				return answer(r, 404, ""), nil // what matters is the request
			})
			if err := tt.call(c); err == nil || got == nil {
				t.Fatalf("error %v", err)
			}
			for _, prefix := range []string{own, source} {
				want := []string{"", "", ""}
				for _, p := range tt.prefixes {
					if p == prefix {
						want = []string{"AES256", inBase64, md5}
					}
				}
				for i, name := range []string{"Algorithm", "Key", "Key-Md5"} {
					if h := got.Get(prefix + name); h != want[i] {
						t.Errorf("%s%s: %q, want %q", prefix, name, h, want[i])
					}
				}
			}
		})
	}
	c := newClient(t, func(r *http.Request) (*http.Response, error) {
		return answer(r, 200, "", own+"Algorithm: AES256", own+"Key-Md5: "+md5), nil
	})
	r, err := c.PutObject(ctx, &s3.PutObjectRequest{Bucket: "bucket", Key: "k", CustomerKey: key})
	if err != nil || r.CustomerAlgorithm != "AES256" || r.CustomerKeyMD5 != md5 {
		t.Errorf("%+v, %v", r, err)
	}
}

func TestCustomerKeyInTheClear(t *testing.T) {
	key, err := s3.NewCustomerKey(bytes.Repeat([]byte{1}, 32))
	if err != nil {
		t.Fatal(err)
	}
	sent := false
	for endpoint, allowed := range map[string]bool{
		"http://cos.example": false, "https://cos.example": true, "http://127.0.0.1:9000": true, "http://localhost": true, "http://192.0.2.1": false,
	} {
		sent = false
		c := newClient(t, func(r *http.Request) (*http.Response, error) {
			sent = true
			return answer(r, 200, ""), nil
		}, func(cfg *s3.Config) { cfg.Endpoint, cfg.Credentials = endpoint, nil })
		_, err := c.PutObject(t.Context(), &s3.PutObjectRequest{Bucket: "bucket", Key: "k", CustomerKey: key})
		if (err == nil) != allowed || sent != allowed {
			t.Errorf("%s: %v, sent %v", endpoint, err, sent)
		}
		if err != nil && !strings.Contains(err.Error(), "plain http") {
			t.Errorf("%s: %v", endpoint, err)
		}
	}
	for _, n := range []int{0, 16, 31, 33} {
		if _, err := s3.NewCustomerKey(make([]byte, n)); err == nil {
			t.Errorf("a key of %d bytes is no error", n)
		}
	}
}
