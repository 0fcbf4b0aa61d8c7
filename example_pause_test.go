package icos_test

import (
	"context"
	"errors"
	"fmt"
	"os"

	"github.com/icos-go/icos"
	"github.com/icos-go/icos/transfer"
)

func pauseResumeCancel(ctx context.Context, m *transfer.Manager, from *icos.Bucket, remoteDirectory, localDirectory string) error {
	// download a directory
	t := m.DownloadDir(ctx, from, remoteDirectory, localDirectory)

	// pause the transfer; when Pause returns, no byte is on its way any more
	if err := t.Pause(); err != nil {
		return err
	}

	// resume the transfer, where it was
	if err := t.Resume(); err != nil {
		return err
	}

	// cancel the transfer, and forget how far it was
	t.Cancel()
	return t.Wait(ctx)
}

func Example_pauseResumeCancel() {
	bucket := client.Bucket("example-pause")
	if err := bucket.Create(ctx, nil); err != nil {
		fmt.Println(err)
	}
	large, remove := temporaryFile(64 << 20)
	defer remove()
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
	if err := m.Upload(ctx, large, bucket.Object("todownload/large.bin")).Wait(ctx); err != nil {
		fmt.Println(err)
	}
	m.SetRate(16 << 20) // bytes a second, so that it takes some time
	if err := pauseResumeCancel(ctx, m, bucket, "todownload/", dir); errors.Is(err, transfer.ErrCanceled) {
		fmt.Println("Download cancelled.")
	} else {
		fmt.Println(err)
	}
	// Output:
	// Download cancelled.
}
