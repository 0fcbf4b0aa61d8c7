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
	"github.com/icos-go/icos/transfer"
)

func downloadDirectory(ctx context.Context, m *transfer.Manager, from *icos.Bucket, remoteDirectory, localDirectory string, out io.Writer) error {
	observer := transfer.Observer{
		Queued: func(*transfer.Transfer) {
			fmt.Fprintln(out, "Directory download queued.")
		},
		Progress: func(_ *transfer.Transfer, p transfer.Progress) {
			fmt.Fprintf(out, "Directory download in progress: %d bytes transferred\n", p.Bytes)
		},
		Done: func(_ *transfer.Transfer, err error) {
			if err == nil {
				fmt.Fprintln(out, "Download complete!")
			}
		},
	}
	return m.DownloadDir(ctx, from, remoteDirectory, localDirectory, observer).Wait(ctx)
}

func Example_subscribers() {
	bucket := client.Bucket("example-subscribers")
	if err := bucket.Create(ctx, nil); err != nil {
		fmt.Println(err)
	}
	dir, err := os.MkdirTemp("", "example-")
	if err != nil {
		fmt.Println(err)
	}
	defer os.RemoveAll(dir)
	m, err := transfer.NewManager(client, nil)
	if err != nil {
		fmt.Println(err)
		return
	}
	defer m.Close()
	for _, name := range []string{"monday.txt", "tuesday.txt"} {
		if err := os.WriteFile(filepath.Join(dir, name), bytes.Repeat([]byte("report\n"), 400), 0o600); err != nil {
			fmt.Println(err)
		}
	}
	if err := m.UploadDir(ctx, dir, bucket, "todownload/").Wait(ctx); err != nil {
		fmt.Println(err)
	}

	var out strings.Builder
	if err := downloadDirectory(ctx, m, bucket, "todownload/", filepath.Join(dir, "back"), &out); err != nil {
		fmt.Println(err)
	}
	// How many lines tell of progress depends on how fast it is.
	lines := strings.Split(strings.TrimSpace(out.String()), "\n")
	fmt.Println(lines[0])
	fmt.Println(lines[len(lines)-2])
	fmt.Println(lines[len(lines)-1])
	// Output:
	// Directory download queued.
	// Directory download in progress: 5600 bytes transferred
	// Download complete!
}
