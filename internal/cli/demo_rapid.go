package cli

import (
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"time"

	"github.com/icos-go/icos/aspera"
)

// highSpeed sends a file through a session over UDP, as people do whose bucket is
// far away. Here it is not, so that the rate says nothing.
func (d *demo) highSpeed(ctx context.Context) (err error) {
	const size = 32 << 20
	d.say("Send 32 MiB over UDP instead of TCP, as for a bucket that is far away")
	dir, err := os.MkdirTemp("", "icos-demo-")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	path := filepath.Join(dir, "far.bin")
	if err := writePattern(path, size); err != nil {
		return err
	}
	m, err := aspera.NewManager(d.client, aspera.Config{Notice: func(text string) { d.tell("%s", text) }})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, m.Close()) }()
	began := time.Now()
	obj := d.bucket.Object("far.bin")
	if err := m.Upload(ctx, path, obj).Wait(ctx); err != nil {
		return err
	}
	took := time.Since(began)
	if err := d.compare(ctx, obj, newPattern(size)); err != nil {
		return err
	}
	d.tell("there in %v, every byte compared; the command for it is icos cp --accelerate", took.Round(time.Millisecond))
	return obj.Delete(ctx)
}

// writePattern makes a file of so many bytes.
func writePattern(path string, size int64) (err error) {
	f, err := os.Create(path)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	_, err = io.Copy(f, newPattern(size))
	return err
}
