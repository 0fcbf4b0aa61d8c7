package icos_test

import (
	"context"
	"fmt"

	"github.com/icos-go/icos"
)

func viewBucketACL(ctx context.Context, client *icos.Client, bucketName string) (*icos.ACL, error) {
	fmt.Printf("Retrieving ACL for bucket: %s\n", bucketName)
	acl, err := client.Bucket(bucketName).ACL(ctx)
	if err != nil {
		return nil, err
	}
	fmt.Printf("Owner: %s\n", show(acl, acl.Owner))
	for _, grant := range acl.Grants {
		fmt.Printf("User: %s (%s)\n", show(acl, grant.Grantee), grant.Permission)
	}
	return acl, nil
}

// show returns the name of a grantee, except that of the owner, which differs
// from one instance to the next.
func show(acl *icos.ACL, g icos.Grantee) string {
	if g == acl.Owner {
		return "(the owner)"
	}
	return g.String()
}

func ExampleBucket_ACL() {
	bucket := client.Bucket("example-bucketacl")
	if err := bucket.Create(ctx, &icos.CreateOptions{ACL: icos.PublicRead}); err != nil {
		fmt.Println(err)
	}
	acl, err := viewBucketACL(ctx, client, "example-bucketacl")
	if err != nil {
		fmt.Println("Unable to retrieve bucket ACL:", err)
		return
	}
	fmt.Println("Public:", acl.Public())
	// Output:
	// Retrieving ACL for bucket: example-bucketacl
	// Owner: (the owner)
	// User: (the owner) (FULL_CONTROL)
	// User: everyone (READ)
	// Public: true
}
