package interop

import (
	"bytes"
	"context"
	"io"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/minio/minio-go/v7"
	"github.com/minio/minio-go/v7/pkg/credentials"
)

// minio-go signs the chunks of its bodies (STREAMING-AWS4-HMAC-SHA256-PAYLOAD),
// which no other client here does over plain HTTP, and still knows V2.
func TestMinioGo(t *testing.T) {
	c := startCOS(t)
	id, secret := c.credential.HMAC.AccessKeyID, c.credential.HMAC.SecretKey
	for name, creds := range map[string]*credentials.Credentials{
		"v4": credentials.NewStaticV4(id, secret, ""),
		"v2": credentials.NewStaticV2(id, secret, ""),
	} {
		t.Run(name, func(t *testing.T) {
			client, err := minio.New(strings.TrimPrefix(c.url, "http://"), &minio.Options{
				Creds: creds, Region: "us-south", BucketLookup: minio.BucketLookupPath,
			})
			if err != nil {
				t.Fatal(err)
			}
			scenario(t, &minioGo{client}, c.client(t), "minio-go-"+name, oddKeys)
		})
	}
}

type minioGo struct{ c *minio.Client }

func (d *minioGo) code(err error) string { return minio.ToErrorResponse(err).Code }

func (d *minioGo) createBucket(ctx context.Context, bucket string) error {
	return d.c.MakeBucket(ctx, bucket, minio.MakeBucketOptions{Region: "us-south-standard"})
}

func (d *minioGo) deleteBucket(ctx context.Context, bucket string) error {
	return d.c.RemoveBucket(ctx, bucket)
}

func (d *minioGo) put(ctx context.Context, bucket, key string, body []byte) error {
	_, err := d.c.PutObject(ctx, bucket, key, bytes.NewReader(body), int64(len(body)), minio.PutObjectOptions{})
	return err
}

func (d *minioGo) upload(ctx context.Context, bucket, key, path string) error {
	_, err := d.c.FPutObject(ctx, bucket, key, path, minio.PutObjectOptions{PartSize: 8 << 20})
	return err
}

func (d *minioGo) list(ctx context.Context, bucket, prefix string) ([]string, error) {
	var keys []string
	for o := range d.c.ListObjects(ctx, bucket, minio.ListObjectsOptions{Prefix: prefix, Recursive: true, MaxKeys: 3}) {
		if o.Err != nil {
			return nil, o.Err
		}
		keys = append(keys, o.Key)
	}
	return keys, nil
}

func (d *minioGo) get(ctx context.Context, bucket, key string) ([]byte, error) {
	return d.read(ctx, bucket, key, minio.GetObjectOptions{})
}

func (d *minioGo) getRange(ctx context.Context, bucket, key string, off, n int64) ([]byte, error) {
	var o minio.GetObjectOptions
	if err := o.SetRange(off, off+n-1); err != nil {
		return nil, err
	}
	return d.read(ctx, bucket, key, o)
}

func (d *minioGo) read(ctx context.Context, bucket, key string, o minio.GetObjectOptions) ([]byte, error) {
	r, err := d.c.GetObject(ctx, bucket, key, o)
	if err != nil {
		return nil, err
	}
	defer r.Close()
	return io.ReadAll(r)
}

func (d *minioGo) copy(ctx context.Context, bucket, from, to string) error {
	_, err := d.c.CopyObject(ctx, minio.CopyDestOptions{Bucket: bucket, Object: to}, minio.CopySrcOptions{Bucket: bucket, Object: from})
	return err
}

func (d *minioGo) presign(ctx context.Context, bucket, key string) (string, error) {
	u, err := d.c.PresignedGetObject(ctx, bucket, key, time.Minute, url.Values{})
	if err != nil {
		return "", err
	}
	return u.String(), nil
}

func (d *minioGo) delete(ctx context.Context, bucket string, keys ...string) error {
	objects := make(chan minio.ObjectInfo, len(keys))
	for _, key := range keys {
		objects <- minio.ObjectInfo{Key: key}
	}
	close(objects)
	for e := range d.c.RemoveObjects(ctx, bucket, objects, minio.RemoveObjectsOptions{}) {
		return e.Err
	}
	return nil
}
