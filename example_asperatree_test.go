package icos_test

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/icos-go/icos"
	"github.com/icos-go/icos/aspera"
	"github.com/icos-go/icos/transfer"
)

func asperaUploadDirectory(ctx context.Context, client *icos.Client, bucketName, localUploadDirectory, remoteDirectory string) error {
	// Create the manager
	m, err := aspera.NewManager(client, aspera.Config{})
	if err != nil {
		return err
	}
	defer m.Close()

	// Perform the upload, and wait for it to complete
	return m.UploadDir(ctx, localUploadDirectory, client.Bucket(bucketName), remoteDirectory).Wait(ctx)
}

func asperaDownloadDirectory(ctx context.Context, client *icos.Client, bucketName, localDownloadDirectory, remoteDirectory string) error {
	// Create the manager
	m, err := aspera.NewManager(client, aspera.Config{})
	if err != nil {
		return err
	}
	defer m.Close()

	// Get the directory with Aspera, and wait for the download to complete
	return m.DownloadDir(ctx, client.Bucket(bucketName), remoteDirectory, localDownloadDirectory).Wait(ctx)
}

func asperaSubscribers(ctx context.Context, client *icos.Client, bucketName, localDownloadDirectory, remoteDirectory string, out io.Writer) error {
	// Create the manager
	m, err := aspera.NewManager(client, aspera.Config{})
	if err != nil {
		return err
	}
	defer m.Close()

	// Attach an observer, whose functions are the callbacks
	observer := transfer.Observer{
		Queued: func(*transfer.Transfer) {
			fmt.Fprintln(out, "Directory download queued.")
		},
		Progress: func(_ *transfer.Transfer, p transfer.Progress) {
			fmt.Fprintf(out, "Directory download in progress: %d bytes transferred\n", p.Bytes)
		},
		Done: func(_ *transfer.Transfer, err error) {
			if err == nil {
				fmt.Fprintln(out, "Downloads complete!")
			}
		},
	}
	t := m.DownloadDir(ctx, client.Bucket(bucketName), remoteDirectory, localDownloadDirectory, observer)

	// Wait for the download to complete
	return t.Wait(ctx)
}

func Example_asperaDirectory() {
	bucket := client.Bucket("example-aspera-directory")
	if err := bucket.Create(ctx, nil); err != nil {
		fmt.Println(err)
	}
	dir, err := os.MkdirTemp("", "example-")
	if err != nil {
		fmt.Println(err)
	}
	defer os.RemoveAll(dir)
	up, down := filepath.Join(dir, "Upload"), filepath.Join(dir, "Downloads")
	if err := os.MkdirAll(filepath.Join(up, "reports"), 0o700); err != nil {
		fmt.Println(err)
	}
	for _, name := range []string{"todo.txt", "reports/monday.txt"} {
		if err := os.WriteFile(filepath.Join(up, name), bytes.Repeat([]byte("written\n"), 400), 0o600); err != nil {
			fmt.Println(err)
		}
	}

	if err := asperaUploadDirectory(ctx, client, bucket.Name(), up+"/", "newuploads/"); err != nil {
		fmt.Println("Unable to upload:", err)
	}
	if err := asperaDownloadDirectory(ctx, client, bucket.Name(), down+"/", "newuploads/"); err != nil {
		fmt.Println("Unable to download:", err)
	}
	for _, name := range []string{"todo.txt", "reports/monday.txt"} {
		info, err := os.Stat(filepath.Join(down, name))
		if err != nil {
			fmt.Println(err)
			continue
		}
		fmt.Println(name, info.Size())
	}

	var out strings.Builder
	if err := asperaSubscribers(ctx, client, bucket.Name(), filepath.Join(dir, "Again"), "newuploads/", &out); err != nil {
		fmt.Println("Unable to download:", err)
	}
	lines := strings.Split(strings.TrimSpace(out.String()), "\n") // how many depends on how fast it is
	fmt.Println(lines[0])
	fmt.Println(lines[len(lines)-2])
	fmt.Println(lines[len(lines)-1])

	// Output:
	// todo.txt 3200
	// reports/monday.txt 3200
	// Directory download queued.
	// Directory download in progress: 6400 bytes transferred
	// Downloads complete!
}
