package interop

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/feature/s3/transfermanager"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/aws/smithy-go"
)

func TestAWSGoSDK(t *testing.T) {
	t.Run("http", func(t *testing.T) { testAWSGo(t, startCOS(t)) })
	t.Run("https", func(t *testing.T) { testAWSGo(t, startTLS(t)) })
}

func testAWSGo(t *testing.T, c *cos) {
	client := s3.New(s3.Options{
		BaseEndpoint: &c.url,
		HTTPClient:   c.client(t),
		Region:       "us-south",
		UsePathStyle: true,
		Credentials: aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
			return aws.Credentials{AccessKeyID: c.credential.HMAC.AccessKeyID, SecretAccessKey: c.credential.HMAC.SecretKey}, nil
		}),
	})
	scenario(t, &awsGo{client}, c.client(t), "aws-go", oddKeys)
}

// awsGo drives aws-sdk-go-v2, whose requests carry checksums as Amazon's
// SDKs now do.
type awsGo struct{ s3 *s3.Client }

func (d *awsGo) code(err error) string {
	if e, ok := errors.AsType[smithy.APIError](err); ok {
		return e.ErrorCode()
	}
	return ""
}

func (d *awsGo) createBucket(ctx context.Context, bucket string) error {
	_, err := d.s3.CreateBucket(ctx, &s3.CreateBucketInput{Bucket: &bucket})
	return err
}

func (d *awsGo) deleteBucket(ctx context.Context, bucket string) error {
	_, err := d.s3.DeleteBucket(ctx, &s3.DeleteBucketInput{Bucket: &bucket})
	return err
}

func (d *awsGo) put(ctx context.Context, bucket, key string, body []byte) error {
	_, err := d.s3.PutObject(ctx, &s3.PutObjectInput{Bucket: &bucket, Key: &key, Body: bytes.NewReader(body)})
	return err
}

func (d *awsGo) upload(ctx context.Context, bucket, key, path string) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	_, err = transfermanager.New(d.s3).UploadObject(ctx, &transfermanager.UploadObjectInput{Bucket: &bucket, Key: &key, Body: f})
	return err
}

func (d *awsGo) list(ctx context.Context, bucket, prefix string) ([]string, error) {
	var keys []string
	pages := s3.NewListObjectsV2Paginator(d.s3, &s3.ListObjectsV2Input{Bucket: &bucket, Prefix: &prefix, MaxKeys: aws.Int32(3)})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return nil, err
		}
		for _, o := range page.Contents {
			keys = append(keys, *o.Key)
		}
	}
	return keys, nil
}

func (d *awsGo) get(ctx context.Context, bucket, key string) ([]byte, error) {
	return d.read(ctx, &s3.GetObjectInput{Bucket: &bucket, Key: &key, ChecksumMode: types.ChecksumModeEnabled})
}

func (d *awsGo) getRange(ctx context.Context, bucket, key string, off, n int64) ([]byte, error) {
	return d.read(ctx, &s3.GetObjectInput{Bucket: &bucket, Key: &key, Range: aws.String(byteRange(off, n))})
}

func (d *awsGo) read(ctx context.Context, in *s3.GetObjectInput) ([]byte, error) {
	out, err := d.s3.GetObject(ctx, in)
	if err != nil {
		return nil, err
	}
	defer out.Body.Close()
	return io.ReadAll(out.Body)
}

func (d *awsGo) copy(ctx context.Context, bucket, from, to string) error {
	_, err := d.s3.CopyObject(ctx, &s3.CopyObjectInput{Bucket: &bucket, Key: &to, CopySource: aws.String(bucket + "/" + from)})
	return err
}

func (d *awsGo) presign(ctx context.Context, bucket, key string) (string, error) {
	r, err := s3.NewPresignClient(d.s3).PresignGetObject(ctx, &s3.GetObjectInput{Bucket: &bucket, Key: &key}, s3.WithPresignExpires(time.Minute))
	if err != nil {
		return "", err
	}
	return r.URL, nil
}

func (d *awsGo) delete(ctx context.Context, bucket string, keys ...string) error {
	var objects []types.ObjectIdentifier
	for _, key := range keys {
		objects = append(objects, types.ObjectIdentifier{Key: &key})
	}
	out, err := d.s3.DeleteObjects(ctx, &s3.DeleteObjectsInput{Bucket: &bucket, Delete: &types.Delete{Objects: objects}})
	if err == nil && (len(out.Errors) > 0 || len(out.Deleted) != len(keys)) {
		return fmt.Errorf("deleted %d of %d, errors: %v", len(out.Deleted), len(keys), out.Errors)
	}
	return err
}
