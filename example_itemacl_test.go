package icos_test

import (
	"context"
	"fmt"
	"strings"

	"github.com/icos-go/icos"
)

func viewItemACL(ctx context.Context, client *icos.Client, bucketName, itemName string) error {
	fmt.Printf("Retrieving ACL for %s from bucket: %s\n", itemName, bucketName)
	acl, err := client.Bucket(bucketName).Object(itemName).ACL(ctx)
	if err != nil {
		return err
	}
	fmt.Printf("Owner: %s\n", show(acl, acl.Owner))
	for _, grant := range acl.Grants {
		fmt.Printf("User: %s (%s)\n", show(acl, grant.Grantee), grant.Permission)
	}
	return nil
}

func ExampleObject_ACL() {
	bucket := client.Bucket("example-itemacl")
	if err := bucket.Create(ctx, nil); err != nil {
		fmt.Println(err)
	}
	if _, err := bucket.Object("hello.txt").Put(ctx, strings.NewReader("Hello, world!"), nil); err != nil {
		fmt.Println(err)
	}
	if err := viewItemACL(ctx, client, "example-itemacl", "hello.txt"); err != nil {
		fmt.Println("Unable to retrieve item ACL:", err)
	}
	if err := bucket.Object("hello.txt").SetACL(ctx, icos.PublicRead); err != nil {
		fmt.Println("Unable to publish the item:", err)
	}
	if err := viewItemACL(ctx, client, "example-itemacl", "hello.txt"); err != nil {
		fmt.Println("Unable to retrieve item ACL:", err)
	}
	// Output:
	// Retrieving ACL for hello.txt from bucket: example-itemacl
	// Owner: (the owner)
	// User: (the owner) (FULL_CONTROL)
	// Retrieving ACL for hello.txt from bucket: example-itemacl
	// Owner: (the owner)
	// User: (the owner) (FULL_CONTROL)
	// User: everyone (READ)
}
