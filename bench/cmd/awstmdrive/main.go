// Command awstmdrive moves objects with aws-sdk-go-v2's newer transfer manager,
// which moves folders too. With -tuned parts are larger and more of them are on their way.
package main

import (
	"context"
	"io"
	"log"
	"os"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/feature/s3/transfermanager"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"github.com/icos-go/icos/bench/internal/awsclient"
	"github.com/icos-go/icos/bench/internal/drive"
)

func main() {
	log.SetOutput(io.Discard)
	drive.Main("awstmdrive", open)
}

type store struct {
	bucket  string
	client  *s3.Client
	manager *transfermanager.Client
}

func open(c drive.Config) (drive.Store, error) {
	client := awsclient.New(c)
	return &store{c.Bucket, client, transfermanager.New(client, func(o *transfermanager.Options) {
		if c.Tuned {
			o.PartSizeBytes, o.Concurrency = 16<<20, 16
		}
	})}, nil
}

func (s *store) Put(ctx context.Context, key string, f *os.File, _ int64) error {
	_, err := s.manager.UploadObject(ctx, &transfermanager.UploadObjectInput{Bucket: &s.bucket, Key: &key, Body: f})
	return err
}

func (s *store) Get(ctx context.Context, key string, f *os.File, _ int64) error {
	_, err := s.manager.DownloadObject(ctx, &transfermanager.DownloadObjectInput{Bucket: &s.bucket, Key: &key, WriterAt: f})
	return err
}

func (s *store) PutDir(ctx context.Context, dir, prefix string) error {
	_, err := s.manager.UploadDirectory(ctx, &transfermanager.UploadDirectoryInput{
		Bucket: &s.bucket, Source: &dir, KeyPrefix: aws.String(strings.TrimSuffix(prefix, "/")),
	})
	return err
}

func (s *store) GetDir(ctx context.Context, prefix, dir string) error {
	_, err := s.manager.DownloadDirectory(ctx, &transfermanager.DownloadDirectoryInput{
		Bucket: &s.bucket, Destination: &dir, KeyPrefix: &prefix,
	})
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
