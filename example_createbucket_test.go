package icos_test

import (
	"context"
	"errors"
	"fmt"
	"io/fs"

	"github.com/icos-go/icos"
)

func createBucket(ctx context.Context, client *icos.Client, bucketName, location string) {
	fmt.Printf("Creating new bucket: %s\n", bucketName)
	err := client.Bucket(bucketName).Create(ctx, &icos.CreateOptions{Location: location})
	if errors.Is(err, fs.ErrExist) {
		fmt.Printf("Bucket: %s is there already.\n", bucketName)
	} else if e, ok := errors.AsType[*icos.Error](err); ok {
		fmt.Printf("CLIENT ERROR: %s (%s)\n", e.Message, e.Code)
	} else if err != nil {
		fmt.Printf("Unable to create bucket: %v\n", err)
	} else {
		fmt.Printf("Bucket: %s created!\n", bucketName)
	}
}

func ExampleBucket_Create() {
	createBucket(ctx, client, "example-create", "us-south-standard")
	createBucket(ctx, client, "example-create", "us-south-standard")
	// Output:
	// Creating new bucket: example-create
	// Bucket: example-create created!
	// Creating new bucket: example-create
	// Bucket: example-create is there already.
}
