package s3_test

import (
	"errors"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/icos-go/icos/auth"
	"github.com/icos-go/icos/s3"
)

func TestPresign(t *testing.T) {
	at := time.Date(2030, 1, 2, 3, 4, 5, 0, time.UTC)
	c := newClient(t, nil, func(cfg *s3.Config) { cfg.Credentials = auth.HMAC("AKID", "secret") })
	tests := []struct {
		r      s3.Presignable
		o      s3.PresignOptions
		method string
		query  []string
		header string
	}{
		{&s3.GetObjectRequest{Bucket: "b", Key: "k y", ResponseContentType: "text/plain"}, s3.PresignOptions{At: at}, "GET", []string{"X-Amz-Signature", "X-Amz-Date", "response-content-type"}, ""},
		{&s3.HeadObjectRequest{Bucket: "b", Key: "k y"}, s3.PresignOptions{At: at}, "HEAD", []string{"X-Amz-Signature"}, ""},
		{&s3.DeleteObjectRequest{Bucket: "b", Key: "k y"}, s3.PresignOptions{At: at}, "DELETE", []string{"X-Amz-Signature"}, ""},
		{&s3.PutObjectRequest{Bucket: "b", Key: "k y", ContentType: "text/plain"}, s3.PresignOptions{At: at}, "PUT", []string{"X-Amz-Signature"}, "Content-Type"},
		{&s3.UploadPartRequest{Bucket: "b", Key: "k y", UploadID: "u", PartNumber: 2}, s3.PresignOptions{At: at}, "PUT", []string{"X-Amz-Signature", "uploadId", "partNumber"}, ""},
		{&s3.GetObjectRequest{Bucket: "b", Key: "k y"}, s3.PresignOptions{At: at, V2: true}, "GET", []string{"Signature", "Expires", "AWSAccessKeyId"}, ""},
	}
	for _, tt := range tests {
		p, err := c.Presign(t.Context(), tt.r, time.Hour, &tt.o)
		if err != nil {
			t.Fatal(err)
		}
		if p.Method != tt.method || !p.Expires.Equal(at.Add(time.Hour)) || !strings.HasPrefix(p.URL, "https://s3.example.com/b/k%20y?") {
			t.Errorf("%T: %+v", tt.r, p)
		}
		u, err := url.Parse(p.URL)
		if err != nil {
			t.Fatal(err)
		}
		for _, name := range tt.query {
			if !u.Query().Has(name) {
				t.Errorf("%T: %s has no %s", tt.r, p.URL, name)
			}
		}
		if tt.header == "" && len(p.Header) != 0 || tt.header != "" && p.Header.Get(tt.header) == "" {
			t.Errorf("%T: header %v, want %q", tt.r, p.Header, tt.header)
		}
	}
}

func TestPresignNeedsKeys(t *testing.T) {
	c := newClient(t, func(*http.Request) (*http.Response, error) { return nil, errors.New("presigning used the network") })
	if _, err := c.Presign(t.Context(), &s3.GetObjectRequest{Bucket: "b", Key: "k"}, time.Hour, nil); !errors.Is(err, s3.ErrPresign) {
		t.Errorf("error = %v, want ErrPresign", err)
	}
}
