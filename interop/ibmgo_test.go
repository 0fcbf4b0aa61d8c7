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

	"github.com/IBM/ibm-cos-sdk-go/aws"
	"github.com/IBM/ibm-cos-sdk-go/aws/awserr"
	"github.com/IBM/ibm-cos-sdk-go/aws/credentials"
	"github.com/IBM/ibm-cos-sdk-go/aws/credentials/ibmiam"
	"github.com/IBM/ibm-cos-sdk-go/aws/session"
	"github.com/IBM/ibm-cos-sdk-go/service/s3"
	"github.com/IBM/ibm-cos-sdk-go/service/s3/s3manager"
)

func TestIBMGoSDK(t *testing.T) {
	c := startCOS(t)
	t.Run("IAM", func(t *testing.T) {
		creds := ibmiam.NewStaticCredentials(aws.NewConfig(), c.url+"/identity/token", c.credential.APIKey, c.credential.InstanceID)
		scenario(t, newIBMGo(t, c, creds, false), c.client(t), "ibm-go-iam", oddKeys)
	})
	t.Run("HMAC", func(t *testing.T) {
		creds := credentials.NewStaticCredentials(c.credential.HMAC.AccessKeyID, c.credential.HMAC.SecretKey, "")
		scenario(t, newIBMGo(t, c, creds, true), c.client(t), "ibm-go-hmac", oddKeys)
	})
}

// ibmGo drives IBM's SDK for Go, version 1.
type ibmGo struct {
	s3       *s3.S3
	uploader *s3manager.Uploader
	signs    bool // HMAC keys can presign, bearer tokens cannot
}

func newIBMGo(t *testing.T, c *cos, creds *credentials.Credentials, signs bool) *ibmGo {
	conf := aws.NewConfig().WithEndpoint(c.url).WithRegion("us-south").WithCredentials(creds).WithS3ForcePathStyle(true).
		WithDisableRestProtocolURICleaning(true) // else it asks for a/b instead of a//b
	sess, err := session.NewSession(conf)
	if err != nil {
		t.Fatal(err)
	}
	return &ibmGo{s3.New(sess), s3manager.NewUploader(sess), signs}
}

func (d *ibmGo) code(err error) string {
	if e, ok := errors.AsType[awserr.Error](err); ok {
		return e.Code()
	}
	return ""
}

func (d *ibmGo) createBucket(ctx context.Context, bucket string) error {
	_, err := d.s3.CreateBucketWithContext(ctx, &s3.CreateBucketInput{
		Bucket:                    &bucket,
		CreateBucketConfiguration: &s3.CreateBucketConfiguration{LocationConstraint: aws.String("us-south-smart")},
	})
	return err
}

func (d *ibmGo) deleteBucket(ctx context.Context, bucket string) error {
	_, err := d.s3.DeleteBucketWithContext(ctx, &s3.DeleteBucketInput{Bucket: &bucket})
	return err
}

func (d *ibmGo) put(ctx context.Context, bucket, key string, body []byte) error {
	_, err := d.s3.PutObjectWithContext(ctx, &s3.PutObjectInput{Bucket: &bucket, Key: &key, Body: bytes.NewReader(body)})
	return err
}

func (d *ibmGo) upload(ctx context.Context, bucket, key, path string) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	_, err = d.uploader.UploadWithContext(ctx, &s3manager.UploadInput{Bucket: &bucket, Key: &key, Body: f})
	return err
}

func (d *ibmGo) list(ctx context.Context, bucket, prefix string) ([]string, error) {
	var keys []string
	in := &s3.ListObjectsV2Input{Bucket: &bucket, Prefix: &prefix, MaxKeys: aws.Int64(3)}
	err := d.s3.ListObjectsV2PagesWithContext(ctx, in, func(page *s3.ListObjectsV2Output, _ bool) bool {
		for _, o := range page.Contents {
			keys = append(keys, *o.Key)
		}
		return true
	})
	return keys, err
}

func (d *ibmGo) get(ctx context.Context, bucket, key string) ([]byte, error) {
	out, err := d.s3.GetObjectWithContext(ctx, &s3.GetObjectInput{Bucket: &bucket, Key: &key})
	if err != nil {
		return nil, err
	}
	defer out.Body.Close()
	return io.ReadAll(out.Body)
}

func (d *ibmGo) getRange(ctx context.Context, bucket, key string, off, n int64) ([]byte, error) {
	out, err := d.s3.GetObjectWithContext(ctx, &s3.GetObjectInput{Bucket: &bucket, Key: &key, Range: aws.String(byteRange(off, n))})
	if err != nil {
		return nil, err
	}
	defer out.Body.Close()
	return io.ReadAll(out.Body)
}

func (d *ibmGo) copy(ctx context.Context, bucket, from, to string) error {
	_, err := d.s3.CopyObjectWithContext(ctx, &s3.CopyObjectInput{Bucket: &bucket, Key: &to, CopySource: aws.String(bucket + "/" + from)})
	return err
}

func (d *ibmGo) presign(_ context.Context, bucket, key string) (string, error) {
	if !d.signs {
		return "", errNotOffered
	}
	r, _ := d.s3.GetObjectRequest(&s3.GetObjectInput{Bucket: &bucket, Key: &key})
	return r.Presign(time.Minute)
}

func (d *ibmGo) delete(ctx context.Context, bucket string, keys ...string) error {
	var objects []*s3.ObjectIdentifier
	for _, key := range keys {
		objects = append(objects, &s3.ObjectIdentifier{Key: &key})
	}
	out, err := d.s3.DeleteObjectsWithContext(ctx, &s3.DeleteObjectsInput{Bucket: &bucket, Delete: &s3.Delete{Objects: objects}})
	if err == nil && len(out.Errors)+len(keys)-len(out.Deleted) > 0 {
		return fmt.Errorf("deleted %d of %d, errors: %v", len(out.Deleted), len(keys), out.Errors)
	}
	return err
}

// byteRange is the value of a Range header.
func byteRange(off, n int64) string { return fmt.Sprintf("bytes=%d-%d", off, off+n-1) }
