// Command restore unpacks an archive that lies in a bucket, while it arrives:
//
//	restore BUCKET KEY.tar.gz DIRECTORY
//
// A connection that breaks costs nothing but a pause, and nothing is written
// outside of the directory, whatever names the archive has. Credentials and
// endpoint come from the environment; see icos.LoadConfig.
package main

import (
	"archive/tar"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path"

	"github.com/icos-go/icos"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx, os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "restore:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, args []string) error {
	if len(args) != 3 {
		return errors.New("usage: restore BUCKET KEY.tar.gz DIRECTORY")
	}
	cfg, err := icos.LoadConfig()
	if err != nil {
		return err
	}
	client, err := icos.NewClient(cfg)
	if err != nil {
		return err
	}
	defer client.Close()
	return restore(ctx, client.Bucket(args[0]).Object(args[1]), args[2])
}

// restore unpacks an archive into dir, which must exist.
func restore(ctx context.Context, from *icos.Object, dir string) error {
	root, err := os.OpenRoot(dir)
	if err != nil {
		return err
	}
	defer root.Close()
	r, err := from.Get(ctx, nil)
	if err != nil {
		return err
	}
	defer r.Close()
	zr, err := gzip.NewReader(r)
	if err != nil {
		return err
	}
	tr := tar.NewReader(zr)
	for {
		header, err := tr.Next()
		if err == io.EOF {
			// The checksum of the object is checked at its very end.
			_, err := io.Copy(io.Discard, r)
			return err
		}
		if err != nil {
			return err
		}
		if header.Typeflag == tar.TypeReg {
			if err := write(root, header.Name, tr); err != nil {
				return err
			}
		}
	}
}

func write(root *os.Root, name string, r io.Reader) error {
	if err := root.MkdirAll(path.Dir(name), 0o755); err != nil {
		return err
	}
	f, err := root.Create(name)
	if err != nil {
		return err
	}
	_, err = io.Copy(f, r)
	return errors.Join(err, f.Close())
}
