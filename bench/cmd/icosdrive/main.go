// Command icosdrive moves objects with package icos at its defaults.
package main

import (
	"context"
	"fmt"
	"io"
	"os"

	"github.com/icos-go/icos"
	"github.com/icos-go/icos/auth"
	"github.com/icos-go/icos/bench/internal/drive"
)

func main() { drive.Main("icosdrive", open) }

type store struct{ bucket *icos.Bucket }

func open(c drive.Config) (drive.Store, error) {
	cfg := icos.Config{Endpoint: c.Endpoint, Credentials: auth.HMAC(c.AccessKeyID, c.SecretAccessKey)}
	if c.Token != "" {
		cfg.Credentials = auth.StaticToken(c.Token)
	}
	client, err := icos.NewClient(cfg)
	if err != nil {
		return nil, err
	}
	return &store{client.Bucket(c.Bucket)}, nil
}

func (s *store) Put(ctx context.Context, key string, f *os.File, _ int64) error {
	_, err := s.bucket.Object(key).Put(ctx, f, nil)
	return err
}

func (s *store) Get(ctx context.Context, key string, f *os.File, size int64) error {
	r, err := s.bucket.Object(key).Get(ctx, nil)
	if err != nil {
		return err
	}
	defer r.Close()
	n, err := io.Copy(f, r)
	if err == nil && n != size {
		err = fmt.Errorf("get %s: %d bytes of %d", key, n, size)
	}
	return err
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
