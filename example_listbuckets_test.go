package icos_test

import (
	"context"
	"fmt"

	"github.com/icos-go/icos"
)

func listBuckets(ctx context.Context, client *icos.Client, prefix string) error {
	fmt.Println("Retrieving list of buckets")
	for bucket, err := range client.Buckets(ctx, &icos.BucketsOptions{Prefix: prefix}) {
		if err != nil {
			return err
		}
		fmt.Printf("Bucket Name: %s (%s)\n", bucket.Name, bucket.Location)
	}
	return nil
}

func ExampleClient_Buckets() {
	for _, name := range []string{"example-list-b", "example-list-a"} {
		if err := client.Bucket(name).Create(ctx, nil); err != nil {
			fmt.Println(err)
		}
	}
	if err := listBuckets(ctx, client, "example-list-"); err != nil {
		fmt.Println("Unable to retrieve list of buckets:", err)
	}
	// Output:
	// Retrieving list of buckets
	// Bucket Name: example-list-a (us-south-standard)
	// Bucket Name: example-list-b (us-south-standard)
}
