package icos_test

import (
	"context"
	"fmt"
	"strings"

	"github.com/icos-go/icos"
)

func listItemsInBatches(ctx context.Context, client *icos.Client, bucketName string, maxKeys int) error {
	fmt.Printf("Retrieving bucket contents from: %s\n", bucketName)
	for page, err := range client.Bucket(bucketName).Pages(ctx, &icos.ListOptions{PageSize: maxKeys}) {
		if err != nil {
			return err
		}
		for _, item := range page.Objects {
			fmt.Printf("Item: %s (%d bytes).\n", item.Key, item.Size)
		}
		if page.Next != "" {
			fmt.Println("...More results in next batch!")
		}
	}
	return nil
}

func ExampleBucket_Pages() {
	bucket := client.Bucket("example-pages")
	if err := bucket.Create(ctx, nil); err != nil {
		fmt.Println(err)
	}
	for i := range 5 {
		if _, err := bucket.Object(fmt.Sprint("item-", i)).Put(ctx, strings.NewReader("text"), nil); err != nil {
			fmt.Println(err)
		}
	}
	if err := listItemsInBatches(ctx, client, "example-pages", 2); err != nil {
		fmt.Println("Unable to retrieve bucket contents:", err)
	}
	// Output:
	// Retrieving bucket contents from: example-pages
	// Item: item-0 (4 bytes).
	// Item: item-1 (4 bytes).
	// ...More results in next batch!
	// Item: item-2 (4 bytes).
	// Item: item-3 (4 bytes).
	// ...More results in next batch!
	// Item: item-4 (4 bytes).
}
