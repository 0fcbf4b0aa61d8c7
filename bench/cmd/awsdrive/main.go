// Command awsdrive moves objects with aws-sdk-go-v2 as its documentation says:
// the service client for small objects and lists, feature/s3/manager for large
// ones, everything at its defaults but for the idle connections. With -tuned parts are
// larger and more of them are on their way.
package main

//lint:file-ignore SA1019 feature/s3/manager is what programs use today; its successor is slower at its defaults.

import (
	"context"
	"io"
	"log"
	"os"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/feature/s3/manager"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"github.com/icos-go/icos/bench/internal/awsclient"
	"github.com/icos-go/icos/bench/internal/drive"
)

func main() {
	log.SetOutput(io.Discard)
	drive.Main("awsdrive", open)
}

// A common recommendation, between 5 and 64 MiB and 3 and 16 parts at once; not swept here.
const (
	tunedPart    = 16 << 20
	tunedWorkers = 6
)

type store struct {
	bucket string
	client *s3.Client
	up     *manager.Uploader
	down   *manager.Downloader
}

func open(c drive.Config) (drive.Store, error) {
	client := awsclient.New(c)
	up := manager.NewUploader(client, func(u *manager.Uploader) {
		if c.Tuned {
			u.PartSize, u.Concurrency = tunedPart, tunedWorkers
			u.BufferProvider = manager.NewBufferedReadSeekerWriteToPool(1 << 20)
		}
	})
	down := manager.NewDownloader(client, func(d *manager.Downloader) {
		if c.Tuned {
			d.PartSize, d.Concurrency = tunedPart, tunedWorkers
			d.BufferProvider = manager.NewPooledBufferedWriterReadFromProvider(1 << 20)
		}
	})
	return &store{c.Bucket, client, up, down}, nil
}

func (s *store) Put(ctx context.Context, key string, f *os.File, size int64) error {
	if size > manager.DefaultUploadPartSize {
		_, err := s.up.Upload(ctx, &s3.PutObjectInput{Bucket: &s.bucket, Key: &key, Body: f})
		return err
	}
	_, err := s.client.PutObject(ctx, &s3.PutObjectInput{Bucket: &s.bucket, Key: &key, Body: f})
	return err
}

func (s *store) Get(ctx context.Context, key string, f *os.File, size int64) error {
	in := &s3.GetObjectInput{Bucket: &s.bucket, Key: &key}
	if size > manager.DefaultDownloadPartSize {
		_, err := s.down.Download(ctx, f, in)
		return err
	}
	out, err := s.client.GetObject(ctx, in)
	if err != nil {
		return err
	}
	defer out.Body.Close()
	_, err = io.Copy(f, out.Body)
	return err
}

func (s *store) List(ctx context.Context, prefix string, fn func(string, int64)) error {
	pages := s3.NewListObjectsV2Paginator(s.client, &s3.ListObjectsV2Input{Bucket: &s.bucket, Prefix: &prefix})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return err
		}
		for _, o := range page.Contents {
			fn(aws.ToString(o.Key), aws.ToInt64(o.Size))
		}
	}
	return nil
}
