package icos_test

import (
	"bytes"
	"context"
	"errors"
	"io/fs"
	"net/http"
	"testing"
	"time"

	"github.com/icos-go/icos"
	"github.com/icos-go/icos/s3"
)

func TestCopy(t *testing.T) {
	b, to := newBucket(t), newBucket(t)
	data := noise(12 * mib)
	src := b.Object("dir/ä source+1")
	if _, err := src.Put(ctx, bytes.NewReader(data), &icos.PutOptions{
		ContentType: "text/x-noise", CacheControl: "no-cache", Metadata: map[string]string{"color": "blue"},
	}); err != nil {
		t.Fatal(err)
	}
	for name, opts := range map[string]*icos.CopyOptions{
		"whole": nil, "parts": {Threshold: 1, PartSize: 5 * mib},
	} {
		t.Run(name, func(t *testing.T) {
			info, err := src.Copy(ctx, to.Object(name), opts)
			if err != nil {
				t.Fatal(err)
			}
			stat, err := to.Object(name).Stat(ctx)
			if err != nil {
				t.Fatal(err)
			}
			if stat.ETag != info.ETag || info.Size != 12*mib || stat.ContentType != "text/x-noise" ||
				stat.CacheControl != "no-cache" || stat.Metadata["color"] != "blue" {
				t.Errorf("Copy = %+v, Stat = %+v", info, stat)
			}
			checkObject(t, to.Object(name), data)
		})
		t.Run(name+" with new attributes", func(t *testing.T) {
			o := icos.CopyOptions{Attributes: &icos.PutOptions{ContentType: "text/plain"}, ACL: icos.PublicRead}
			if opts != nil {
				o.Threshold, o.PartSize = opts.Threshold, opts.PartSize
			}
			if _, err := src.Copy(ctx, to.Object(name), &o); err != nil {
				t.Fatal(err)
			}
			stat, err := to.Object(name).Stat(ctx)
			if err != nil || stat.ContentType != "text/plain" || len(stat.Metadata) > 0 {
				t.Errorf("Stat = %+v, %v", stat, err)
			}
			if acl, err := to.Object(name).ACL(ctx); err != nil || !acl.Public() {
				t.Errorf("ACL = %+v, %v", acl, err)
			}
		})
	}
	if _, err := b.Object("nothing").Copy(ctx, to.Object("copy"), nil); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("copy of nothing: %v", err)
	}
	if _, err := src.Copy(ctx, to.Object("copy"), &icos.CopyOptions{IfMatch: "other"}); !errors.Is(err, icos.ErrChanged) {
		t.Errorf("copy of another version: %v", err)
	}
	checkNoUploads(t, to)
}

func TestCopyNoticesAChange(t *testing.T) {
	for name, opts := range map[string]*icos.CopyOptions{"whole": nil, "parts": {Threshold: 1, PartSize: 5 * mib}} {
		t.Run(name, func(t *testing.T) {
			b := newBucket(t)
			put(t, b.Object("source"), noise(6*mib))
			p := &proxy{}
			p.meddle = func(r *http.Request) (*http.Response, error) {
				if r.Header.Get("X-Amz-Copy-Source") != "" && r.Header.Get("X-Amz-Copy-Source-Range") != "bytes=0-5242879" {
					put(t, b.Object("source"), noise(7*mib))
				}
				return nil, nil
			}
			tb := through(t, p, b)
			if _, err := tb.Object("source").Copy(ctx, tb.Object("copy"), opts); !errors.Is(err, icos.ErrChanged) {
				t.Errorf("Copy: %v, want ErrChanged", err)
			}
			checkNoUploads(t, b)
		})
	}
}

func TestPresign(t *testing.T) {
	b := newBucket(t)
	o := cos.HMACClient().Bucket(b.Name()).Object("dir/a key")
	do := func(method string, body []byte) *http.Response {
		t.Helper()
		signed, err := o.Presign(ctx, method, time.Minute, nil)
		if err != nil {
			t.Fatal(err)
		}
		r, err := http.NewRequest(method, signed.URL, bytes.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		resp, err := http.DefaultClient.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { resp.Body.Close() })
		return resp
	}
	if resp := do(http.MethodPut, []byte("text")); resp.StatusCode != http.StatusOK {
		t.Errorf("PUT: %s", resp.Status)
	}
	checkObject(t, b.Object("dir/a key"), []byte("text"))
	if resp := do(http.MethodGet, nil); resp.StatusCode != http.StatusOK || resp.ContentLength != 4 {
		t.Errorf("GET: %s", resp.Status)
	}
	if resp := do(http.MethodHead, nil); resp.StatusCode != http.StatusOK {
		t.Errorf("HEAD: %s", resp.Status)
	}
	if resp := do(http.MethodDelete, nil); resp.StatusCode != http.StatusNoContent {
		t.Errorf("DELETE: %s", resp.Status)
	}
	if _, err := o.Presign(context.Background(), "PATCH", time.Minute, nil); err == nil {
		t.Error("presigned a PATCH")
	}
	if _, err := b.Object("key").Presign(ctx, http.MethodGet, time.Minute, nil); !errors.Is(err, s3.ErrPresign) {
		t.Errorf("Presign with an API key: %v, want s3.ErrPresign", err)
	}
}
