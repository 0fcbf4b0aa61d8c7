package icos_test

import (
	"context"
	"fmt"
	"strings"

	"github.com/icos-go/icos"
)

func listItems(ctx context.Context, client *icos.Client, bucketName string) error {
	fmt.Printf("Retrieving bucket contents from: %s\n", bucketName)
	for item, err := range client.Bucket(bucketName).Objects(ctx, nil) {
		if err != nil {
			return err
		}
		fmt.Printf("Item: %s (%d bytes).\n", item.Key, item.Size)
	}
	return nil
}

func ExampleBucket_Objects() {
	bucket := client.Bucket("example-items")
	if err := bucket.Create(ctx, nil); err != nil {
		fmt.Println(err)
	}
	for _, key := range []string{"c/three", "a-one", "b-two"} {
		if _, err := bucket.Object(key).Put(ctx, strings.NewReader(key), nil); err != nil {
			fmt.Println(err)
		}
	}
	if err := listItems(ctx, client, "example-items"); err != nil {
		fmt.Println("Unable to retrieve bucket contents:", err)
	}
	// Output:
	// Retrieving bucket contents from: example-items
	// Item: a-one (5 bytes).
	// Item: b-two (5 bytes).
	// Item: c/three (7 bytes).
}
