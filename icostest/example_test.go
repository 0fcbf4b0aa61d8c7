package icostest_test

import (
	"context"
	"fmt"
	"log"
	"strings"

	"github.com/icos-go/icos/icostest"
)

// In a test, icostest.NewServer(t) takes the place of Start and Close.
func ExampleStart() {
	cos, err := icostest.Start(nil)
	if err != nil {
		log.Fatal(err)
	}
	defer cos.Close()

	ctx := context.Background()
	bucket := cos.Client().Bucket("pictures")
	if err := bucket.Create(ctx, nil); err != nil {
		log.Fatal(err)
	}
	if _, err := bucket.Object("cat.txt").Put(ctx, strings.NewReader("^..^"), nil); err != nil {
		log.Fatal(err)
	}
	for object, err := range bucket.Objects(ctx, nil) {
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println(object.Key, object.Size)
	}
	for _, request := range cos.Requests() {
		fmt.Println(request.Operation, request.Status)
	}
	// Output:
	// cat.txt 4
	// IAM 200
	// CreateBucket 200
	// PutObject 200
	// ListObjectsV2 200
}
