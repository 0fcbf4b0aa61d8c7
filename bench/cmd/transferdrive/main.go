// Command transferdrive moves objects with package transfer at its defaults, which
// verify everything and find out by themselves how many requests to make.
package main

import (
	"context"
	"os"

	"github.com/icos-go/icos"
	"github.com/icos-go/icos/auth"
	"github.com/icos-go/icos/bench/internal/drive"
	"github.com/icos-go/icos/transfer"
)

func main() { drive.Main("transferdrive", open) }

type store struct {
	bucket  *icos.Bucket
	manager *transfer.Manager
}

func open(c drive.Config) (drive.Store, error) {
	client, err := icos.NewClient(icos.Config{
		Endpoint: c.Endpoint, Credentials: auth.HMAC(c.AccessKeyID, c.SecretAccessKey),
	})
	if err != nil {
		return nil, err
	}
	m, err := transfer.NewManager(client, nil)
	if err != nil {
		return nil, err
	}
	return &store{client.Bucket(c.Bucket), m}, nil
}

func (s *store) Put(ctx context.Context, key string, f *os.File, _ int64) error {
	return s.manager.Upload(ctx, f.Name(), s.bucket.Object(key)).Wait(ctx)
}

func (s *store) Get(ctx context.Context, key string, f *os.File, _ int64) error {
	return s.manager.Download(ctx, s.bucket.Object(key), f.Name()).Wait(ctx)
}

func (s *store) PutDir(ctx context.Context, dir, prefix string) error {
	return s.manager.UploadDir(ctx, dir, s.bucket, prefix).Wait(ctx)
}

func (s *store) GetDir(ctx context.Context, prefix, dir string) error {
	return s.manager.DownloadDir(ctx, s.bucket, prefix, dir).Wait(ctx)
}

func (s *store) SyncDir(ctx context.Context, dir, prefix string) error {
	return s.manager.Start(ctx, transfer.Sync{
		From: transfer.Tree{Dir: dir}, To: transfer.Tree{Bucket: s.bucket, Prefix: prefix}, Compare: transfer.Auto,
	}).Wait(ctx)
}

func (s *store) List(ctx context.Context, prefix string, fn func(string, int64)) error {
	for o, err := range s.bucket.Objects(ctx, &icos.ListOptions{Prefix: prefix}) {
		if err != nil {
			return err
		}
		fn(o.Key, o.Size)
	}
	return nil
}
