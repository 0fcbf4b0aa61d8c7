package icos_test

import (
	"context"
	"fmt"

	"github.com/icos-go/icos"
)

func deleteBucket(ctx context.Context, client *icos.Client, bucketName string) error {
	fmt.Printf("Deleting bucket: %s\n", bucketName)
	if err := client.Bucket(bucketName).Delete(ctx); err != nil {
		return err
	}
	fmt.Printf("Bucket: %s deleted!\n", bucketName)
	return nil
}

func ExampleBucket_Delete() {
	if err := client.Bucket("example-deletebucket").Create(ctx, nil); err != nil {
		fmt.Println(err)
	}
	if err := deleteBucket(ctx, client, "example-deletebucket"); err != nil {
		fmt.Println("Unable to delete bucket:", err)
	}
	// Output:
	// Deleting bucket: example-deletebucket
	// Bucket: example-deletebucket deleted!
}
