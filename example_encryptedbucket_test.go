package icos_test

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/icos-go/icos"
)

func createBucketKP(ctx context.Context, client *icos.Client, bucketName, location, rootKeyCRN string) {
	fmt.Printf("Creating new encrypted bucket: %s\n", bucketName)
	err := client.Bucket(bucketName).Create(ctx, &icos.CreateOptions{Location: location, RootKeyCRN: rootKeyCRN})
	if e, ok := errors.AsType[*icos.Error](err); ok {
		fmt.Printf("CLIENT ERROR: %s (%s)\n", e.Message, e.Code)
	} else if err != nil {
		fmt.Printf("Unable to create encrypted bucket: %v\n", err)
	} else {
		fmt.Printf("Encrypted Bucket: %s created!\n", bucketName)
	}
}

func Example_encryptedBucket() {
	createBucketKP(ctx, client, "example-encrypted", "us-south-standard", cos.RootKey())
	createBucketKP(ctx, client, "example-foreign", "us-south-standard", strings.Replace(cos.RootKey(), ":key:", ":key:0", 1))
	// Output:
	// Creating new encrypted bucket: example-encrypted
	// Encrypted Bucket: example-encrypted created!
	// Creating new encrypted bucket: example-foreign
	// CLIENT ERROR: The Key CRN could not be found, or the service instance is not authorized to use it (InvalidArgument)
}
