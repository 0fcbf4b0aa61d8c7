// Command backup streams a directory into an object, as a compressed archive:
//
//	backup DIRECTORY BUCKET KEY.tar.gz
//
// Nothing is stored on the way and the archive may be of any size. Credentials
// and endpoint come from the environment; see icos.LoadConfig.
package main

import (
	"archive/tar"
	"compress/gzip"
	"context"
	"fmt"
	"io"
	"os"
	"os/signal"

	"github.com/icos-go/icos"
)

func main() {
	// Ctrl-C cancels the upload, which then removes the parts it has sent.
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx, os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "backup:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, args []string) error {
	if len(args) != 3 {
		return fmt.Errorf("usage: backup DIRECTORY BUCKET KEY.tar.gz")
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
	info, err := backup(ctx, args[0], client.Bucket(args[1]).Object(args[2]), os.Stderr)
	if err != nil {
		return err
	}
	fmt.Printf("%s: %d bytes\n", info.Key, info.Size)
	return nil
}

// backup stores the files of dir in an archive and reports progress on status.
func backup(ctx context.Context, dir string, to *icos.Object, status io.Writer) (icos.ObjectInfo, error) {
	r, w := io.Pipe()
	go func() {
		// An error of the archive becomes one of the upload, which is then undone.
		w.CloseWithError(archive(w, dir))
	}()
	info, err := to.Put(ctx, r, &icos.PutOptions{
		ContentType: "application/gzip",
		Progress:    func(sent int64) { fmt.Fprintf(status, "\r%6d MiB sent", sent>>20) },
	})
	fmt.Fprintln(status)
	r.CloseWithError(err) // ends the goroutine if the upload failed
	return info, err
}

func archive(w io.Writer, dir string) error {
	root, err := os.OpenRoot(dir)
	if err != nil {
		return err
	}
	defer root.Close()
	zw := gzip.NewWriter(w)
	tw := tar.NewWriter(zw)
	if err := tw.AddFS(root.FS()); err != nil {
		return err
	}
	if err := tw.Close(); err != nil {
		return err
	}
	return zw.Close()
}
