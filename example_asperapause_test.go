package icos_test

import (
	"context"
	"errors"
	"fmt"
	"os"

	"github.com/icos-go/icos"
	"github.com/icos-go/icos/aspera"
	"github.com/icos-go/icos/transfer"
)

func asperaPauseResumeCancel(ctx context.Context, client *icos.Client, bucketName, localDownloadDirectory, remoteDirectory string) error {
	m, err := aspera.NewManager(client, aspera.Config{})
	if err != nil {
		return err
	}
	defer m.Close()

	// download a directory with Aspera
	t := m.DownloadDir(ctx, client.Bucket(bucketName), remoteDirectory, localDownloadDirectory)

	// pause the transfer
	if err := t.Pause(); err != nil {
		return err
	}

	// resume the transfer
	if err := t.Resume(); err != nil {
		return err
	}

	// cancel the transfer
	t.Cancel()
	return t.Wait(ctx)
}

func Example_asperaPauseResumeCancel() {
	bucket := client.Bucket("example-aspera-pause")
	if err := bucket.Create(ctx, nil); err != nil {
		fmt.Println(err)
	}
	large, remove := temporaryFile(64 << 20)
	defer remove()
	if err := asperaUpload(ctx, client, bucket.Name(), large, "todownload/large.bin"); err != nil {
		fmt.Println(err)
	}
	dir, err := os.MkdirTemp("", "example-")
	if err != nil {
		fmt.Println(err)
	}
	defer os.RemoveAll(dir)
	err = asperaPauseResumeCancel(ctx, client, bucket.Name(), dir, "todownload/")
	fmt.Println("Canceled:", errors.Is(err, transfer.ErrCanceled))
	left, err := os.ReadDir(dir)
	if err != nil {
		fmt.Println(err)
	}
	fmt.Println("Files left:", len(left))
	// Output:
	// Canceled: true
	// Files left: 0
}
