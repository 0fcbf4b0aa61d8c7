package icos_test

import (
	"context"
	"fmt"

	"github.com/icos-go/icos"
	"github.com/icos-go/icos/transfer"
)

func uploadLargeFile(ctx context.Context, client *icos.Client, bucketName, itemName, path string) error {
	fmt.Printf("Starting large file upload for %s to bucket: %s\n", itemName, bucketName)
	m, err := transfer.NewManager(client, &transfer.Options{
		PartSize:  5 << 20,
		Threshold: 5 << 20,
	})
	if err != nil {
		return err
	}
	defer m.Close()

	// What Upload returns is the future: the upload goes on meanwhile.
	t := m.Upload(ctx, path, client.Bucket(bucketName).Object(itemName))
	if err := t.Wait(ctx); err != nil {
		return err
	}
	fmt.Println("Large file upload complete!")
	return nil
}

func Example_transferManager() {
	bucket := client.Bucket("example-large")
	if err := bucket.Create(ctx, nil); err != nil {
		fmt.Println(err)
	}
	path, remove := temporaryFile(11 << 20)
	defer remove()
	if err := uploadLargeFile(ctx, client, "example-large", "large.bin", path); err != nil {
		fmt.Println("Unable to complete large file upload:", err)
	}
	// Output:
	// Starting large file upload for large.bin to bucket: example-large
	// Large file upload complete!
}
