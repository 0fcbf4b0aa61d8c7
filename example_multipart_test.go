package icos_test

import (
	"context"
	"fmt"
	"os"
	"strings"

	"github.com/icos-go/icos"
)

func multipartUpload(ctx context.Context, client *icos.Client, bucketName, itemName, path string) error {
	fmt.Printf("Starting file transfer for %s to bucket: %s\n", itemName, bucketName)
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	// Put uploads all files of 15 MB and more in parts of 5 MB, several at once.
	_, err = client.Bucket(bucketName).Object(itemName).Put(ctx, f, &icos.PutOptions{
		PartSize:  5 << 20,
		Threshold: 15 << 20,
	})
	if err != nil {
		return err
	}
	fmt.Printf("Transfer for %s Complete!\n", itemName)
	return nil
}

func ExampleObject_Put_multipart() {
	bucket := client.Bucket("example-multipart")
	if err := bucket.Create(ctx, nil); err != nil {
		fmt.Println(err)
	}
	path, remove := temporaryFile(16 << 20)
	defer remove()
	if err := multipartUpload(ctx, client, "example-multipart", "large.bin", path); err != nil {
		fmt.Println("Unable to complete multi-part upload:", err)
	}
	info, err := bucket.Object("large.bin").Stat(ctx)
	if err != nil {
		fmt.Println(err)
	}
	_, parts, _ := strings.Cut(info.ETag, "-")
	fmt.Printf("%d bytes in %s parts\n", info.Size, parts)
	// Output:
	// Starting file transfer for large.bin to bucket: example-multipart
	// Transfer for large.bin Complete!
	// 16777216 bytes in 4 parts
}

// temporaryFile makes a file of zeros.
func temporaryFile(size int64) (path string, remove func()) {
	f, err := os.CreateTemp("", "example-")
	if err != nil {
		panic(err)
	}
	if err := f.Truncate(size); err != nil {
		panic(err)
	}
	if err := f.Close(); err != nil {
		panic(err)
	}
	return f.Name(), func() { os.Remove(f.Name()) }
}
