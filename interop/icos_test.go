package interop

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"os"
	"slices"
	"testing"
	"time"

	"github.com/icos-go/icos"
	"github.com/icos-go/icos/auth"
)

// TestIcosAgainstVersitygw drives our client against a server that others
// wrote.
func TestIcosAgainstVersitygw(t *testing.T) {
	c := startVersitygw(t)
	client, err := icos.NewClient(icos.Config{
		Endpoint:    c.url,
		Credentials: auth.HMAC(c.credential.HMAC.AccessKeyID, c.credential.HMAC.SecretKey),
	})
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	// versitygw keeps objects in files of their names, so no key can be a
	// directory of another, end in a slash or have long names.
	keys := []string{
		"plain", "with space", "plus+plus", "percent%2Fliteral", "a/b", "a/b c/d",
		"ünïcödé/日本/😀", "quotes\"'", "a&b=c?d#e", "~tilde-._", "*()!$,;:@[]{}|^`\\<>",
	}
	scenario(t, &icosClient{client}, http.DefaultClient, "icos", keys)
}

// icosClient drives our own client.
type icosClient struct{ c *icos.Client }

func (d *icosClient) code(err error) string {
	if e, ok := errors.AsType[*icos.Error](err); ok {
		return e.Code
	}
	return ""
}

func (d *icosClient) createBucket(ctx context.Context, bucket string) error {
	return d.c.Bucket(bucket).Create(ctx, nil)
}

func (d *icosClient) deleteBucket(ctx context.Context, bucket string) error {
	return d.c.Bucket(bucket).Delete(ctx)
}

func (d *icosClient) put(ctx context.Context, bucket, key string, body []byte) error {
	_, err := d.c.Bucket(bucket).Object(key).Put(ctx, bytes.NewReader(body), nil)
	return err
}

func (d *icosClient) upload(ctx context.Context, bucket, key, path string) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	_, err = d.c.Bucket(bucket).Object(key).Put(ctx, f, &icos.PutOptions{PartSize: 8 << 20, Threshold: 16 << 20})
	return err
}

func (d *icosClient) list(ctx context.Context, bucket, prefix string) ([]string, error) {
	var keys []string
	for o, err := range d.c.Bucket(bucket).Objects(ctx, &icos.ListOptions{Prefix: prefix, PageSize: 3}) {
		if err != nil {
			return nil, err
		}
		keys = append(keys, o.Key)
	}
	return keys, nil
}

func (d *icosClient) get(ctx context.Context, bucket, key string) ([]byte, error) {
	return d.read(ctx, bucket, key, nil)
}

func (d *icosClient) getRange(ctx context.Context, bucket, key string, off, n int64) ([]byte, error) {
	return d.read(ctx, bucket, key, &icos.GetOptions{Offset: off, Length: n})
}

func (d *icosClient) read(ctx context.Context, bucket, key string, o *icos.GetOptions) ([]byte, error) {
	r, err := d.c.Bucket(bucket).Object(key).Get(ctx, o)
	if err != nil {
		return nil, err
	}
	defer r.Close()
	return io.ReadAll(r)
}

func (d *icosClient) copy(ctx context.Context, bucket, from, to string) error {
	b := d.c.Bucket(bucket)
	_, err := b.Object(from).Copy(ctx, b.Object(to), nil)
	return err
}

func (d *icosClient) presign(ctx context.Context, bucket, key string) (string, error) {
	r, err := d.c.Bucket(bucket).Object(key).Presign(ctx, http.MethodGet, time.Minute, nil)
	if err != nil {
		return "", err
	}
	return r.URL, nil
}

func (d *icosClient) delete(ctx context.Context, bucket string, keys ...string) error {
	for _, err := range d.c.Bucket(bucket).DeleteObjects(ctx, slices.Values(keys)) {
		if err != nil {
			return err
		}
	}
	return nil
}
