// Command ibmdrive moves objects with IBM's SDK for Go, version 1: the service client
// for small objects and lists, s3manager for large ones. With -tuned parts are larger and
// more of them are on their way.
package main

import (
	"context"
	"io"
	"net/http"
	"os"

	"github.com/IBM/ibm-cos-sdk-go/aws"
	"github.com/IBM/ibm-cos-sdk-go/aws/credentials"
	"github.com/IBM/ibm-cos-sdk-go/aws/session"
	"github.com/IBM/ibm-cos-sdk-go/service/s3"
	"github.com/IBM/ibm-cos-sdk-go/service/s3/s3manager"

	"github.com/icos-go/icos/bench/internal/drive"
)

func main() { drive.Main("ibmdrive", open) }

type store struct {
	bucket string
	client *s3.S3
	up     *s3manager.Uploader
	down   *s3manager.Downloader
}

func open(c drive.Config) (drive.Store, error) {
	transport := http.DefaultTransport.(*http.Transport).Clone()
	transport.MaxIdleConnsPerHost = c.Workers
	sess, err := session.NewSession(aws.NewConfig().
		WithEndpoint(c.Endpoint).WithRegion("us-east-1").WithS3ForcePathStyle(true).
		WithCredentials(credentials.NewStaticCredentials(c.AccessKeyID, c.SecretAccessKey, "")).
		WithHTTPClient(&http.Client{Transport: transport}))
	if err != nil {
		return nil, err
	}
	const part, workers = 16 << 20, 6
	return &store{
		c.Bucket, s3.New(sess),
		s3manager.NewUploader(sess, func(u *s3manager.Uploader) {
			if c.Tuned {
				u.PartSize, u.Concurrency = part, workers
				u.BufferProvider = s3manager.NewBufferedReadSeekerWriteToPool(1 << 20)
			}
		}),
		s3manager.NewDownloader(sess, func(d *s3manager.Downloader) {
			if c.Tuned {
				d.PartSize, d.Concurrency = part, workers
				d.BufferProvider = s3manager.NewPooledBufferedWriterReadFromProvider(1 << 20)
			}
		}),
	}, nil
}

func (s *store) Put(ctx context.Context, key string, f *os.File, size int64) error {
	if size > s3manager.DefaultUploadPartSize {
		_, err := s.up.UploadWithContext(ctx, &s3manager.UploadInput{Bucket: &s.bucket, Key: &key, Body: f})
		return err
	}
	_, err := s.client.PutObjectWithContext(ctx, &s3.PutObjectInput{Bucket: &s.bucket, Key: &key, Body: f})
	return err
}

func (s *store) Get(ctx context.Context, key string, f *os.File, size int64) error {
	in := &s3.GetObjectInput{Bucket: &s.bucket, Key: &key}
	if size > s3manager.DefaultDownloadPartSize {
		_, err := s.down.DownloadWithContext(ctx, f, in)
		return err
	}
	out, err := s.client.GetObjectWithContext(ctx, in)
	if err != nil {
		return err
	}
	defer out.Body.Close()
	_, err = io.Copy(f, out.Body)
	return err
}

func (s *store) List(ctx context.Context, prefix string, fn func(string, int64)) error {
	return s.client.ListObjectsV2PagesWithContext(ctx, &s3.ListObjectsV2Input{Bucket: &s.bucket, Prefix: &prefix},
		func(page *s3.ListObjectsV2Output, _ bool) bool {
			for _, o := range page.Contents {
				fn(aws.StringValue(o.Key), aws.Int64Value(o.Size))
			}
			return true
		})
}
