package icos_test

import (
	"context"
	"fmt"
	"os"

	"github.com/icos-go/icos"
)

// uploadLargeFile uploads in the background. What it returns is the future:
// it receives the result, once.
func uploadLargeFile(ctx context.Context, client *icos.Client, bucketName, itemName, path string) <-chan error {
	fmt.Printf("Starting large file upload for %s to bucket: %s\n", itemName, bucketName)
	future := make(chan error, 1)
	go func() {
		f, err := os.Open(path)
		if err != nil {
			future <- err
			return
		}
		defer f.Close()
		_, err = client.Bucket(bucketName).Object(itemName).Put(ctx, f, &icos.PutOptions{
			PartSize:  5 << 20,
			Threshold: 5 << 20,
		})
		future <- err
	}()
	return future
}

func ExampleObject_Put_background() {
	bucket := client.Bucket("example-large")
	if err := bucket.Create(ctx, nil); err != nil {
		fmt.Println(err)
	}
	path, remove := temporaryFile(11 << 20)
	defer remove()

	// To give up is to cancel ctx: the parts already sent are then removed.
	future := uploadLargeFile(ctx, client, "example-large", "large.bin", path)
	if err := <-future; err != nil {
		fmt.Println("Unable to complete large file upload:", err)
	} else {
		fmt.Println("Large file upload complete!")
	}
	// Output:
	// Starting large file upload for large.bin to bucket: example-large
	// Large file upload complete!
}
