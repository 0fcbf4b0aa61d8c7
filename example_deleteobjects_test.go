package icos_test

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/icos-go/icos"
)

// removeBelow removes all objects whose keys begin with prefix, a thousand with
// each request, while it lists them.
func removeBelow(ctx context.Context, bucket *icos.Bucket, prefix string) error {
	var listed error
	keys := func(yield func(string) bool) {
		for object, err := range bucket.Objects(ctx, &icos.ListOptions{Prefix: prefix}) {
			if err != nil {
				listed = err
				return
			}
			if !yield(object.Key) {
				return
			}
		}
	}
	var failed []error
	for key, err := range bucket.DeleteObjects(ctx, keys) {
		if err != nil {
			failed = append(failed, fmt.Errorf("%s: %w", key, err))
		}
	}
	return errors.Join(append(failed, listed)...)
}

func ExampleBucket_DeleteObjects() {
	bucket := client.Bucket("scratch")
	if err := bucket.Create(ctx, nil); err != nil {
		fmt.Println(err)
		return
	}
	for _, key := range []string{"keep", "tmp/1", "tmp/2"} {
		if _, err := bucket.Object(key).Put(ctx, strings.NewReader("x"), nil); err != nil {
			fmt.Println(err)
			return
		}
	}
	if err := removeBelow(ctx, bucket, "tmp/"); err != nil {
		fmt.Println(err)
		return
	}
	for object, err := range bucket.Objects(ctx, nil) {
		fmt.Println(object.Key, err)
	}
	// Output: keep <nil>
}
